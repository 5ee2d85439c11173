"""Lists of findings about many images, as clouds hand them out: what such a list proves. Pure.

A list tells of each image it names that its source looked at it. Whether it names all that the
source found there it does not tell: it may have been asked for with a filter, or page by page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports import ImportOrder
from providers.files.rows import Image, Rows, Verdict

SEVERAL = "the images of a list"
NO_IMAGE = "import findings of container images, or everything with --any-target"
_READ = "imported list of findings; the user vouches that it is whole"
_CHANGES = "imported list of findings; what it does not name still stands (--whole says otherwise)"


def listed(image: Image, order: ImportOrder, scanned_at: datetime | None, *, cut: bool) -> Verdict:
    """Return the verdict on an image that a list names.

    Args:
        image: The image.
        order: Says whether the user vouches for the list.
        scanned_at: The latest time that the list tells for the image.
        cut: Whether the list itself says that there is more of it.
    """
    whole = order.whole and not cut
    reason = _READ if whole else _CHANGES
    if cut:
        reason += "; it says that it goes on elsewhere"
    return Verdict(
        source=image.source,
        state=State.ASSESSED,
        reason=reason,
        scanned_at=scanned_at,
        basis="read" if whole else "changes",
    )


class Latest:
    """The latest moment told for each image of a list."""

    def __init__(self) -> None:
        self._moments: dict[int, datetime] = {}

    def note(self, image: Image, moment: datetime | None) -> None:
        """Take a moment in."""
        held = self._moments.get(id(image))
        if moment and (held is None or moment > held):
            self._moments[id(image)] = moment

    def judged(self, rows: Rows, order: ImportOrder, *, cut: bool) -> Iterator[Columns]:
        """Give every image its verdict and yield what is left of the rows."""
        for image in rows.images:
            if image.verdict is None:
                image.verdict = listed(image, order, self._moments.get(id(image)), cut=cut)
        yield from rows.rest()


def no_image(what: str, where: str) -> ReportFileError:
    """Return the error of a finding about something that is no container image."""
    return ReportFileError(f"is about {what}, no container image", where=where, cure=NO_IMAGE)
