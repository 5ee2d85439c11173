"""The status words of VEX; any other word is no statement."""

from __future__ import annotations

_STATUSES = frozenset({"affected", "not_affected", "fixed", "under_investigation"})


def vex_status(word: str | None) -> str | None:
    """Return the VEX status that a source's word means; None when it is none of the four."""
    status = (word or "").lower()
    return status if status in _STATUSES else None
