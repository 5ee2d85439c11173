"""Finds the registries of a tenant: one Resource Graph read, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.errors import SourceError
from audit.model.scope import ScopeOutcome, ScopeTally
from audit.ports import RunContext
from providers.azure.failures import Call
from providers.azure.graph_client import GraphClient
from providers.azure.names import READ_REGISTRIES, discovery_scope
from providers.azure.parse_registries import registry
from providers.azure.queries import REGISTRIES

_CALL = Call("resourcegraph:registries", READ_REGISTRIES)


@dataclass
class Found:
    """The registry rows of a tenant by subscription, and how finding them went."""

    outcome: ScopeOutcome
    by_subscription: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def discover(
    graph: GraphClient, tenant_id: str, subscriptions: Sequence[str], context: RunContext
) -> Found:
    """List the registries of a tenant, of the given subscriptions or of all it shows."""
    tally = ScopeTally(discovery_scope(tenant_id))
    rows: dict[str, list[dict[str, Any]]] = {}
    try:
        for page in graph.pages(REGISTRIES, subscriptions, _CALL):
            for row in page:
                _take(row, rows, tally)
    except SourceError as error:
        tally.fail(error)
    tally.expected, tally.api_calls = graph.total, graph.calls
    if tally.first_error is not None:
        context.log.warning("%s: %s", tally.ref.scope_id, tally.first_error)
    return Found(tally.finish(), rows)


def _take(row: dict[str, Any], rows: dict[str, list[dict[str, Any]]], tally: ScopeTally) -> None:
    """Keep a row under its subscription; one that cannot be addressed is an error of its own."""
    try:
        facts = registry(row)
    except SourceError as error:
        tally.fail(error)
    else:
        tally.listed += 1
        rows.setdefault(facts.subscription, []).append(row)
