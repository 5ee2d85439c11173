"""Which credential is used, and with which options the SDK's clients are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme
from azure.identity import (
    AzureCliCredential,
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from audit.errors import AccessDeniedError
from providers.azure.client import AzureSession, client_options
from providers.azure.settings import AzureSettings

VARIABLES = (
    *("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"),
    *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"),
)


@pytest.fixture(autouse=True)
def bare_host(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def settings(tenant: dict[str, str], **changes: Any) -> AzureSettings:
    return AzureSettings.model_validate({"tenants": [{"tenant_id": "t-1"} | tenant]} | changes)


def credential(tenant: dict[str, str]) -> object:
    with AzureSession(settings(tenant), "t-1") as session:
        return session._credential


def test_a_client_secret_wins_over_the_environment(monkeypatch):
    for name in VARIABLES[:3]:
        monkeypatch.setenv(name, "x")
    secret = {"client_id": "c", "client_secret": "s"}
    assert isinstance(credential(secret), ClientSecretCredential)


def test_a_workload_identity_is_used_where_its_environment_is(monkeypatch):
    for name in VARIABLES[:3]:
        monkeypatch.setenv(name, "x")
    assert isinstance(credential({}), WorkloadIdentityCredential)


@pytest.mark.parametrize("missing", VARIABLES[:3])
def test_else_the_managed_identity_of_the_host(monkeypatch, missing):
    for name in VARIABLES[:3]:
        if name != missing:
            monkeypatch.setenv(name, "x")
    assert isinstance(credential({"client_id": "c"}), ManagedIdentityCredential)


@pytest.mark.parametrize(
    ("named", "made"),
    [
        ("workload_identity", WorkloadIdentityCredential),
        ("managed_identity", ManagedIdentityCredential),
        ("developer", AzureCliCredential),
    ],
)
def test_the_credential_that_is_named_is_used_whatever_the_environment(monkeypatch, named, made):
    for name in VARIABLES[:3]:
        monkeypatch.setenv(name, "x")
    assert type(credential({"credential": named})) is made


def test_a_client_certificate_is_read_from_its_file(tmp_path: Path):
    path = tmp_path / "who.pem"
    issued = trustme.CA().issue_cert("registry-audit.example", key_type=trustme.KeyType.RSA)
    issued.private_key_and_cert_chain_pem.write_to_path(str(path))
    found = credential({"client_id": "c", "client_certificate": str(path)})
    assert isinstance(found, CertificateCredential)


def test_a_certificate_file_that_holds_none_is_an_outcome_not_a_crash(tmp_path: Path):
    path = tmp_path / "who.pem"
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(AccessDeniedError):
        credential({"client_id": "c", "client_certificate": str(path)})


@pytest.mark.parametrize(
    ("cloud", "authority", "audience"),
    [
        ("usgov", "https://login.microsoftonline.us", "https://management.usgovcloudapi.net"),
        ("china", "https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn"),
    ],
)
def test_sovereign_clouds_have_their_own_addresses_and_audiences(cloud, authority, audience):
    told = settings({}, cloud=cloud)
    assert (told.authority, told.resource_manager) == (authority, audience)
    assert told.resource_manager_scope == f"{audience}/.default"
    assert told.registry_audience == audience
    public = settings({})
    assert (public.authority, public.registry_audience) == (
        None,
        "https://containerregistry.azure.net",
    )


def test_a_tenant_that_cannot_be_one_is_an_outcome_not_a_crash():
    tenant = {"tenant_id": "not a tenant", "client_id": "c", "client_secret": "s"}
    with (
        pytest.raises(AccessDeniedError, match="tenant"),
        AzureSession(settings(tenant), "not a tenant"),
    ):
        pass


def test_clients_get_attempts_trust_and_no_redirects(tmp_path: Path):
    trusted = tmp_path / "ca.pem"
    trusted.write_text("", encoding="utf-8")
    told = client_options(settings({}, max_attempts=4, ca_file=str(trusted)))
    assert {told[f"retry_{kind}"] for kind in ("total", "connect", "read", "status")} == {3}
    assert told["connection_verify"] == str(trusted)
    assert told["permit_redirects"] is False
    assert told["user_agent"] == "registry-audit"
    assert "connection_verify" not in client_options(settings({}))
