"""A sign-in service that hangs must not hold up the night."""

from typing import Any

import pytest

from providers.azure import client
from providers.azure.settings import AzureSettings


@pytest.mark.parametrize("kind", ["ClientSecretCredential", "WorkloadIdentityCredential"])
def test_the_sign_in_has_time_outs_of_its_own(kind, monkeypatch):
    given: dict[str, Any] = {}
    monkeypatch.setattr(client, kind, lambda *_, **options: given.update(options))
    tenant: dict[str, Any] = {"tenant_id": "00000000-0000-4000-8000-000000000001"}
    if kind == "ClientSecretCredential":
        tenant |= {"client_id": "c", "client_secret": "s"}
    else:
        for name in client._WORKLOAD:
            monkeypatch.setenv(name, "set")
    settings = AzureSettings.model_validate({"tenants": [tenant]})
    client._credential(settings, settings.tenants[0])
    assert given["connection_timeout"] <= 20
    assert given["read_timeout"] <= 30
    assert given["retry_total"] <= 5
