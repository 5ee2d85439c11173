"""Local copies of what lies in an object store: marked when used, trimmed when they are many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

SPARED = timedelta(days=1)
"""A copy that was used within this time may be open in another process: it is never trimmed."""


class Copy(NamedTuple):
    """A copy: when it was last used (seconds since 1970), its size in bytes, and where it lies."""

    used: float
    size: int
    path: Path


def mark_used(copy: Path, moment: datetime) -> bool:
    """Note that a copy is used now; return whether there is one."""
    try:
        os.utime(copy, (moment.timestamp(), moment.timestamp()))
    except FileNotFoundError:
        return False
    return True


def trim(folder: Path, limit: int, moment: datetime) -> None:
    """Remove copies, the longest unused first, until the rest takes up ``limit`` bytes at most.

    What was used within ``SPARED`` before ``moment`` stays, however large it is.
    """
    copies = sorted(_copies(folder))
    over = sum(copy.size for copy in copies) - limit
    spared = (moment - SPARED).timestamp()
    for copy in copies:
        if over <= 0 or copy.used >= spared:
            return
        copy.path.unlink(missing_ok=True)
        over -= copy.size


def _copies(folder: Path) -> Iterator[Copy]:
    for path in folder.rglob("*"):
        try:
            told = path.lstat()
        except FileNotFoundError:  # another process trims too
            continue
        if path.is_file():
            yield Copy(told.st_mtime, told.st_size, path)
