"""Logins to pull images with: an Entra token traded for a registry's refresh token.

The client trades that for an access token to each repository, by the registry's role assignments
or, where access is granted by repository (ABAC), by the repository's: the login is the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from audit.errors import AccessDeniedError, NotFoundError, SourceError, TerminalError
from audit.keeping import Keeper, Lasting
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import Plan
from audit.ports import PullLogin
from providers.azure.names import ANONYMOUS
from providers.azure.settings import AzureSettings

NOBODY = "00000000-0000-0000-0000-000000000000"
"""User name that goes with a refresh token (Azure's documentation of ``az acr login``)."""
_OPERATION = "resourcegraph:registries"
_DOMAINS = (".azurecr.io", ".azurecr.us", ".azurecr.cn")
_LONGEST = 3600.0
"""Seconds for which a login is kept at most, also where its token tells a later end or none."""


class AcrPulls:
    """The logins of every registry that is pulled from. Thread-safe.

    Args:
        plan: Finds the registries of every tenant and hands what it found to :meth:`learn`; called
            where that was not done yet and more than one tenant may hold a registry.
    """

    def __init__(self, settings: AzureSettings, plan: Callable[[], Plan]) -> None:
        self._settings, self._plan = settings, plan
        self._lock = threading.Lock()
        self._learned: Plan | None = None
        self._homes: dict[str, str] = {}
        self._kept: Keeper[str, PullLogin] = Keeper(self._fetched)

    def learn(self, plan: Plan) -> Plan:
        """Note through which tenant each registry is read; returns the plan."""
        homes = {
            ref.scope_id.removeprefix("azure/").lower(): task.params.get("tenant_id", ANONYMOUS)
            for task in plan.tasks
            for ref in task.scopes
            if ref.kind is ScopeKind.INVENTORY
        }
        self._homes, self._learned = homes, plan
        return plan

    def login(self, login_server: str) -> PullLogin:
        """Return how images of a registry are pulled; see :class:`audit.ports.Pulls`."""
        return self._kept.get(login_server)

    def _fetched(self, login_server: str) -> Lasting[PullLogin]:
        from providers.azure.acr_tokens import lifetime  # noqa: PLC0415  lazy SDK
        from providers.azure.client import AzureSession  # noqa: PLC0415  lazy SDK

        home = self._home(login_server)
        if home == ANONYMOUS:
            return Lasting(self._login(login_server), float("inf"))
        with AzureSession(self._settings, home) as session:
            token = session.refresh_token(login_server)
        return Lasting(self._login(login_server, NOBODY, token), min(lifetime(token), _LONGEST))

    def _login(self, login_server: str, username: str = "", secret: str = "") -> PullLogin:
        address = urlsplit(self._settings.registry_endpoint(login_server))
        return PullLogin(
            host=address.netloc,
            username=username,
            secret=secret,
            plain_http=address.scheme == "http",
            ca_file=self._settings.ca_file,
            traceless=True,  # a registry of Azure tells no time of a pull, and keeps none to tell
        )

    def _home(self, login_server: str) -> str:
        """Return the tenant that a registry is read through, or ``anonymous``.

        Raises:
            SourceError: No tenant shows it: a *NotFoundError* where all could be looked at.
        """
        name, tenants = login_server.lower(), self._settings.tenants
        open_to_all = name in map(str.lower, self._settings.anonymous_registries)
        with self._lock:
            alone = len(tenants) == 1 and name.endswith(_DOMAINS) and not open_to_all
            if self._learned is None and not alone:
                self._plan()
        if self._learned is None:
            return tenants[0].tenant_id
        if name not in self._homes:
            raise self._lost(self._learned)
        return self._homes[name]

    def _lost(self, plan: Plan) -> SourceError:
        told = next((one for one in plan.outcomes if one.outcome is not Outcome.COMPLETE), None)
        if told is None:
            return NotFoundError("no tenant shows the registry", operation=_OPERATION)
        kind = AccessDeniedError if told.missing_permission else TerminalError
        return kind(
            f"no tenant shows the registry: {told.error}",
            operation=_OPERATION,
            code=told.error_code or "",
            permission=told.missing_permission or "",
        )
