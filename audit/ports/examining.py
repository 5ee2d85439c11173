"""What a provider may say beforehand of what a run would lack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class CheckStatus(StrEnum):
    """What an examination found: ``unknown`` is what could not be tried, never an ``ok``."""

    OK = "ok"
    MISSING = "missing"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One thing that a run needs, or is the better for, and whether it is there.

    Attributes:
        subject: Where: a scope id.
        what: API operation, or a condition in words.
        permission: Permission that allows it; empty for a condition.
        costs: What the report loses without it, as one sentence.
        required: Without it something that is configured cannot be looked at.
        told: The source's own words, without secrets.
    """

    provider: str
    subject: str
    what: str
    status: CheckStatus
    permission: str = ""
    costs: str = ""
    required: bool = True
    told: str = ""


@runtime_checkable
class Doctor(Protocol):
    """A provider that can say beforehand what a run would lack (optional)."""

    def examine(self) -> Iterable[Check]:
        """Try what a run would need by harmless reads; yield each check as it is made.

        What cannot be tried is a check of its own, never an exception. Nothing is written.
        """
