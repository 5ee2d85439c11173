"""Accounts of an organisation: which are read, which are left out, which cannot be. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import BrokenPageError, DisabledError, SourceError, TerminalError
from providers.aws.api import ORGANIZATION_ACCOUNTS
from providers.aws.settings import OrganizationSettings

LEFT_OUT = "LeftOut"
OU_NOT_TOLD = "OUNotTold"
NOT_A_MEMBER = "NotAMember"
STATE_NOT_TOLD = "StateNotTold"

_CLOSED = frozenset({"SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"})


@dataclass(frozen=True)
class Member:
    """One row of organizations ListAccounts.

    Attributes:
        state: ``State``, in its absence ``Status`` (retired in September 2026); empty if neither
            is told.
        above: Every part of its paths: the organisation, the root, the organizational units from
            the top down. None when the row has no ``Paths``.
        organisation: Id of the organisation, as the account's ARN has it.
    """

    account: str
    state: str
    above: frozenset[str] | None
    organisation: str = ""


def member(row: Mapping[str, Any]) -> Member:
    """Read a row.

    Raises:
        BrokenPageError: It names no account.
    """
    account = row.get("Id")
    if not isinstance(account, str) or not account:
        raise BrokenPageError("an account has no Id", operation=ORGANIZATION_ACCOUNTS)
    paths = row.get("Paths") or None
    above = None if paths is None else frozenset(p for path in paths for p in path.split("/") if p)
    arn = re.search(r":account/(o-[a-z0-9]+)/", str(row.get("Arn")))
    state = row.get("State") or row.get("Status") or ""
    return Member(account, state, above, arn[1] if arn else "")


@dataclass(frozen=True)
class LeftOut:
    """Why the configuration leaves an account out."""

    reason: str


def verdict(one: Member, wanted: OrganizationSettings) -> LeftOut | SourceError | None:
    """Return None for an account to read, else why it is not.

    An account that a list names by its own id needs no organizational unit. One whose unit would
    decide and is not told is not left out: nobody knows whether it should be.
    """
    chosen = _chosen(one, wanted)
    if chosen is None:
        return TerminalError(
            "the row has no Paths, and organizational units decide whether it is read; name it "
            "under include_accounts or exclude_accounts",
            operation=ORGANIZATION_ACCOUNTS,
            code=OU_NOT_TOLD,
        )
    return chosen if isinstance(chosen, LeftOut) else _unreadable(one)


def _chosen(one: Member, wanted: OrganizationSettings) -> LeftOut | bool | None:
    """Return whether the lists choose an account; None where a unit decides and none is told."""
    if one.account in wanted.exclude_accounts:
        return LeftOut("named under exclude_accounts")
    named = one.account in wanted.include_accounts
    if one.above is None and not named and (wanted.include_ous or wanted.exclude_ous):
        return None
    above = one.above or frozenset()
    if excluded := sorted(above & set(wanted.exclude_ous)):
        return LeftOut(f"lies in {excluded[0]}, which exclude_ous names")
    narrowed = wanted.include_ous or wanted.include_accounts
    if narrowed and not named and not above & set(wanted.include_ous):
        return LeftOut("in none of include_ous, and not named under include_accounts")
    return True


def _unreadable(one: Member) -> SourceError | None:
    if one.state == "ACTIVE":
        return None
    if one.state in _CLOSED:
        return DisabledError(
            "the account is not active", operation=ORGANIZATION_ACCOUNTS, code=one.state
        )
    return TerminalError(
        f"its state is {one.state!r}, which this version does not know"
        if one.state
        else "its state is not told",
        operation=ORGANIZATION_ACCOUNTS,
        code=one.state or STATE_NOT_TOLD,
    )
