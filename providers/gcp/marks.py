"""How far a project's statements were read: the note that one run leaves for the next. Pure.

The note holds, for each image whose statements are on record, what Google said of the moment at
which they last changed. It is written only when the reading was whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from audit.tables import TABLES
from providers.gcp.names import Where
from providers.gcp.parse_discovery import Discovery

NAME = "artifact-analysis.read"
"""Name of the mark in ``reading_marks``."""
FORM = f"{TABLES['findings'].version}.1"
"""Form into which statements are read: the table's version, and ours."""
_DIGITS = 24
"""Of a digest: 96 bits tell the images of one repository apart, and cannot be forged."""


class Known(NamedTuple):
    """What was known of an image when its statements were last read.

    Attributes:
        status: Number of the analysis status.
        changed: ``last_vulnerability_update_time`` in microseconds; None where it was not told.
        statements: Occurrences about it.
    """

    status: int
    changed: int | None
    statements: int

    def holds(self, discovery: Discovery) -> bool:
        """Whether the same statements must still stand.

        The time of the last scan does not count: a scan that changes nothing moves only that.
        Where Google does not tell when the results changed, they may have.
        """
        same = (self.status, self.changed) == (discovery.status, discovery.results_changed)
        return same and self.changed is not None


@dataclass(frozen=True)
class Mark:
    """A reading that went to its end.

    Attributes:
        full: When everything was last read.
        occurrences: VULNERABILITY occurrences there were then, about whatever.
        images: What is known of each image, by ``registry_id/repository`` and the digest's end.
    """

    full: datetime
    occurrences: int
    images: dict[str, dict[str, Known]] = field(default_factory=dict)
    form: str = FORM

    def note(self, where: Where, known: Known) -> None:
        """Add an image."""
        place, digest = _key(where)
        self.images.setdefault(place, {})[digest] = known

    def of(self, where: Where) -> Known | None:
        """Return what was known of an image."""
        place, digest = _key(where)
        return self.images.get(place, {}).get(digest)

    def text(self) -> str:
        """Return the mark as it is noted."""
        told = {"form": self.form, "full": self.full.isoformat(), "occurrences": self.occurrences}
        return json.dumps({**told, "images": self.images}, sort_keys=True, separators=(",", ":"))

    def is_due(self, scope_id: str, moment: datetime, days: int) -> bool:
        """Whether everything is to be read again.

        It is after the days that are set at most, and half of them at least, so that not all
        projects fall due in one night; and where statements are read into another form now.
        """
        spread = hashlib.sha256(f"{scope_id} {self.full.isoformat()}".encode()).digest()
        life = timedelta(days) * (0.5 + int.from_bytes(spread[:6], "big") / 2**49)
        return self.form != FORM or not timedelta() <= moment - self.full < life


def mark_of(text: str) -> Mark | None:
    """Return a mark that was noted; None when it cannot be read."""
    try:
        told = json.loads(text)
        full = datetime.fromisoformat(told["full"]).astimezone(UTC)
        images = {place: _known(images) for place, images in told["images"].items()}
        return Mark(full, int(told["occurrences"]), images, str(told["form"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _known(images: Mapping[str, list[int]]) -> dict[str, Known]:
    return {digest: Known(*told) for digest, told in images.items()}


def _key(where: Where) -> tuple[str, str]:
    return f"{where.registry_id}/{where.repository}", where.digest[-_DIGITS:]
