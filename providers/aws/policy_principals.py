"""Whom a policy statement speaks of. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.aws.policy_actions import listed

_ACCOUNT = re.compile(r"^(?:arn:[a-z0-9-]+:(?:iam|sts)::)?([0-9]{12})(?::.+)?$")
_UNIQUE_ID = re.compile(r"^A(?:ROA|IDA|GPA|NPA)[A-Z0-9]+$")


@dataclass(frozen=True)
class Principals:
    """Who is meant.

    Attributes:
        anyone: Everyone, with credentials of any account or none.
        accounts: Accounts, of which all or some principals are meant.
        undecided: Why others may be meant; empty when not.
    """

    anyone: bool = False
    accounts: frozenset[str] = frozenset()
    undecided: str = ""


def named_by(statement: Mapping[str, Any]) -> Principals:
    """Read ``Principal`` or ``NotPrincipal``.

    An AWS service is no account. The unique id of a deleted user or role lets nobody in.
    NotPrincipal means everyone else, those without credentials included.

    Raises:
        KeyError: It has neither.
    """
    if "NotPrincipal" in statement:
        return Principals(anyone=True)
    principal = statement["Principal"]
    if principal == "*":
        return Principals(anyone=True)
    anyone, accounts, undecided = False, set(), ""
    for kind, names in principal.items():
        for name in listed(names):
            account = _ACCOUNT.match(name)
            if kind == "AWS" and name == "*":
                anyone = True
            elif kind == "AWS" and account:
                accounts.add(account.group(1))
            elif kind != "Service" and not (kind == "AWS" and _UNIQUE_ID.match(name)):
                undecided = f"a {kind} principal that names no account"
    return Principals(anyone, frozenset(accounts), undecided)
