"""Whether a repository may be taken over from the run before instead of being listed. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zlib import crc32

from providers.azure.inventory_rows import Listing
from providers.azure.remembered import Remembered, RepositoryBefore


def is_unchanged(listing: Listing, before: RepositoryBefore | None, memory: Remembered) -> bool:
    """Whether the repository's attributes and what is remembered of it fit each other.

    Compared are ``lastUpdateTime``, ``manifestCount`` and ``tagCount``. That the first moves with
    every push, deletion and move of a tag is what the service shows but nowhere promises, so
    :func:`is_due` has everything listed in the end.
    """
    if before is None or not before.complete or before.updated_at is None:
        return False
    if listing.updated_at != before.updated_at:
        return False
    if None in {before.images, before.tags}:
        return False
    if (listing.expected, listing.expected_tags) != (before.images, before.tags):
        return False
    placed = memory.placements(listing.name)
    return len(placed) == before.images and all(one.digest in memory.images for one in placed)


def is_due(name: str, before: RepositoryBefore | None, moment: datetime, days: int) -> bool:
    """Whether a repository must be listed whole whatever its attributes say.

    Repositories take turns, so that the whole is not read on one day in ``days``.
    """
    if before is None or before.listed_at is None:
        return True
    if moment - before.listed_at >= timedelta(days=days):
        return True
    return _turn(name, moment, days)


def waits_for_count(name: str, before: RepositoryBefore | None, moment: datetime) -> bool:
    """Whether a repository that was never counted is counted in the next night only.

    Listing and counting all that is new in one night would cost two requests where one lists it.
    """
    known = before is not None and before.updated_at is not None
    return not known and not _turn(name, moment, 2)


def _turn(name: str, moment: datetime, days: int) -> bool:
    return (moment.toordinal() + crc32(name.encode())) % days == 0
