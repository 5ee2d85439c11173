"""Logins to registries of Azure: whose they are, what they hold, how long they are kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from audit.errors import AccessDeniedError, NotFoundError, SourceError, TerminalError
from audit.ports import PullLogin
from providers.azure import client
from providers.azure.provider import AzureProvider
from providers.azure.pulls import NOBODY
from providers.azure.settings import AzureSettings
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Fault
from tests.unit.azure.scripted import jwt
from tests.unit.azure.support import CONTEXT
from tests.unit.loopback.azure_estates import BARE, ONE, OPEN, PROD, TENANT, estate


def provider(cloud: AzureLoopback, **more: Any) -> AzureProvider:
    settings = {**cloud.settings(), "max_attempts": 1, **more}
    return AzureProvider(AzureSettings.model_validate(settings), CONTEXT)


def other_tenant(cloud: AzureLoopback) -> dict[str, Any]:
    """Another tenant before the real one: nothing can be read through it."""
    (real,) = cloud.settings()["tenants"]
    return {"tenants": [{**real, "tenant_id": "00000000-0000-0000-0000-0000000000ff"}, real]}


def test_a_login_is_the_refresh_token_of_nobody():
    with AzureLoopback(estate()) as cloud:
        got = provider(cloud).pull_login(PROD, "team/app")
        url, ca_file = (
            cloud.settings()["endpoints"]["registries"][PROD],
            cloud.settings()["ca_file"],
        )
    assert (got.host, got.prefix, got.plain_http) == (urlsplit(url).netloc, "", False)
    assert (got.username, str(got.ca_file)) == (NOBODY, ca_file)
    assert got.secret in cloud.issued
    assert got.secret not in repr(got)
    assert got.traceless is True


def test_one_exchange_does_for_every_repository_and_thread():
    with AzureLoopback(estate()) as cloud, ThreadPoolExecutor(8) as pool:
        asked = provider(cloud)
        logins = set(pool.map(lambda n: asked.pull_login(PROD, f"r{n}").secret, range(24)))
        assert (len(logins), cloud.calls["acr.exchange"]) == (1, 1)
        assert asked.pull_login(BARE, "r").secret not in logins
        assert cloud.calls["acr.exchange"] == 2
    assert cloud.calls["resource_graph.resources"] == 0, "with one tenant there is nothing to find"


def test_of_several_tenants_the_one_that_shows_the_registry_is_asked_for_once():
    with AzureLoopback(estate()) as cloud, ThreadPoolExecutor(4) as pool:
        asked = provider(cloud, **other_tenant(cloud))
        logins = pool.map(lambda name: asked.pull_login(name, "r").username, (PROD, BARE))
        assert list(logins) == [NOBODY] * 2
        found = cloud.calls["resource_graph.resources"]
        asked.pull_login(OPEN, "r")
        assert (cloud.calls["resource_graph.resources"], cloud.calls["acr.exchange"]) == (found, 3)


def test_what_the_plan_found_is_not_looked_for_again():
    with AzureLoopback(estate()) as cloud:
        asked = provider(cloud, **other_tenant(cloud))
        asked.plan()
        found = cloud.calls["resource_graph.resources"]
        asked.pull_login(PROD, "r")
        assert cloud.calls["resource_graph.resources"] == found


def test_a_registry_that_no_tenant_shows_is_denied_where_one_could_not_be_looked_at():
    with AzureLoopback(estate()) as cloud:
        asked = provider(cloud, **other_tenant(cloud))
        with pytest.raises(SourceError) as met:
            asked.pull_login("elsewhere.azurecr.io", "r")
        assert isinstance(met.value, TerminalError)
        assert not isinstance(met.value, NotFoundError)
        assert cloud.calls["acr.exchange"] == 0


def test_a_registry_that_is_not_there_is_not_found_and_gets_no_token():
    with AzureLoopback(estate()) as cloud:
        asked = provider(cloud)
        asked.plan()
        with pytest.raises(NotFoundError):
            asked.pull_login("elsewhere.azurecr.io", "r")
        assert cloud.calls["acr.exchange"] == 0


def test_a_name_that_is_none_of_azures_is_looked_for_and_gets_no_token():
    with AzureLoopback(estate()) as cloud:
        with pytest.raises(NotFoundError):
            provider(cloud).pull_login("registry.example.com", "r")
        assert cloud.calls["resource_graph.resources"] > 0


def test_a_registry_that_is_read_by_anyone_is_pulled_from_by_anyone():
    """Its plan shows none of it: the subscription is not visible to the tenant."""
    with AzureLoopback(estate(Fault("invisible", "azure", ONE))) as cloud:
        got = provider(cloud, anonymous_registries=[OPEN]).pull_login(OPEN, "r")
        assert cloud.calls["acr.exchange"] == 0
    assert (got.username, got.secret) == ("", "")


def test_a_registry_that_a_tenant_shows_is_pulled_from_with_its_login_though_anyone_may():
    with AzureLoopback(estate()) as cloud:
        got = provider(cloud, anonymous_registries=[OPEN]).pull_login(OPEN, "r")
    assert got.username == NOBODY


def test_an_exchange_that_is_refused_is_denied_and_repeats_no_token():
    with AzureLoopback(estate()) as cloud:
        cloud.trouble.no_exchange = True
        with pytest.raises(AccessDeniedError) as met:
            provider(cloud).pull_login(PROD, "r")
        assert met.value.operation == "acr:Exchange"
        told = f"{met.value!r} {met.value} {met.value.__cause__!r}"
        assert not [one for one in cloud.issued if one in told]


def test_an_identity_that_entra_refuses_is_denied():
    with AzureLoopback(estate()) as cloud:
        (tenant,) = cloud.settings()["tenants"]
        asked = provider(cloud, tenants=[{**tenant, "client_secret": "wrong"}])
        with pytest.raises(AccessDeniedError):
            asked.pull_login(PROD, "r")


@pytest.mark.parametrize(("after", "exchanges"), [(2_600.0, 1), (2_800.0, 2)])
def test_a_login_is_renewed_a_quarter_of_an_hour_before_the_hour(monkeypatch, after, exchanges):
    now = [0.0]
    monkeypatch.setattr("audit.keeping.monotonic", lambda: now[0])
    with AzureLoopback(estate()) as cloud:
        asked = provider(cloud)
        for now[0] in (0.0, after):
            asked.pull_login(PROD, "r")
        assert cloud.calls["acr.exchange"] == exchanges


@pytest.mark.parametrize(
    ("token", "seconds"), [("opaque", 3600.0), ("short", 120.0), ("long", 3600.0)]
)
def test_how_long_a_login_is_kept(monkeypatch, token, seconds):
    given = {"opaque": "opaque", "short": jwt(120), "long": jwt(10_800)}[token]
    monkeypatch.setattr(client.AzureSession, "refresh_token", lambda *_: given)
    settings = AzureSettings.model_validate(
        {"tenants": [{"tenant_id": TENANT, "client_id": "c", "client_secret": "s"}]}
    )
    kept = AzureProvider(settings, CONTEXT)._pulls._fetched("loopback.azurecr.io")
    assert kept.seconds == seconds
    assert kept.value == PullLogin(
        "loopback.azurecr.io", username=NOBODY, secret=given, traceless=True
    )
