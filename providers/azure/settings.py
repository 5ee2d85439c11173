"""What the configuration says of Azure: tenants, credentials by reference, windows, endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, model_validator

from audit.endpoints import check_endpoint, is_loopback
from audit.ports import Settings

PUBLIC_RESOURCE_MANAGER = "https://management.azure.com"
PUBLIC_REGISTRIES = "https://containerregistry.azure.net"

Cloud = Literal["public", "usgov", "china"]
CredentialKind = Literal[
    "client_secret", "client_certificate", "workload_identity", "managed_identity", "developer"
]


class _Sovereign(NamedTuple):
    authority: str
    resource_manager: str


_SOVEREIGN: Mapping[str, _Sovereign] = {
    "usgov": _Sovereign("https://login.microsoftonline.us", "https://management.usgovcloudapi.net"),
    "china": _Sovereign("https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn"),
}


class TenantSettings(Settings):
    """One Entra tenant and who reads it.

    Attributes:
        tenant_id: Directory id; Resource Graph never crosses tenants.
        client_id: Application (client) id; for a managed identity, the user-assigned one.
        client_secret: Secret of the application.
        client_certificate: PEM or PKCS12 file of the application, with its private key.
        client_certificate_password: Password of that file.
        credential: Which credential to use; ``developer`` is the login of the Azure CLI. Empty: a
            secret or a certificate that is named here, else the workload identity of the pod where
            its environment is there, else the managed identity of the host.
        management_groups: Groups to read below; empty means all that the identity sees.
    """

    tenant_id: str = Field(min_length=1)
    client_id: str | None = None
    client_secret: SecretStr | None = None
    client_certificate: FilePath | None = None
    client_certificate_password: SecretStr | None = None
    credential: CredentialKind | None = None
    management_groups: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _what_is_named_fits(self) -> TenantSettings:
        if self.client_secret is not None and self.client_certificate is not None:
            raise ValueError("client_secret and client_certificate exclude each other")
        if self.client_certificate_password is not None and self.client_certificate is None:
            raise ValueError("client_certificate_password needs a client_certificate")
        for name in ("client_secret", "client_certificate"):
            told = getattr(self, name) is not None
            if told and not self.client_id:
                raise ValueError(f"{name} needs the client_id of its application")
            if told and self.credential not in {None, name}:
                raise ValueError(f"{name} is not used by credential: {self.credential}")
            if self.credential == name and not told:
                raise ValueError(f"credential: {name} needs {name}")
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
        cloud: Which Azure; the sovereign ones have addresses and token audiences of their own.
        subscriptions: Subscription ids to read; empty means every one the principal sees.
        repositories: Login server -> repositories known to be there. They are read where the
            catalogue is denied, as it is without the Catalog Lister role; it is reported as such.
        anonymous_registries: Login servers to read as anyone may, without a credential.
        full_listing_days: Every repository is listed whole at least once in so many days, also
            where its attributes say that nothing changed; 1 lists everything every time.
        count_check: ``always`` asks every repository how many manifests it has, one request each;
            ``spread`` does too, but of those it sees for the first time asks every other in the
            next night; ``in_doubt`` asks only where something seems to be missing.
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
    cloud: Cloud = "public"
    subscriptions: tuple[str, ...] = ()
    repositories: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    anonymous_registries: tuple[str, ...] = ()
    full_listing_days: int = Field(default=7, ge=1, le=90)
    count_check: Literal["always", "spread", "in_doubt"] = "spread"
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
        sovereign = _SOVEREIGN.get(self.cloud)
        usual = sovereign.resource_manager if sovereign else PUBLIC_RESOURCE_MANAGER
        return (self.endpoints.resource_manager or usual).rstrip("/")

    @property
    def authority(self) -> str | None:
        """Login host of Entra ID; None for the public one."""
        sovereign = _SOVEREIGN.get(self.cloud)
        return self.endpoints.authority or (sovereign.authority if sovereign else None)

    @property
    def registry_audience(self) -> str:
        """What a token for a registry is for; sovereign clouds take Resource Manager's."""
        sovereign = _SOVEREIGN.get(self.cloud)
        return sovereign.resource_manager if sovereign else PUBLIC_REGISTRIES

    @property
    def resource_manager_scope(self) -> str:
        """Token scope for Resource Manager; a loopback server stands for the public cloud."""
        address = self.resource_manager
        if is_loopback(urlsplit(address).hostname or ""):
            sovereign = _SOVEREIGN.get(self.cloud)
            address = sovereign.resource_manager if sovereign else PUBLIC_RESOURCE_MANAGER
        return f"{address}/.default"

    def selects(self, repository: str) -> bool:
        """Whether the patterns let a repository through."""
        return any(fnmatchcase(repository, pattern) for pattern in self.include) and not any(
            fnmatchcase(repository, pattern) for pattern in self.exclude
        )
