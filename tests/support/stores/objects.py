"""What every loopback store keeps: objects by name, with a tag and a date that only grow."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    content: bytes
    number: int

    @property
    def at(self) -> datetime:
        return _START + timedelta(seconds=self.number)


@dataclass
class Bucket:
    """Objects of one bucket; every write has a number of its own."""

    mutex: threading.RLock = field(default_factory=threading.RLock)
    objects: dict[str, Kept] = field(default_factory=dict)
    _number: int = 0

    def put(self, name: str, content: bytes) -> Kept:
        with self.mutex:
            self._number += 1
            self.objects[name] = Kept(content, self._number)
            return self.objects[name]

    def below(self, prefix: str) -> list[str]:
        with self.mutex:
            return sorted(name for name in self.objects if name.startswith(prefix))


def part_of(content: bytes, wanted: str | None) -> tuple[bytes, str | None]:
    """Return the bytes of a ``Range`` header and the ``Content-Range`` to answer with."""
    if not wanted:
        return content, None
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(content)), len(content) - 1)
    return content[start : end + 1], f"bytes {start}-{end}/{len(content)}"
