"""Access policies of ECR (JSON texts) -> what they grant to whom. Pure.

Where a policy's effect cannot be decided from its text, the answer is None with a reason, never
no: a condition that is not known, a Deny that may or may not take a grant away, a principal that
names no account.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.errors import BrokenPageError
from providers.aws import policy_actions, policy_conditions
from providers.aws.organisation import Organisation
from providers.aws.policy_principals import Principals, named_by

ANYONE = "*"
_DENY = "a Deny may take the grant away"
_OPEN = "a Deny, or an action that is not known, leaves it open"


@dataclass
class Grants:
    """What a policy grants.

    Attributes:
        anonymous: Something to anyone, with no condition on who may come.
        anonymous_write: Push or delete among it.
        outsiders: Other accounts and organisations (``o-...``) let in; ``*`` is anyone.
        more: There may be others, which cannot be decided.
        external_write: Push or delete to one of the outsiders.
        reasons: Column -> why it is not known, or not known to its end.
    """

    anonymous: bool | None = False
    anonymous_write: bool | None = False
    outsiders: set[str] = field(default_factory=set)
    more: bool = False
    external_write: bool | None = False
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Statement:
    effect: str
    actions: policy_actions.Covered
    principals: Principals
    condition: policy_conditions.Restriction


@dataclass(frozen=True)
class _Denied:
    """Actions that a Deny may take, on whatever condition: from many, and from named accounts."""

    wide: frozenset[str]
    narrow: Mapping[str, frozenset[str]]

    def to(self, account: str) -> frozenset[str]:
        return self.wide | self.narrow.get(account, frozenset())


def read_grants(text: str, operation: str, own_account: str) -> Grants:
    """Say what a policy grants besides to its own account.

    Args:
        text: ``policyText`` of GetRepositoryPolicy or GetRegistryPolicy.
        operation: The operation that gave it, for the error.
        own_account: Account of the registry.

    Raises:
        BrokenPageError: It is no policy document.
    """
    try:
        rows = json.loads(text)["Statement"]
        statements = [_statement(row) for row in (rows if isinstance(rows, list) else [rows])]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokenPageError("the policy cannot be read", operation=operation) from error
    grants, denied = Grants(), _denied(statements)
    for statement in statements:
        if statement.effect == "allow" and statement.actions.any:
            _take(grants, statement, denied, own_account)
        elif statement.effect not in ("allow", "deny"):
            _undecided(grants, f"unknown Effect {statement.effect}", anyone=True)
    return grants


def _statement(row: Mapping[str, Any]) -> _Statement:
    return _Statement(
        str(row["Effect"]).lower(),
        policy_actions.covered(row),
        named_by(row),
        policy_conditions.restriction(row.get("Condition") or {}),
    )


def _denied(statements: Iterable[_Statement]) -> _Denied:
    """Read the denials. One that names accounts only takes nothing from all the others."""
    wide: frozenset[str] = frozenset()
    narrow: dict[str, frozenset[str]] = {}
    for one in statements:
        if one.effect == "deny" and not _names_only(one):
            wide |= one.actions.known
        elif one.effect == "deny":
            for account in one.principals.accounts:
                narrow[account] = narrow.get(account, frozenset()) | one.actions.known
    return _Denied(wide, narrow)


def _names_only(statement: _Statement) -> bool:
    return not (statement.principals.anyone or statement.principals.undecided)


def _take(grants: Grants, allow: _Statement, denied: _Denied, own_account: str) -> None:
    """Add what one Allow grants. A Deny that may cover all of it leaves the grant undecided."""
    if allow.principals.undecided:
        _undecided(grants, allow.principals.undecided, anyone=False)
    if allow.principals.anyone:
        left, writes = _left(allow, denied.wide)
        _take_anyone(grants, allow.condition, left=left, writes=writes, own_account=own_account)
    for account in sorted(allow.principals.accounts - {own_account}):
        left, writes = _left(allow, denied.to(account))
        _let_in(grants, {account}, left=left, writes=writes)


def _left(allow: _Statement, denied: frozenset[str]) -> tuple[bool, bool | None]:
    """Return whether something is granted all the same, and whether push or delete is."""
    left = bool(allow.actions.known - denied) or allow.actions.strange
    return left, _writes(allow.actions, denied)


def _take_anyone(
    grants: Grants,
    condition: policy_conditions.Restriction,
    *,
    left: bool,
    writes: bool | None,
    own_account: str,
) -> None:
    if condition.undecided:
        _undecided(grants, condition.undecided, anyone=True)
    elif not condition.restricts and not left:
        _undecided(grants, _DENY, anyone=True)
    elif not condition.restricts:
        grants.anonymous = True
        grants.anonymous_write = _worse(grants.anonymous_write, writes)
        _explain(grants, "anonymous_write", writes, _OPEN)
        _let_in(grants, {ANYONE}, left=left, writes=writes)
    elif not condition.parties:
        _undecided(grants, "anyone who meets a condition on networks or services", anyone=False)
    else:
        _let_in(grants, condition.parties - {own_account}, left=left, writes=writes)


def _let_in(grants: Grants, parties: Iterable[str], *, left: bool, writes: bool | None) -> None:
    parties = set(parties)
    if not parties:
        return
    if not left:
        _undecided(grants, _DENY, anyone=False)
        return
    grants.outsiders |= parties
    grants.external_write = _worse(grants.external_write, writes)
    _explain(grants, "external_write", writes, _OPEN)


def _undecided(grants: Grants, reason: str, *, anyone: bool) -> None:
    grants.more = True
    columns = ["external_accounts", "external_write"]
    grants.external_write = _worse(grants.external_write, None)
    if anyone:
        grants.anonymous = _worse(grants.anonymous, None)
        grants.anonymous_write = _worse(grants.anonymous_write, None)
        columns += ["anonymous_access", "anonymous_write"]
    for column in columns:
        _explain(grants, column, None, reason)


def _explain(grants: Grants, column: str, value: bool | None, reason: str) -> None:
    if value is None:
        grants.reasons.setdefault(column, reason)


def _writes(actions: policy_actions.Covered, denied: frozenset[str]) -> bool | None:
    """Whether push or delete is granted; None when a Deny or an unknown action leaves it open."""
    granted = actions.known & policy_actions.WRITES
    if granted - denied:
        return True
    return None if granted or actions.strange else False


def _worse(one: bool | None, other: bool | None) -> bool | None:
    """Yes outweighs not known, which outweighs no."""
    if one or other:
        return True
    return None if None in (one, other) else False


def access_columns(grants: Grants, organisation: Organisation) -> tuple[dict[str, Any], list[str]]:
    """Return the columns on access of ``registries`` and ``repositories``, and their ``unread``."""
    outside, why = organisation.is_outside(grants.outsiders, more=grants.more)
    columns = {
        "policy_present": True,
        "anonymous_access": grants.anonymous,
        "anonymous_write": grants.anonymous_write,
        "external_accounts": sorted(grants.outsiders) or (None if grants.more else []),
        "external_write": grants.external_write,
        "outside_organisation": outside,
    }
    reasons = grants.reasons | {"outside_organisation": why}
    unread = [name for name, value in columns.items() if value is None]
    if grants.more and "external_accounts" not in unread:
        unread.append("external_accounts")
    return columns, [f"{name}: {reasons[name]}" for name in unread]


def no_policy() -> dict[str, Any]:
    """Return the columns on access where there is no policy: nobody is let in."""
    columns, _ = access_columns(Grants(), Organisation())
    return columns | {"policy_present": False}
