"""How far Inspector was read: the notes that one run leaves for the next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audit.model.columns import Columns
from audit.ports import Memory
from audit.tables import TABLES
from providers.aws.inspector_settings import InspectorSettings
from providers.aws.parse_findings import FORM
from providers.aws.place import Place

WINDOW, AMBIGUOUS = "inspector.read", "inspector.ambiguous"
_FORM = f"{TABLES['findings'].version}.{FORM}"

Image = tuple[str, str]
"""Repository and digest."""


@dataclass(frozen=True)
class Mark:
    """A reading that went to its end.

    Attributes:
        until: Every change before this moment is in the run's findings.
        full: When everything was last read.
        form: The form that findings were read into.
    """

    until: datetime
    full: datetime
    form: str = _FORM

    def text(self) -> str:
        """Return the mark as it is noted."""
        parts = {"until": self.until, "full": self.full}
        return json.dumps({"form": self.form, **{k: v.isoformat() for k, v in parts.items()}})

    def window(
        self, scope_id: str, moment: datetime, settings: InspectorSettings
    ) -> datetime | None:
        """Return the start of the window that holds all changes since; None if all is to be read.

        All is to be read where closed findings may be gone already, where it is time to, and
        where findings are read into another form now.
        """
        gap = moment - self.until
        if self.form != _FORM or not timedelta() <= gap <= timedelta(settings.closures_live_days):
            return None
        if moment - self.full >= self._life(scope_id, settings):
            return None
        return self.until - timedelta(minutes=settings.overlap_minutes)

    def _life(self, scope_id: str, settings: InspectorSettings) -> timedelta:
        """At most the days that are set, at least half of them: not all fall due in one night."""
        spread = share(f"{scope_id} {self.full.isoformat()}")
        return timedelta(settings.full_every_days) * (0.5 + spread / 2)


def share(name: str) -> float:
    """Return a number from 0 to below 1 that is always the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def _mark(text: str) -> Mark | None:
    try:
        parts = json.loads(text)
        until, full = (datetime.fromisoformat(parts[name]) for name in ("until", "full"))
        return Mark(until.astimezone(UTC), full.astimezone(UTC), parts["form"])
    except (KeyError, TypeError, ValueError):
        return None


def marks(memory: Memory) -> dict[str, Mark]:
    """Return the mark of every findings scope that has a readable one."""
    rows = memory.rows("reading_marks", ("scope_id", "value"), provider="aws", name=WINDOW)
    found = {scope: _mark(value) for scope, value in rows}
    return {scope: mark for scope, mark in found.items() if mark}


def ambiguous(memory: Memory, scope_id: str) -> set[Image]:
    """Return the images in which a vulnerability did not identify a finding."""
    where = {"provider": "aws", "scope_id": scope_id, "name": AMBIGUOUS}
    rows = memory.rows("reading_marks", ("value",), **where)
    return {(repository, digest) for (value,) in rows for repository, digest in json.loads(value)}


def write_marks(place: Place, scope_id: str, mark: Mark, images: Iterable[Image]) -> None:
    """Note how far a reading went that came to its end."""
    block = Columns("reading_marks", provider="aws", scope_id=scope_id)
    block.append(name=WINDOW, value=mark.text())
    block.append(name=AMBIGUOUS, value=json.dumps(sorted(images)))
    place.write(block)
