"""What the configuration says of Azure: tenants, credentials by reference, windows, endpoints."""

from __future__ import annotations

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, model_validator

from audit.endpoints import check_endpoint, is_loopback
from audit.ports import Settings

PUBLIC_RESOURCE_MANAGER = "https://management.azure.com"


class TenantSettings(Settings):
    """One Entra tenant and who reads it.

    Attributes:
        tenant_id: Directory id; Resource Graph never crosses tenants.
        client_id: Application (client) id; for a managed identity, the user-assigned one.
        client_secret: Secret of the application; without it the workload identity of the pod is
            used where its environment is there, else the managed identity of the host.
    """

    tenant_id: str = Field(min_length=1)
    client_id: str | None = None
    client_secret: SecretStr | None = None

    @model_validator(mode="after")
    def _secret_needs_its_application(self) -> TenantSettings:
        if self.client_secret is not None and not self.client_id:
            raise ValueError("client_secret needs the client_id of its application")
        return self


class EndpointSettings(Settings):
    """Addresses used instead of the public cloud's.

    Attributes:
        authority: Entra ID login host, such as ``https://login.microsoftonline.us``.
        resource_manager: Resource Manager, such as ``https://management.usgovcloudapi.net``.
        registries: Login server -> address to reach its data plane at.
    """

    authority: str | None = None
    resource_manager: str | None = None
    registries: dict[str, str] = Field(default_factory=dict)


class AzureSettings(Settings):
    """The ``azure`` block of the configuration.

    Attributes:
        subscriptions: Subscription ids to read; empty means every one the principal sees.
        rescan_window_days: Age in days (since push) up to which Defender rescans an image.
        pending_hours: Hours after a push in which no statement is expected yet.
        full_read_days: Days after which everything Defender says is read again; in between only
            what its summary shows to have changed.
        ca_file: PEM file of the authorities to trust instead of the built-in ones.
        max_attempts: Attempts a call gets, the first included.
        include: Patterns (fnmatch) of repository names to read.
        exclude: Patterns of repository names to leave out; wins over ``include``.
    """

    tenants: tuple[TenantSettings, ...] = Field(min_length=1)
    subscriptions: tuple[str, ...] = ()
    rescan_window_days: int = Field(default=30, ge=1)
    pending_hours: int = Field(default=1, ge=0)
    full_read_days: int = Field(default=7, ge=1)
    endpoints: EndpointSettings = Field(default_factory=EndpointSettings)
    ca_file: FilePath | None = None
    allow_insecure_loopback: bool = False
    max_attempts: int = Field(default=6, ge=1, le=20)
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _endpoints_may_be_talked_to(self) -> AzureSettings:
        places = self.endpoints
        for url in (places.authority, places.resource_manager, *places.registries.values()):
            if url is not None:
                check_endpoint(url, allow_insecure_loopback=self.allow_insecure_loopback)
        if places.authority is not None and not places.authority.startswith("https://"):
            raise ValueError("endpoints.authority: azure-identity sends secrets over https only")
        return self

    @model_validator(mode="after")
    def _tenants_are_named_once(self) -> AzureSettings:
        if len({tenant.tenant_id for tenant in self.tenants}) != len(self.tenants):
            raise ValueError("tenants: a tenant_id is named twice")
        return self

    def tenant(self, tenant_id: str) -> TenantSettings:
        """Return the settings of a configured tenant.

        Raises:
            KeyError: No tenant of this id is configured.
        """
        for tenant in self.tenants:
            if tenant.tenant_id == tenant_id:
                return tenant
        raise KeyError(tenant_id)

    def registry_endpoint(self, login_server: str) -> str:
        """Return the address of a registry's data plane."""
        return self.endpoints.registries.get(login_server, f"https://{login_server}").rstrip("/")

    @property
    def resource_manager(self) -> str:
        """Address of Resource Manager."""
        return (self.endpoints.resource_manager or PUBLIC_RESOURCE_MANAGER).rstrip("/")

    @property
    def resource_manager_scope(self) -> str:
        """Token scope for Resource Manager; a loopback server stands for the public cloud."""
        address = self.resource_manager
        loopback = is_loopback(urlsplit(address).hostname or "")
        return f"{PUBLIC_RESOURCE_MANAGER if loopback else address}/.default"

    def selects(self, repository: str) -> bool:
        """Whether the patterns let a repository through."""
        return any(fnmatchcase(repository, pattern) for pattern in self.include) and not any(
            fnmatchcase(repository, pattern) for pattern in self.exclude
        )
