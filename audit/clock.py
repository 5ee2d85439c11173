"""The only door to the time of day: UTC, injected, so that the same inputs give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from audit.errors import UsageError


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware UTC."""


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Return the machine's present moment in UTC."""
        return datetime.now(UTC)  # noqa: TID251  the one place that may ask the machine


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still at ``moment`` (``--run-at``, tests, the demo)."""

    moment: datetime

    def now(self) -> datetime:
        """Return the fixed moment."""
        return self.moment


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 moment; without an offset it is UTC.

    Raises:
        UsageError: ``text`` is not ISO 8601.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is not a moment", where="--run-at", cure="write 2026-11-23T02:00:00Z"
        ) from error
