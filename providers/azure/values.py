"""Reading single values out of Azure's JSON: odd letter case, strings of JSON, long fractions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import orjson

_COUNT = re.compile(r"[0-9]{1,18}")
_HEX = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def pick(mapping: object, name: str) -> Any:  # noqa: ANN401  a JSON value
    """Return a member by name in any letter case; None when it or the mapping is missing.

    Resource Graph gives Defender's members in PascalCase or camelCase.
    """
    if not isinstance(mapping, dict | Mapping):  # a dict is told at once, a Mapping is not
        return None
    if name in mapping:
        return mapping[name]
    wanted = name.lower()
    for key, value in mapping.items():
        if str(key).lower() == wanted:
            return value
    return None


def folded(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with its names in lower case; of two spellings of a name the first."""
    told: dict[str, Any] = {}
    for name, value in mapping.items():
        told.setdefault(name.lower(), value)
    return told


def dig(mapping: object, *names: str) -> Any:  # noqa: ANN401  a JSON value
    """Return the member at a path of names, each in any letter case."""
    for name in names:
        mapping = pick(mapping, name)
    return mapping


def text(value: object) -> str | None:
    """Return a string that is not blank, else None; what UTF-8 cannot hold becomes ``?``."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def whole(value: object) -> int | None:
    """Return a whole number that a 64-bit column holds, else None (a boolean is none)."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -(2**63) <= value < 2**63 else None


def count(value: object) -> int | None:
    """Return how many there are: a whole number from 0 on, also as digits, else None."""
    if isinstance(value, str):
        return int(value) if _COUNT.fullmatch(value) else None
    told = whole(value)
    return None if told is None or told < 0 else told


def digest(value: object) -> str | None:
    """Return a digest in lower case, else None; 64 bare hexadecimal digits are a SHA-256."""
    told = (text(value) or "").strip().lower()
    if _HEX.fullmatch(told):
        return f"sha256:{told}"
    return told if _DIGEST.fullmatch(told) else None


def number(value: object) -> float | None:
    """Return a finite number, also from a string of digits, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if isfinite(read) else None


def moment(value: object) -> datetime | None:
    """Read an ISO 8601 time as UTC; fractions beyond microseconds are cut off.

    Azure writes seven digits (``2023-09-04T16:05:32.8223098Z``) and year 1 for "never".
    """
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        utc = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):  # not a time, or one beyond the calendar's ends
        return None
    return utc if utc.year > 1 else None


def unwrap(value: object) -> object:
    """Return what a JSON string holds, anything else as it is; a blank string is None.

    Raises:
        ValueError: The string is not JSON.
    """
    if not isinstance(value, str):
        return value
    return orjson.loads(value) if value.strip() else None
