"""What a check of a warehouse found: what was looked at, and each fault with its cure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

BACKUP = "restore it from a backup"


class Fault(NamedTuple):
    """One thing that is not as it must be.

    Attributes:
        where: File, or table and run.
        what: What is wrong.
        cure: What to do about it.
    """

    where: str
    what: str
    cure: str


@dataclass
class Findings:
    """What a check found so far.

    Attributes:
        counts: What was looked at -> how many.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, where: str, what: str, cure: str = BACKUP) -> None:
        """Record a fault."""
        self.faults.append(Fault(where, what, cure))
