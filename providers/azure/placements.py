"""What lies where in a subscription: matches Defender's rows to the inventory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Place(NamedTuple):
    """An image in a repository of a registry."""

    registry_id: str
    repository: str
    digest: str


@dataclass
class Placements:
    """All placements of a subscription, and of those that are images when they were pushed."""

    _by_digest: dict[str, list[Place]] = field(default_factory=dict)
    _images: dict[Place, datetime | None] = field(default_factory=dict)

    def add(self, place: Place, pushed_at: datetime | None, *, assessable: bool) -> None:
        """Note a placement."""
        self._by_digest.setdefault(place.digest.lower(), []).append(place)
        if assessable:
            self._images[place] = pushed_at

    def images(self) -> Iterator[tuple[Place, datetime | None]]:
        """Yield the assessable placements with their push times, in listing order."""
        yield from self._images.items()

    def match(
        self, digest: str, repository: str | None = None, registry_id: str | None = None
    ) -> list[Place]:
        """Return the placements a statement is about; none only if the digest lies nowhere.

        A statement that does not tell its registry (or repository) is about every placement of
        that digest that it may mean. One whose registry or repository fits no placement of the
        digest is about all of them: it holds for the same content, and may be meant for any.

        Args:
            digest: In lower case.
            repository: In any letter case, with or without the login server before it.
            registry_id: Login server.
        """
        placed = self._by_digest.get(digest, [])
        fitting = [
            place
            for place in placed
            if (repository is None or _is_named(place, repository))
            and registry_id in {None, place.registry_id}
        ]
        return fitting or list(placed)


def _is_named(place: Place, repository: str) -> bool:
    """Whether a name is that of the place's repository; ACR's own names are in lower case."""
    told, own = repository.strip().lower(), place.repository.lower()
    return told in {own, f"{place.registry_id.lower()}/{own}"}
