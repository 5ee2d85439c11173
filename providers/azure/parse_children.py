"""What hangs below a registry (ARM lists) -> columns of ``registries``. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from providers.azure.values import dig, pick, text

Row = Mapping[str, Any]
Cells = dict[str, list[str]]

SETTINGS_OF: Mapping[str, Sequence[str]] = {
    "replications": ("replication_destinations",),
    "cacheRules": ("pull_through_rules", "pull_through_anonymous"),
    "tokens": ("access_tokens", "access_tokens_unending"),
    "scopeMaps": ("scope_maps",),
    "webhooks": ("webhooks",),
}
"""The lists read of each registry, and the columns that each fills."""


@dataclass
class Children:
    """Columns of one registry, and which of them could not be read (``column: reason``)."""

    cells: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def cells_of(kind: str, rows: Sequence[Row], subscription: str, location: str) -> Cells:
    """Return the columns that one list fills.

    Args:
        kind: A key of :data:`SETTINGS_OF`.
        rows: The whole list.
        subscription: Of the registry.
        location: Of the registry: a replication there is the registry itself.

    Raises:
        ValueError: A row lacks what its kind promises.
    """
    if kind == "replications":
        return {"replication_destinations": _replications(rows, subscription, location)}
    return _READERS[kind](rows)


def _replications(rows: Sequence[Row], subscription: str, location: str) -> list[str]:
    told = {_needed(pick(row, "location"), "location") for row in rows}
    home = _plain(location)
    return sorted(f"{subscription}/{place}" for place in told if _plain(place) != home)


def _plain(location: str) -> str:
    """``West Europe`` and ``westeurope`` are one place."""
    return location.replace(" ", "").lower()


def _cache_rules(rows: Sequence[Row]) -> Cells:
    rules, anonymous = [], []
    for row in rows:
        prefix = _needed(dig(row, "properties", "targetRepository"), "targetRepository")
        source = _needed(dig(row, "properties", "sourceRepository"), "sourceRepository")
        rules.append(f"{prefix}={source}")
        if not text(dig(row, "properties", "credentialSetResourceId")):
            anonymous.append(prefix)
    return {"pull_through_rules": sorted(rules), "pull_through_anonymous": sorted(anonymous)}


def _tokens(rows: Sequence[Row]) -> Cells:
    """Read repository-scoped tokens; the answer names passwords and never holds them."""
    tokens, unending = [], []
    for row in rows:
        name = _needed(pick(row, "name"), "name")
        status = text(dig(row, "properties", "status"))
        tokens.append(f"{name}={status or '?'}")
        passwords = dig(row, "properties", "credentials", "passwords")
        told = passwords if isinstance(passwords, list) else []
        if any(not text(pick(one, "expiry")) for one in told):
            unending.append(name)
    return {"access_tokens": sorted(tokens), "access_tokens_unending": sorted(unending)}


def _scope_maps(rows: Sequence[Row]) -> Cells:
    return {"scope_maps": sorted(_with_actions(row, []) for row in rows)}


def _webhooks(rows: Sequence[Row]) -> Cells:
    told = (_with_actions(row, [text(dig(row, "properties", "status")) or "?"]) for row in rows)
    return {"webhooks": sorted(told)}


def _with_actions(row: Row, before: list[str]) -> str:
    actions = dig(row, "properties", "actions")
    if not isinstance(actions, list):
        raise ValueError("a row without its list of actions")  # noqa: TRY004  one error for callers
    words = [*before, *sorted(text(one) or "?" for one in actions)]
    return f"{_needed(pick(row, 'name'), 'name')}={';'.join(words)}"


def _needed(value: object, name: str) -> str:
    told = text(value)
    if told is None:
        raise ValueError(f"a row without {name}")
    return told


_READERS: Mapping[str, Callable[[Sequence[Row]], Cells]] = {
    "cacheRules": _cache_rules,
    "tokens": _tokens,
    "scopeMaps": _scope_maps,
    "webhooks": _webhooks,
}
