"""Finds the subscriptions and registries of a tenant: two Resource Graph reads for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from audit.errors import SourceError
from audit.ports import RunContext
from providers.azure.failures import Call, broken
from providers.azure.graph_client import GraphClient
from providers.azure.names import READ_REGISTRIES, READ_SUBSCRIPTIONS
from providers.azure.parse_registries import registry, subscription_id
from providers.azure.queries import REGISTRIES, SUBSCRIPTIONS
from providers.azure.visibility import LIST_SUBSCRIPTIONS, TenantView

_SUBSCRIPTIONS = Call(LIST_SUBSCRIPTIONS, READ_SUBSCRIPTIONS)
_REGISTRIES = Call("resourcegraph:registries", READ_REGISTRIES)


class Reach(NamedTuple):
    """Where to look: subscriptions, else below management groups, else all that is seen."""

    subscriptions: Sequence[str] = ()
    groups: Sequence[str] = ()


def discover(graph: GraphClient, tenant_id: str, reach: Reach, context: RunContext) -> TenantView:
    """List the subscriptions and the registries of a tenant; one failing leaves the other.

    Args:
        graph: Resource Graph of the tenant.
        tenant_id: The tenant.
        reach: What of it to look at.
        context: The run.
    """
    view = TenantView(tenant_id)
    view.listing_error = _list_subscriptions(graph, reach, view)
    view.expected = graph.total
    view.registries_error = _list_registries(graph, reach, view)
    view.api_calls = graph.calls
    outcome = view.outcome()
    if outcome.error is not None:
        context.log.warning("%s: %s", outcome.ref.scope_id, outcome.error)
    return view


def _list_subscriptions(graph: GraphClient, reach: Reach, view: TenantView) -> SourceError | None:
    try:
        for page in graph.pages(SUBSCRIPTIONS, reach.subscriptions, _SUBSCRIPTIONS, reach.groups):
            for row in page:
                view.listed.add(_subscription(row))
    except SourceError as error:
        return error
    return None


def _subscription(row: dict[str, Any]) -> str:
    name = subscription_id(row)
    if name is None:
        raise broken(f"{row['id']} has no subscriptionId", _SUBSCRIPTIONS)
    return name


def _list_registries(graph: GraphClient, reach: Reach, view: TenantView) -> SourceError | None:
    unplaced: SourceError | None = None
    try:
        for page in graph.pages(REGISTRIES, reach.subscriptions, _REGISTRIES, reach.groups):
            for row in page:
                problem = _take(row, view)
                unplaced = unplaced or problem
    except SourceError as error:
        return error
    return unplaced


def _take(row: dict[str, Any], view: TenantView) -> SourceError | None:
    """Keep a row under its subscription, or its error there; return one that has none."""
    name = subscription_id(row)
    try:
        facts = registry(row)
    except SourceError as error:
        if name is None:
            return error
        view.broken.setdefault(name, []).append(error)
    else:
        view.registries.setdefault(facts.subscription, []).append(row)
    return None
