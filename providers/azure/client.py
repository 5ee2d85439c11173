"""Credentials and clients of one tenant, opened lazily and closed together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from azure.core.credentials import TokenCredential
from azure.identity import (
    AzureCliCredential,
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from audit.errors import AccessDeniedError
from providers.azure.acr_pipeline import AcrPipeline
from providers.azure.arm_client import ArmClient
from providers.azure.failures import Call
from providers.azure.graph_client import GraphClient
from providers.azure.registry_client import RegistryClient
from providers.azure.settings import AzureSettings, TenantSettings

USER_AGENT = "registry-audit"
_EXCHANGE = Call("acr:Exchange", "")  # takes no role; what is done with the token does
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
        except (OSError, ValueError) as error:
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

    def arm(self) -> ArmClient:
        """Open Resource Manager."""
        client = ArmClient(
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
        with opened_registry(self._settings, login_server, self._credential, abac=abac) as client:
            yield client

    def refresh_token(self, login_server: str) -> str:
        """Trade the tenant's token for a registry's refresh token, to log in with.

        Raises:
            SourceError: There is no token of the tenant, or the registry takes it for none.
        """
        with _pipeline(self._settings, login_server, self._credential) as pipeline:
            return pipeline.tokens.refresh_token(_EXCHANGE)


@contextmanager
def opened_registry(
    settings: AzureSettings, login_server: str, credential: TokenCredential | None, *, abac: bool
) -> Iterator[RegistryClient]:
    """Open a registry's data plane for a while; without a credential, as anyone may."""
    with _pipeline(settings, login_server, credential) as pipeline:
        yield RegistryClient(pipeline, abac=abac)


@contextmanager
def _pipeline(
    settings: AzureSettings, login_server: str, credential: TokenCredential | None
) -> Iterator[AcrPipeline]:
    pipeline = AcrPipeline(
        settings.registry_endpoint(login_server),
        login_server,
        credential,
        settings.registry_audience,
        client_options(settings),
    )
    try:
        yield pipeline
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
    """Return the one credential the settings name; never a chain that guesses."""
    options = _sign_in_options(settings)
    kind = tenant.credential or _kind(tenant)
    if kind == "workload_identity":
        return WorkloadIdentityCredential(
            tenant_id=tenant.tenant_id, client_id=tenant.client_id, **options
        )
    if kind == "managed_identity":
        return ManagedIdentityCredential(client_id=tenant.client_id)
    if kind == "developer":
        return AzureCliCredential(tenant_id=tenant.tenant_id)
    options |= {"retry_total": settings.max_attempts - 1, "retry_backoff_factor": 0.4}
    who = (tenant.tenant_id, tenant.client_id or "")
    if kind == "client_certificate":
        password = tenant.client_certificate_password
        return CertificateCredential(
            *who,
            certificate_path=str(tenant.client_certificate),
            password=password.get_secret_value() if password else None,
            **options,
        )
    secret = tenant.client_secret.get_secret_value() if tenant.client_secret else ""
    return ClientSecretCredential(*who, secret, **options)


def _kind(tenant: TenantSettings) -> str:
    """Return what the settings imply: a secret or a certificate, the pod's or the host's."""
    if tenant.client_secret is not None:
        return "client_secret"
    if tenant.client_certificate is not None:
        return "client_certificate"
    pod = all(os.environ.get(name) for name in _WORKLOAD)
    return "workload_identity" if pod else "managed_identity"


def _sign_in_options(settings: AzureSettings) -> dict[str, Any]:
    """Return what every credential gets.

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
        options |= {"disable_instance_discovery": True}
    if settings.authority is not None:
        options |= {"authority": settings.authority}
    return options
