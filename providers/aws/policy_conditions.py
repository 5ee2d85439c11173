"""Whether a statement's conditions leave anyone out. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.aws.policy_actions import listed

_POSITIVE = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
)
_ACCOUNTS = frozenset({"aws:principalaccount", "aws:sourceaccount"})
_ARNS = frozenset({"aws:principalarn", "aws:sourcearn"})
_ORGANISATIONS = frozenset({"aws:principalorgid", "aws:sourceorgid"})
_PATHS = frozenset({"aws:principalorgpaths", "aws:sourceorgpaths"})
_NETWORKS = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:vpcsourceip"})
_OF_ANYONE = frozenset({"aws:securetransport", "aws:requestedregion", "aws:currenttime"})
"""Keys that anyone can meet."""
_EVERY_NETWORK = frozenset({"0.0.0.0/0", "::/0"})
_ARN_ACCOUNT = re.compile(r"^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):")


@dataclass(frozen=True)
class Restriction:
    """What conditions do to a grant to anyone.

    Attributes:
        restricts: They leave some out.
        parties: Accounts and organisations that are left in, where they can be told.
        undecided: Why it is not known whether they restrict; empty when it is.
    """

    restricts: bool = False
    parties: frozenset[str] = frozenset()
    undecided: str = ""


def restriction(condition: Mapping[str, Mapping[str, Any]]) -> Restriction:
    """Read a ``Condition``: all of its tests must hold, so that one which restricts is enough."""
    tests = [
        _test(operator, key, listed(values))
        for operator, keys in condition.items()
        for key, values in keys.items()
    ]
    restricting = [one for one in tests if one.restricts]
    if restricting:
        telling = sorted((one for one in restricting if one.parties), key=lambda o: len(o.parties))
        return telling[0] if telling else restricting[0]
    return next((one for one in tests if one.undecided), Restriction())


def _test(operator: str, key: str, values: list[str]) -> Restriction:
    """Judge one test. ``ForAllValues`` holds where the key is absent, as do ``IfExists`` forms."""
    word, name = operator.lower().removeprefix("foranyvalue:"), key.lower()
    if name in _OF_ANYONE:
        return Restriction()
    if word not in _POSITIVE or not values:
        return Restriction(undecided=f"condition {operator} on {key}")
    if name in _NETWORKS:
        everywhere = any(one in _EVERY_NETWORK or one == "*" for one in values)
        return Restriction(restricts=not everywhere)
    if any(one == "*" for one in values):
        return Restriction()
    parties = [_party(name, one) for one in values]
    if None in parties:
        return Restriction(undecided=f"condition {operator} on {key}")
    return Restriction(restricts=True, parties=frozenset(filter(None, parties)))


def _party(name: str, value: str) -> str | None:
    """The account or organisation that a value names; None where that cannot be told."""
    if name in _ACCOUNTS:
        return value if re.fullmatch("[0-9]{12}", value) else None
    if name in _ARNS:
        found = _ARN_ACCOUNT.match(value)
        return found.group(1) if found else None
    if name in _ORGANISATIONS | _PATHS:
        organisation = value.partition("/")[0]
        return organisation if re.fullmatch("o-[a-z0-9]{10,32}", organisation) else None
    return None
