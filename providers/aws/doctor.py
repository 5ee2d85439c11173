"""Examines each account and one region of it: what is missing, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from audit.errors import SourceError
from audit.model.enums import Outcome
from audit.model.scope import Plan, ScopeOutcome, ScopeTally, Task
from audit.ports import Check, CheckStatus
from providers.aws.api import ORGANIZATION_ACCOUNTS, STS_ASSUME_ROLE, Answer, Api
from providers.aws.client import AwsApi
from providers.aws.enrolment import (
    ACCOUNT_STATUS,
    ADMINISTRATOR,
    Enrolment,
    inspector_scans,
    our_pulls_count,
)
from providers.aws.permissions import PERMISSIONS, Permission, Where, needed, permission
from providers.aws.probes import Found, check, status_of, tried
from providers.aws.scopes import ORGANIZATION

_PUBLIC = "ecr-public:"
_EXCLUSIONS = "ecr:ListPullTimeUpdateExclusions"
_DISCOVERY = {ORGANIZATION: ORGANIZATION_ACCOUNTS}

Open = Callable[[str, str, ScopeTally], AwsApi]


class AwsDoctor:
    """Tries what a run would ask, without its paging.

    Args:
        plan: What a run would read.
        open_account: Opens an account and region.
        role_of: Account -> the role that is assumed in it; None for the tool's own credentials.
        enrolment: Who administers Inspector, and whom it sees.
    """

    def __init__(
        self,
        plan: Plan,
        open_account: Open,
        role_of: Callable[[str], str | None],
        enrolment: Enrolment,
    ) -> None:
        self._plan, self._open = plan, open_account
        self._role_of, self._enrolment = role_of, enrolment

    def examine(self) -> Iterator[Check]:
        """Yield every check, the organisation's first, then account by account."""
        for outcome in self._plan.outcomes:
            yield from _discovered(outcome)
        for task in _first_regions(self._plan.tasks):
            yield from self._account(task)
        for task in self._plan.tasks:
            if "public" in task.params:
                yield from self._public(task)

    def _account(self, task: Task) -> Iterator[Check]:
        account, region = task.params["account"], task.params["region"]
        tally, role = ScopeTally(task.scopes[0]), self._role_of(account)
        assume = needed(STS_ASSUME_ROLE)
        try:
            api = self._open(account, region, tally)
        except SourceError as error:
            told = f"{error.code}: {error.message}"
            yield check(assume, task.task_id, status_of(error), told)
            return
        with api:
            if role is not None:
                yield check(assume, task.task_id, CheckStatus.OK)
            yield from self._region(account, task.task_id, api, tally)
            yield from self._enrolment.of(account, region, api, tally)

    def _public(self, task: Task) -> Iterator[Check]:
        """Try what the public registry is asked, where it is read; entering was tried before."""
        account, tally = task.params["account"], ScopeTally(task.scopes[0])
        try:
            api = self._open(account, task.params["region"], tally)
        except SourceError:
            return
        found = Found(account)
        with api:
            for one in PERMISSIONS:
                if one.operation.startswith(_PUBLIC):
                    made, answer = tried(one, task.task_id, api, tally, found)
                    found = _learned(found, one.operation, answer)
                    yield made

    def _region(self, account: str, subject: str, api: Api, tally: ScopeTally) -> Iterator[Check]:
        found, scanned = Found(account), CheckStatus.UNKNOWN
        for one in _tried_here():
            made, answer = tried(one, subject, api, tally, found)
            if one.operation.startswith("inspector2:") and scanned is CheckStatus.MISSING:
                made = _switched_off(made)
            yield made
            found = _learned(found, one.operation, answer)
            if one.operation == ACCOUNT_STATUS:
                verdict = inspector_scans(subject, account, answer)
                scanned = verdict.status
                yield verdict
            if one.operation == _EXCLUSIONS:
                yield our_pulls_count(subject, self._role_of(account), answer)


def _tried_here() -> list[Permission]:
    """Return what an account is asked, in an order in which each finds what it needs."""
    here = [one for one in PERMISSIONS if Where.MEMBER in one.where]
    tried_here = [one for one in here if one.operation != ADMINISTRATOR]
    tried_here = [one for one in tried_here if not one.operation.startswith(_PUBLIC)]
    return sorted(tried_here, key=lambda one: one.operation != ACCOUNT_STATUS)


def _first_regions(tasks: Iterable[Task]) -> list[Task]:
    firsts: dict[str, Task] = {}
    for task in tasks:
        firsts.setdefault(task.params["account"], task)
    return list(firsts.values())


def _learned(found: Found, operation: str, answer: Answer | None) -> Found:
    if operation in {"ecr:DescribeRepositories", "ecr-public:DescribeRepositories"}:
        return replace(found, repository=_first(answer, "repositories"))
    if operation == "ecr:DescribeImages":
        return replace(found, digest=(_first(answer, "imageDetails") or {}).get("imageDigest"))
    return found


def _first(answer: Answer | None, name: str) -> dict[str, Any] | None:
    rows = (answer or {}).get(name) or [None]
    return rows[0] if isinstance(rows[0], dict) else None


def _switched_off(made: Check) -> Check:
    """Inspector refuses an account in which it is off with the same words as a permission."""
    if made.status is CheckStatus.OK:
        return made
    return replace(made, status=CheckStatus.UNKNOWN, told="Inspector is not enabled here")


def _discovered(outcome: ScopeOutcome) -> Iterator[Check]:
    """Say what finding accounts and regions showed; what is left out on purpose says nothing."""
    if outcome.outcome in {Outcome.COMPLETE, Outcome.LEFT_OUT}:
        return
    scope = outcome.ref.scope_id
    missing = permission(outcome.missing_permission or "")
    if missing is not None:
        yield check(missing, scope, CheckStatus.MISSING, outcome.error or "")
        return
    status = CheckStatus.UNREACHABLE if scope in _DISCOVERY else CheckStatus.UNKNOWN
    yield Check(
        provider="aws",
        subject=scope,
        what=_DISCOVERY.get(scope, "the account can be read"),
        status=status,
        costs="What lies in it stays as last known, unconfirmed.",
        told=outcome.error or "",
    )
