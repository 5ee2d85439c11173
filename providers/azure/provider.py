"""The Azure adapter. Importing this module imports no Azure package."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from audit.errors import SourceError
from audit.model.scope import Plan, ScopeOutcome, ScopeTally, Task
from audit.ports import Capabilities, RegistryProvider, RunContext, Settings, Sink
from providers.azure.capabilities import CAPABILITIES
from providers.azure.names import PROVIDER, discovery_scope, findings_scope, inventory_scope
from providers.azure.parse_registries import registry
from providers.azure.settings import AzureSettings

Rows = dict[str, list[dict[str, Any]]]


class AzureProvider:
    """Container registries of Entra tenants, judged by Microsoft Defender for Containers."""

    name: ClassVar[str] = PROVIDER
    settings_model: ClassVar[type[Settings]] = AzureSettings
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, settings: AzureSettings, context: RunContext) -> None:
        self._settings, self._context = settings, context

    def plan(self) -> Plan:
        """Find the registries of every tenant; one task for each subscription.

        A configured subscription without a registry gets a task too. A subscription that two
        tenants show (delegated administration) is read through the tenant configured first.
        """
        tasks: dict[str, Task] = {}
        outcomes: list[ScopeOutcome] = []
        for tenant in self._settings.tenants:
            rows, outcome = self._discover(tenant.tenant_id)
            outcomes.append(outcome)
            for subscription, found in rows.items():
                tasks.setdefault(subscription, _task(tenant.tenant_id, subscription, found))
        first = self._settings.tenants[0].tenant_id
        met = {subscription.lower() for subscription in tasks}
        for subscription in self._settings.subscriptions:
            if subscription.lower() not in met:
                tasks[subscription] = _task(first, subscription, [])
        return Plan(tuple(tasks.values()), tuple(outcomes))

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one subscription; see :func:`providers.azure.subscription.collect_subscription`."""
        from providers.azure.subscription import collect_subscription  # noqa: PLC0415  lazy SDK

        return collect_subscription(self._settings, self._context, task, sink)

    def _discover(self, tenant_id: str) -> tuple[Rows, ScopeOutcome]:
        from providers.azure.client import AzureSession  # noqa: PLC0415  lazy SDK
        from providers.azure.discovery import discover  # noqa: PLC0415  lazy SDK

        try:
            with AzureSession(self._settings, tenant_id) as session:
                found = discover(
                    session.graph(), tenant_id, self._settings.subscriptions, self._context
                )
        except SourceError as error:
            tally = ScopeTally(discovery_scope(tenant_id))
            tally.fail(error)
            return {}, tally.finish()
        return found.by_subscription, found.outcome


def _task(tenant_id: str, subscription: str, rows: list[dict[str, Any]]) -> Task:
    """Describe the reading of one subscription with nothing but text: it may run elsewhere."""
    registries = [registry(row) for row in rows]
    return Task(
        provider=PROVIDER,
        task_id=f"azure/{subscription}",
        scopes=(
            *(
                inventory_scope(tenant_id, subscription, one.login_server, one.location)
                for one in registries
            ),
            findings_scope(tenant_id, subscription),
        ),
        params={
            "tenant_id": tenant_id,
            "subscription": subscription,
            "registries": json.dumps(rows),
        },
    )


_: type[RegistryProvider] = AzureProvider
