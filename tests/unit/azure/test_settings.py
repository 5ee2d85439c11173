"""The azure block of the configuration: what it refuses and what it leads to."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from providers.azure.settings import AzureSettings


def settings(**changes: Any) -> AzureSettings:
    return AzureSettings.model_validate({"tenants": [{"tenant_id": "t-1"}]} | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tenants": []}, "at least 1 item"),
        ({"tenants": [{"tenant_id": ""}]}, "tenant_id"),
        ({"tenants": [{"tenant_id": "a", "tennant": "b"}]}, "Extra inputs"),
        ({"tenants": [{"tenant_id": "a"}, {"tenant_id": "a"}]}, "named twice"),
        ({"tenants": [{"tenant_id": "a", "client_secret": "s3cret"}]}, "needs the client_id"),
        ({"tenants": [{"tenant_id": "a", "credential": "client_secret"}]}, "needs client_secret"),
        ({"tenants": [{"tenant_id": "a", "credential": "guess"}]}, "credential"),
        ({"tenants": [{"tenant_id": "a", "client_certificate": "/no.pem"}]}, "client_certificate"),
        ({"tenants": [{"tenant_id": "a", "client_certificate_password": "s3cret"}]}, "needs a"),
        (
            {
                "tenants": [
                    {
                        "tenant_id": "a",
                        "client_id": "b",
                        "client_secret": "s3cret",
                        "credential": "developer",
                    }
                ]
            },
            "not used by",
        ),
        ({"cloud": "germany"}, "cloud"),
        ({"full_listing_days": 0}, "full_listing_days"),
        ({"count_check": "never"}, "count_check"),
        ({"subscription": []}, "Extra inputs"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"rescan_window_days": 0}, "rescan_window_days"),
        ({"pending_hours": -1}, "pending_hours"),
        ({"ca_file": "/not/there.pem"}, "ca_file"),
        ({"endpoints": {"arm": "https://x"}}, "Extra inputs"),
        ({"endpoints": {"resource_manager": "http://x.example"}}, "not loopback"),
        ({"endpoints": {"registries": {"a": "http://127.0.0.1:1"}}}, "allow_insecure_loopback"),
        (
            {"endpoints": {"authority": "http://127.0.0.1:1"}, "allow_insecure_loopback": True},
            "https only",
        ),
    ],
)
def test_refused(changes, words):
    with pytest.raises(ValidationError, match=words) as told:
        settings(**changes)
    assert "s3cret" not in str(told.value.errors(include_input=False))


def test_a_secret_is_not_shown():
    tenant = {"tenant_id": "a", "client_id": "b", "client_secret": "s3cret"}
    assert "s3cret" not in repr(settings(tenants=[tenant]))


def test_a_tenant_is_found_by_its_id():
    assert settings().tenant("t-1").tenant_id == "t-1"
    with pytest.raises(KeyError):
        settings().tenant("t-2")


@pytest.mark.parametrize(
    ("override", "address", "scope"),
    [
        (None, "https://management.azure.com", "https://management.azure.com/.default"),
        (
            "https://management.usgovcloudapi.net/",
            "https://management.usgovcloudapi.net",
            "https://management.usgovcloudapi.net/.default",
        ),
        (
            "https://127.0.0.1:8443",
            "https://127.0.0.1:8443",
            "https://management.azure.com/.default",
        ),
        ("https://[::1]:8443", "https://[::1]:8443", "https://management.azure.com/.default"),
    ],
)
def test_the_token_scope_follows_the_cloud_and_loopback_stands_for_the_public_one(
    override, address, scope
):
    told = settings(endpoints={"resource_manager": override})
    assert (told.resource_manager, told.resource_manager_scope) == (address, scope)


def test_a_registry_is_reached_at_its_login_server_or_where_the_settings_say():
    told = settings(endpoints={"registries": {"a.azurecr.io": "https://private.example/"}})
    assert told.registry_endpoint("a.azurecr.io") == "https://private.example"
    assert told.registry_endpoint("b.azurecr.io") == "https://b.azurecr.io"


@pytest.mark.parametrize(
    ("include", "exclude", "name", "chosen"),
    [
        (["*"], [], "team/app", True),
        (["team/*"], [], "team/app", True),
        (["team/*"], [], "Team/app", False),
        (["*"], ["team/*"], "team/app", False),
        ([], [], "team/app", False),
    ],
)
def test_patterns(include, exclude, name, chosen):
    assert settings(include=include, exclude=exclude).selects(name) is chosen
