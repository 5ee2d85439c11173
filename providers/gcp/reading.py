"""What to read of a project's statements: all, or those of the images that moved. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from audit.model.enums import State
from providers.gcp.marks import Mark
from providers.gcp.names import Where
from providers.gcp.parse_discovery import SUCCESS, Discovery, Verdict
from providers.gcp.recall import Told

IMAGES_A_CALL = 20
"""Images asked about in one filter: about 3,000 characters. Google names no limit."""
_A_PAGE = 1000


@dataclass(frozen=True)
class Judged:
    """An image, what Google says of its analysis, and what that makes of it."""

    discovery: Discovery
    verdict: Verdict


def moved(
    images: Mapping[Where, Judged], mark: Mark, told: Mapping[Where, Told]
) -> dict[Where, str]:
    """Return the images whose statements must be read again, and the URI Google knows each by.

    An image that was never read is one that moved. So is one that counts as looked at now and did
    not in the run before: its statements then may not have been all. An image that is not
    analysed has nothing to read, unless it had.
    """
    return {
        where: judged.discovery.resource_uri
        for where, judged in images.items()
        if _moved(where, judged, mark, told)
    }


def _moved(where: Where, judged: Judged, mark: Mark, told: Mapping[Where, Told]) -> bool:
    discovery, known = judged.discovery, mark.of(where)
    if discovery.status != SUCCESS and discovery.results_changed is None:
        return False
    if known is None or not known.holds(discovery):
        return True
    before = told.get(where)
    looked_at = before is not None and before.state == State.ASSESSED
    return judged.verdict.state is State.ASSESSED and not looked_at


def is_dearer(moved_images: int, placed: int, mark: Mark) -> bool:
    """Whether asking about the images that moved needs more calls than asking for everything.

    An image is taken to have as many statements as the average one had.
    """
    everything = max(1, ceil(mark.occurrences / _A_PAGE))
    each = mark.occurrences / max(placed, 1)
    calls = ceil(moved_images / IMAGES_A_CALL)
    pages = calls * max(1, ceil(min(IMAGES_A_CALL, moved_images) * each / _A_PAGE))
    return pages > everything


def batches(moved_images: Mapping[Where, str]) -> Sequence[dict[Where, str]]:
    """Return the images in portions of one call each, in the order of their names."""
    listed = sorted(moved_images.items())
    starts = range(0, len(listed), IMAGES_A_CALL)
    return [dict(listed[start : start + IMAGES_A_CALL]) for start in starts]
