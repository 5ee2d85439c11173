"""Tries each kind of read in each subscription: what is missing, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from audit.errors import AccessDeniedError, DisabledError, SourceError, TransientError
from audit.model.enums import Outcome
from audit.model.scope import Plan, ScopeOutcome, Task
from audit.ports import Check, CheckStatus
from providers.azure.client import AzureSession
from providers.azure.defender_queries import (
    ASSESSMENTS,
    EXEMPTIONS,
    PRICINGS,
    RUNNING,
    SUBASSESSMENTS,
    SUMMARY,
    cve_details,
)
from providers.azure.failures import Call
from providers.azure.graph_client import GraphClient, Row
from providers.azure.names import PROVIDER
from providers.azure.parse_children import SETTINGS_OF
from providers.azure.parse_registries import Registry, registry
from providers.azure.permissions import PERMISSIONS, Mode, Permission
from providers.azure.registry_client import RegistryClient
from providers.azure.settings import AzureSettings

_QUERIES = {
    "resourcegraph:pricings": PRICINGS,
    "resourcegraph:assessments": ASSESSMENTS,
    "resourcegraph:assessmentSummary": SUMMARY,
    "resourcegraph:runningContainers": RUNNING,
    "resourcegraph:exemptions": EXEMPTIONS,
    "resourcegraph:subassessments": SUBASSESSMENTS,
}
_OPTIONAL = {
    "resourcegraph:assessmentSummary",
    "resourcegraph:runningContainers",
    "resourcegraph:subassessments",
    "resourcegraph:cvedetails",
}
_ANY_CVE = ("CVE-2021-44228",)
_HIDDEN = "no row, and no Defender plan is visible in the subscription"
_UNTRIED = "not tried: there is nothing to try it on"


def examine(plan: Plan, settings: AzureSettings) -> Iterator[Check]:
    """Yield every check: what discovery lacked, then each subscription by a registry a mode."""
    for outcome in plan.outcomes:
        yield from _discovered(outcome)
    for task in plan.tasks:
        if "subscription" in task.params:
            yield from _subscription(task, settings)


def _discovered(outcome: ScopeOutcome) -> Iterator[Check]:
    if outcome.outcome is Outcome.COMPLETE:
        return
    denied = outcome.outcome is Outcome.DENIED or outcome.missing_permission
    yield Check(
        provider=PROVIDER,
        subject=outcome.ref.scope_id,
        what="resourcegraph:subscriptions",
        status=CheckStatus.MISSING if denied else CheckStatus.UNREACHABLE,
        permission=outcome.missing_permission or "",
        costs="What lies in it stays as last known, unconfirmed.",
        told=outcome.error or "",
    )


def _subscription(task: Task, settings: AzureSettings) -> Iterator[Check]:
    subscription, found = task.params["subscription"], json.loads(task.params["registries"])
    with AzureSession(settings, task.params["tenant_id"]) as session:
        graph = session.graph()
        yield from _security(graph, subscription, task.task_id)
        details = Call("resourcegraph:cvedetails", "")
        at_root = graph.pages(cve_details(_ANY_CVE), (), details, (task.params["tenant_id"],))
        yield _tried(_needed(details.operation), task.task_id, partial(next, at_root))
        if not found:
            return
        first, arm = registry(found[0]), session.arm()
        for kind in SETTINGS_OF:
            needed = _needed(f"arm:registries/{kind}")
            call = Call(needed.operation, needed.action)
            yield _tried(
                needed,
                first.login_server,
                partial(arm.children, first.native_id, kind, call),
            )
        for one in _one_of_each_mode(found):
            with session.registry(one.login_server, abac=one.abac) as client:
                yield from _registry(one, client)


def _security(graph: GraphClient, subscription: str, subject: str) -> Iterator[Check]:
    """Ask each question once. What may not be seen is left out without an error.

    Every subscription has plans, so one without any does not show its security data.
    """
    hidden = False
    for operation, query in _QUERIES.items():
        rows: list[Row] = []
        pages = graph.pages(query, (subscription,), Call(operation, ""))
        check = _tried(_needed(operation), subject, partial(_take_one, pages, rows))
        if check.status is CheckStatus.OK and not rows:
            hidden = hidden or query is PRICINGS
            if hidden:
                status = CheckStatus.MISSING if query is PRICINGS else CheckStatus.UNKNOWN
                check = replace(check, status=status, told=_HIDDEN)
        yield check


def _take_one(pages: Iterator[list[Row]], rows: list[Row]) -> None:
    rows.extend(next(pages))


def _one_of_each_mode(rows: Sequence[Mapping[str, Any]]) -> Iterable[Registry]:
    firsts: dict[bool, Registry] = {}
    for row in rows:
        one = registry(row)
        firsts.setdefault(one.abac, one)
    return firsts.values()


def _registry(first: Registry, client: RegistryClient) -> Iterator[Check]:
    mode, names = Mode.ABAC if first.abac else Mode.LEGACY, list[str]()
    digests = list[str]()
    subject = first.login_server
    yield _tried(
        _needed("acr:ListRepositories", mode),
        subject,
        lambda: names.extend(next(client.repositories())),
    )
    reads: tuple[tuple[str, list[str], Callable[[], object]], ...] = (
        ("acr:GetRepositoryProperties", names, lambda: client.repository(names[0])),
        (
            "acr:ListManifests",
            names,
            lambda: digests.extend(row["digest"] for row in next(client.manifests(names[0]))),
        ),
        ("acr:GetManifest", digests, lambda: client.manifest(names[0], digests[0])),
    )
    for operation, needs, read in reads:
        needed = _needed(operation, mode)
        if needs:
            yield _tried(needed, subject, read)
        else:
            yield _check(needed, subject, CheckStatus.UNKNOWN, _UNTRIED)


def _needed(operation: str, mode: Mode = Mode.ANY) -> Permission:
    return next(one for one in PERMISSIONS if (one.operation, one.mode) == (operation, mode))


def _tried(needed: Permission, subject: str, read: Callable[[], object]) -> Check:
    try:
        read()
    except SourceError as error:
        return _check(needed, subject, _status(error), f"{error.code}: {error.message}")
    return _check(needed, subject, CheckStatus.OK)


def _status(error: SourceError) -> CheckStatus:
    if isinstance(error, AccessDeniedError):
        return CheckStatus.MISSING
    reached = not isinstance(error, TransientError | DisabledError)
    return CheckStatus.UNKNOWN if reached else CheckStatus.UNREACHABLE


def _check(needed: Permission, subject: str, status: CheckStatus, told: str = "") -> Check:
    return Check(
        provider=PROVIDER,
        subject=subject,
        what=needed.operation,
        status=status,
        permission=needed.action,
        costs=needed.costs,
        required=needed.operation not in _OPTIONAL and not needed.operation.startswith("arm:"),
        told=told,
    )
