"""Logins to Artifact Registry: hosts and paths, one token for all, its end, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from google.auth import exceptions as auth_exceptions

from audit.errors import AccessDeniedError, SourceError, TerminalError, UnavailableError
from audit.ports import PullLogin
from providers.gcp.failures import Operation, translated
from providers.gcp.names import registry_id_of
from providers.gcp.provider import GcpProvider
from providers.gcp.pulls import USER
from providers.gcp.settings import GcpSettings
from providers.loopback.gcp import GcpLoopback
from tests.unit.gcp.parts import CONTEXT
from tests.unit.loopback.estates import small_estate

GAR = "europe-west1-docker.pkg.dev/acme-prod/apps"
Refresh: Any = auth_exceptions.RefreshError


@pytest.fixture
def cloud(tmp_path, monkeypatch) -> Iterator[GcpLoopback]:
    with GcpLoopback(small_estate()) as running:
        file = running.pulling.write_credentials(tmp_path, running.docker_url)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        yield running


def provider(**settings: Any) -> GcpProvider:
    return GcpProvider(GcpSettings.model_validate({"projects": ["p"], **settings}), CONTEXT)


def login(registry_id: str = GAR, **settings: Any) -> PullLogin:
    return provider(**settings).pull_login(registry_id, "shop/web")


def test_a_login_is_an_access_token_and_the_path_is_split(cloud):
    got = login()
    assert (got.host, got.prefix) == ("europe-west1-docker.pkg.dev", "acme-prod/apps/")
    assert (got.username, got.plain_http) == (USER, False)
    assert got.secret in cloud.pulling.given
    assert got.secret not in repr(got)
    assert got.traceless is False, "an image that was pulled is scanned on for 30 days"


@pytest.mark.parametrize(
    ("name", "host", "prefix"),
    [
        ("projects/p/locations/us/repositories/gcr.io", "us-docker.pkg.dev", "p/gcr.io/"),
        ("projects/p/locations/asia/repositories/r", "asia-docker.pkg.dev", "p/r/"),
        (
            "projects/example.com:p/locations/us/repositories/r",
            "us-docker.pkg.dev",
            "example.com/p/r/",
        ),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_every_registry_that_is_listed_can_be_pulled_from(name, host, prefix):
    got = login(registry_id_of(name))
    assert (got.host, got.prefix) == (host, prefix)


@pytest.mark.parametrize(
    "registry_id",
    [
        *("", "example.com/p/r", "us-docker.pkg.dev", "us-docker.pkg.dev/p"),
        *("evil.com/us-docker.pkg.dev/p/r", "us-docker.pkg.dev.evil.com/p/r"),
        *("us-docker.pkg.dev:1/p/r", "us-docker.pkg.dev/a/b/c/d"),
    ],
)
def test_what_is_no_registry_of_google_is_given_no_token(cloud, registry_id):
    with pytest.raises(TerminalError, match="no registry of Artifact Registry"):
        login(registry_id)
    assert not cloud.pulling.given


def test_another_address_may_name_the_location(cloud):
    got = login(endpoints={"docker": "https://{location}.mirror.example.com"})
    assert got.host == "europe-west1.mirror.example.com"
    plain = login(endpoints={"docker": cloud.docker_url}, allow_insecure_loopback=True)
    assert (plain.host, plain.plain_http) == (urlsplit(cloud.docker_url).netloc, True)


def test_one_token_does_for_every_registry_and_thread(cloud):
    asked = provider()
    with ThreadPoolExecutor(8) as pool:
        registries = [f"{place}-docker.pkg.dev/p/r" for place in ("us", "asia", "europe") * 8]
        logins = list(pool.map(lambda one: asked.pull_login(one, "x"), registries))
    assert len({one.secret for one in logins}) == 1
    assert len({one.host for one in logins}) == 3
    assert cloud.calls["sts.token"] == 1


@pytest.mark.parametrize(("after", "tokens"), [(2_600.0, 1), (2_800.0, 2)])
def test_a_token_is_renewed_a_quarter_of_an_hour_before_its_end(cloud, monkeypatch, after, tokens):
    now = [0.0]
    monkeypatch.setattr("audit.keeping.monotonic", lambda: now[0])
    asked = provider()
    for now[0] in (0.0, after):
        asked.pull_login(GAR, "x")
    assert cloud.calls["sts.token"] == tokens


def test_an_identity_that_is_refused_is_denied_and_asked_for_once(cloud):
    cloud.pulling.closed = True
    asked = provider()
    for _ in range(3):
        with pytest.raises(AccessDeniedError) as met:
            asked.pull_login(GAR, "x")
    assert met.value.operation == "docker:Pull"
    assert cloud.calls["sts.token"] == 1


def test_no_credentials_at_all_are_a_refusal(monkeypatch):
    def none(**_: Any) -> None:
        raise auth_exceptions.DefaultCredentialsError("none")  # type: ignore[no-untyped-call]

    monkeypatch.setattr("google.auth.default", none)
    with pytest.raises(AccessDeniedError):
        login()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Refresh("later", retryable=True), UnavailableError),
        (Refresh("never", retryable=False), AccessDeniedError),
    ],
)
def test_a_token_service_that_is_down_refuses_nobody(error, kind):
    with pytest.raises(SourceError) as met, translated(Operation("o", "")):
        raise error
    assert type(met.value) is kind


@pytest.mark.parametrize(
    ("token", "error"), [("", TerminalError), (None, TerminalError), ("t", None)]
)
def test_a_token_that_does_not_say_when_it_ends_is_used_once(monkeypatch, token, error):
    asked = []

    class Credentials:
        expiry = None

        def refresh(self, _: object) -> None:
            asked.append(1)
            self.token = token

    monkeypatch.setattr("google.auth.default", lambda **_: (Credentials(), None))
    given = provider()
    if error:
        with pytest.raises(error):
            given.pull_login(GAR, "x")
        return
    assert [given.pull_login(GAR, "x").secret for _ in range(2)] == ["t", "t"]
    assert len(asked) == 2
