"""Collects one subscription: its registries' settings, each inventory, then Defender's word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from audit.model.scope import ScopeOutcome, Task
from audit.ports import RunContext, Sink
from providers.azure.client import AzureSession
from providers.azure.configuration import ConfigurationReader
from providers.azure.defender import DefenderReader, Terms
from providers.azure.inventory import RegistryReader, Shelf
from providers.azure.names import findings_scope, inventory_scope, settings_scope
from providers.azure.parse_registries import Registry, registry, registry_rows
from providers.azure.settings import AzureSettings
from providers.azure.states import not_offered


def collect_subscription(
    settings: AzureSettings, context: RunContext, task: Task, sink: Sink
) -> Sequence[ScopeOutcome]:
    """Read one task into ``sink``.

    Raises:
        SourceError: No client could be opened at all.
    """
    tenant_id, subscription = task.params["tenant_id"], task.params["subscription"]
    rows: list[dict[str, Any]] = json.loads(task.params["registries"])
    registries = [registry(row) for row in rows]
    terms = Terms(
        tenant_id=tenant_id,
        pending=timedelta(hours=settings.pending_hours),
        rescan=timedelta(days=settings.rescan_window_days),
        full_read=timedelta(days=settings.full_read_days),
        unavailable=not_offered(settings.resource_manager, context.moment),
    )
    with AzureSession(settings, tenant_id) as session:
        ref = findings_scope(subscription)
        defender = DefenderReader(ref, session.graph(), sink, context, terms)
        plan = defender.read_plan()
        outcomes = []
        if rows:
            reader = ConfigurationReader(settings_scope(subscription), session.arm(), context)
            children, told = reader.read(registries)
            outcomes.append(told)
            sink.write(registry_rows(rows, plan, context.run_id, children))
        running = defender.look_ahead(one.login_server for one in registries)
        shelf = Shelf(sink, context, settings, in_use=running.in_use)
        outcomes += [_inventory(session, one, shelf) for one in registries]
        names = {one.native_id.lower(): one.login_server for one in registries}
        outcomes.append(defender.read_findings(shelf.placements, names))
    return outcomes


def _inventory(session: AzureSession, one: Registry, shelf: Shelf) -> ScopeOutcome:
    ref = inventory_scope(one.subscription, one.login_server, one.location)
    with session.registry(one.login_server, abac=one.abac) as client:
        return RegistryReader(one, ref, client, shelf).read()
