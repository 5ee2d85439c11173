"""Severity words of every source -> one closed list. Pure."""

from __future__ import annotations

from functools import lru_cache

from audit.model.enums import Severity

_WORDS = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "IMPORTANT": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "MODERATE": Severity.MEDIUM,
    "LOW": Severity.LOW,
    "MINIMAL": Severity.NEGLIGIBLE,
    "NEGLIGIBLE": Severity.NEGLIGIBLE,
    "INFORMATIONAL": Severity.NEGLIGIBLE,
}


@lru_cache(maxsize=256)
def normalise_severity(word: str | None) -> Severity:
    """Return the normalised severity of a source's word.

    UNDEFINED, UNTRIAGED, UNSPECIFIED, a missing word and any word never seen before are UNKNOWN:
    never LOW, never nothing.
    """
    return _WORDS.get((word or "").strip().upper(), Severity.UNKNOWN)
