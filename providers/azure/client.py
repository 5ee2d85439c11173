"""Credentials and clients of one tenant, opened lazily and closed together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from azure.identity import (
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from audit.errors import AccessDeniedError
from providers.azure.acr_pipeline import AcrPipeline
from providers.azure.graph_client import GraphClient
from providers.azure.registry_client import RegistryClient
from providers.azure.settings import AzureSettings, TenantSettings

USER_AGENT = "registry-audit"
_WORKLOAD = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE")


class AzureSession:
    """Everything needed to read one tenant. Not thread-safe: a task has its own.

    Raises:
        AccessDeniedError: On entering, when the credential is not configured as it must be.
    """

    def __init__(self, settings: AzureSettings, tenant_id: str) -> None:
        self._settings = settings
        self._tenant = settings.tenant(tenant_id)
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._credential = _credential(self._settings, self._tenant)
        except ValueError as error:
            raise AccessDeniedError(str(error), operation="entra:GetToken") from error
        self._opened.enter_context(self._credential)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def graph(self) -> GraphClient:
        """Open Resource Graph."""
        client = GraphClient(
            self._settings.resource_manager,
            self._settings.resource_manager_scope,
            self._credential,
            client_options(self._settings),
        )
        self._opened.callback(client.close)
        return client

    @contextmanager
    def registry(self, login_server: str, *, abac: bool) -> Iterator[RegistryClient]:
        """Open a registry's data plane for a while.

        The tenant's credential is always sent: a registry that refuses it is *denied*, even where
        anyone may pull, for an anonymous look may show less than there is.
        """
        pipeline = AcrPipeline(
            self._settings.registry_endpoint(login_server),
            self._credential,
            client_options(self._settings),
        )
        try:
            yield RegistryClient(pipeline, abac=abac)
        finally:
            pipeline.close()


def client_options(settings: AzureSettings) -> dict[str, Any]:
    """Return what every SDK client gets: attempts, waits, trust, and no redirects.

    No call of this adapter is answered by a redirect, and a token must not follow one.
    """
    again = settings.max_attempts - 1
    retries = ("retry_total", "retry_connect", "retry_read", "retry_status")
    return {
        "user_agent": USER_AGENT,
        **dict.fromkeys(retries, again),
        "retry_backoff_factor": 0.4,
        "retry_backoff_max": 30,
        "connection_timeout": 20,
        "read_timeout": 120,
        "permit_redirects": False,
        **_trust(settings),
    }


def _trust(settings: AzureSettings) -> dict[str, Any]:
    return {"connection_verify": str(settings.ca_file)} if settings.ca_file else {}


def _credential(settings: AzureSettings, tenant: TenantSettings) -> Any:  # noqa: ANN401  closable
    """Return the one credential the settings name; never a chain that guesses.

    ``disable_instance_discovery`` comes with an authority of one's own: it is not in Microsoft's
    public list of authorities.
    """
    # The SDK's own time-out is five minutes, five times over: long enough to spoil the night.
    options: dict[str, Any] = {
        "user_agent": USER_AGENT,
        "connection_timeout": 20,
        "read_timeout": 30,
        "retry_total": 2,
        **_trust(settings),
    }
    if settings.endpoints.authority is not None:
        options |= {
            "authority": settings.endpoints.authority,
            "disable_instance_discovery": True,
        }
    if tenant.client_id and tenant.client_secret is not None:
        secret = tenant.client_secret.get_secret_value()
        options |= {"retry_total": settings.max_attempts - 1, "retry_backoff_factor": 0.4}
        return ClientSecretCredential(tenant.tenant_id, tenant.client_id, secret, **options)
    if all(os.environ.get(name) for name in _WORKLOAD):
        return WorkloadIdentityCredential(
            tenant_id=tenant.tenant_id, client_id=tenant.client_id, **options
        )
    return ManagedIdentityCredential(client_id=tenant.client_id)
