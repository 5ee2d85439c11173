"""Exit codes and which of them wins when several hold."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """What a process's exit code says."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    POLICY = 3
    INCOMPLETE = 4
    LOCKED = 5


_ORDER = (Exit.UNEXPECTED, Exit.USAGE, Exit.LOCKED, Exit.INCOMPLETE, Exit.POLICY)


def gravest(codes: Iterable[Exit]) -> Exit:
    """Return the code that wins: 1, 2, 5, 4, 3 in that order, else 0."""
    held = set(codes)
    return next((code for code in _ORDER if code in held), Exit.OK)
