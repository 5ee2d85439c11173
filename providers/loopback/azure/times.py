"""Times as Azure writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def ticks(moment: datetime) -> str:
    """Return ``2026-11-22T04:11:02.1234560Z``: UTC with seven fractional digits (.NET ticks)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"


def seconds(moment: datetime) -> str:
    """Return ``2026-11-22T04:11:02Z``: UTC with whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
