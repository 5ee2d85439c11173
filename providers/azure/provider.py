"""The Azure adapter. Importing this module imports no Azure package."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import ClassVar

from audit.errors import SourceError
from audit.model.scope import Plan, ScopeOutcome, Task
from audit.ports import (
    Capabilities,
    Check,
    PullLogin,
    Pulls,
    RegistryProvider,
    RunContext,
    Settings,
    Sink,
)
from providers.azure.capabilities import CAPABILITIES
from providers.azure.names import (
    ANONYMOUS,
    PROVIDER,
    findings_scope,
    inventory_scope,
    settings_scope,
)
from providers.azure.parse_registries import registry
from providers.azure.pulls import AcrPulls
from providers.azure.settings import AzureSettings, TenantSettings
from providers.azure.visibility import NOT_VISIBLE, TenantView, Visible, visible


class AzureProvider:
    """Container registries of Entra tenants, judged by Microsoft Defender for Containers."""

    name: ClassVar[str] = PROVIDER
    settings_model: ClassVar[type[Settings]] = AzureSettings
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, settings: AzureSettings, context: RunContext) -> None:
        self._settings, self._context = settings, context
        self._pulls = AcrPulls(settings, self.plan)

    def plan(self) -> Plan:
        """Find the subscriptions and registries of every tenant; one task for each subscription.

        A configured subscription without a registry gets a task too, if it can be seen. Every
        subscription seen or configured has an outcome, so that only the registries of one that
        was really looked at can be gone.
        """
        configured = tuple(dict.fromkeys(name.lower() for name in self._settings.subscriptions))
        views = [self._view(tenant, configured) for tenant in self._settings.tenants]
        found = visible(views, configured)
        for one in found:
            if one.outcome.error_code == NOT_VISIBLE:
                self._context.log.warning("%s: %s", one.outcome.ref.scope_id, one.outcome.error)
        plan = Plan(
            (
                *(_task(one) for one in found if one.worth_reading),
                *(_anonymous(name) for name in self._anonymous(found)),
            ),
            (*(view.outcome() for view in views), *(one.outcome for one in found)),
        )
        return self._pulls.learn(plan)

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one task; see :mod:`providers.azure.subscription` and ``.anonymous``."""
        from providers.azure.anonymous import collect_anonymous  # noqa: PLC0415  lazy SDK
        from providers.azure.subscription import collect_subscription  # noqa: PLC0415  lazy SDK

        if ANONYMOUS in task.params:
            return collect_anonymous(self._settings, self._context, task, sink)
        return collect_subscription(self._settings, self._context, task, sink)

    def pull_login(self, registry_id: str, repository: str) -> PullLogin:  # noqa: ARG002  one login a registry
        """Return a registry's refresh token; see :mod:`providers.azure.pulls`."""
        return self._pulls.login(registry_id)

    def examine(self) -> Iterable[Check]:
        """Say beforehand what a run would lack; see :mod:`providers.azure.doctor`."""
        from providers.azure.doctor import examine  # noqa: PLC0415  lazy SDK

        return examine(self.plan(), self._settings)

    def _anonymous(self, found: Sequence[Visible]) -> list[str]:
        """Return the registries to read as anyone may: those that no tenant shows."""
        seen = {registry(row).login_server.lower() for one in found for row in one.rows}
        return [name for name in self._settings.anonymous_registries if name.lower() not in seen]

    def _view(self, tenant: TenantSettings, configured: Sequence[str]) -> TenantView:
        from providers.azure.client import AzureSession  # noqa: PLC0415  lazy SDK
        from providers.azure.discovery import Reach, discover  # noqa: PLC0415  lazy SDK

        tenant_id, reach = tenant.tenant_id, Reach(configured, tenant.management_groups)
        try:
            with AzureSession(self._settings, tenant_id) as session:
                return discover(session.graph(), tenant_id, reach, self._context)
        except SourceError as error:
            return TenantView(tenant_id, listing_error=error, registries_error=error)


def _task(one: Visible) -> Task:
    """Describe the reading of one subscription with nothing but text: it may run elsewhere."""
    found = [registry(row) for row in one.rows]
    return Task(
        provider=PROVIDER,
        task_id=f"azure/{one.subscription}",
        scopes=(
            *(inventory_scope(one.subscription, it.login_server, it.location) for it in found),
            *((settings_scope(one.subscription),) if found else ()),
            findings_scope(one.subscription),
        ),
        params={
            "tenant_id": one.tenant_id,
            "subscription": one.subscription,
            "registries": json.dumps(one.rows),
        },
    )


def _anonymous(login_server: str) -> Task:
    """Describe the reading of a registry of which nothing but its data plane can be seen."""
    scope = inventory_scope("", login_server, "")
    return Task(PROVIDER, f"azure/{login_server}", (scope,), {ANONYMOUS: login_server})


_: type[RegistryProvider] = AzureProvider
_p: type[Pulls] = AzureProvider
