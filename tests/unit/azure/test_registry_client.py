"""The ACR data plane through the SDK's pipeline: what it costs, where paging ends, who is asked."""

from __future__ import annotations

import traceback
from urllib.parse import urlsplit

import pytest

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    NotFoundError,
    SourceError,
    ThrottledError,
    UnavailableError,
)
from tests.unit.azure.acr_script import ATTEMPTS, MANIFESTS, Registry, drained, opened, paged
from tests.unit.azure.scripted import CUT, Asked, Say, jwt


def test_twelve_pages_cost_twelve_requests_and_one_set_of_tokens():
    registry = Registry(paged(MANIFESTS, "manifests", 100))
    with opened(registry) as (client, server):
        rows, error = drained(client.manifests("team/app"))
    assert (rows, error) == (MANIFESTS, None)
    assert registry.calls == {"data": 12, "exchange": 1, "token": 1}
    assert client.calls == 12
    assert "n=1000" in server.asked[2].path
    assert {urlsplit(asked.path).path for asked in server.asked} == {
        "/acr/v1/team%2Fapp/_manifests",
        "/oauth2/exchange",
        "/oauth2/token",
    }
    assert all(asked.headers["User-Agent"].startswith("registry-audit ") for asked in server.asked)


def test_every_repository_costs_one_token_and_the_registry_one_exchange():
    registry = Registry(paged(MANIFESTS[:300], "manifests", 100))
    with opened(registry) as (client, _):
        for name in ("a", "b", "team/c", "a", "team/c"):
            assert drained(client.manifests(name)) == (MANIFESTS[:300], None)
    assert registry.calls == {"data": 15, "exchange": 1, "token": 3}


def test_tokens_that_ran_out_are_asked_for_again_without_an_error():
    registry = Registry(paged(MANIFESTS[:10], "manifests", 5), refresh_lifetime=-60)
    with opened(registry) as (client, _):
        assert drained(client.manifests("a")) == (MANIFESTS[:10], None)
        registry.expire()
        assert drained(client.manifests("a")) == (MANIFESTS[:10], None)
    assert registry.calls["exchange"] == 2


def test_an_access_token_that_ran_out_alone_costs_one_more_token():
    registry = Registry(paged(MANIFESTS[:10], "manifests", 5))
    with opened(registry) as (client, _):
        drained(client.manifests("a"))
        registry._access.clear()
        assert drained(client.manifests("a")) == (MANIFESTS[:10], None)
    assert registry.calls["exchange"] == 1
    assert registry.calls["token"] == 2


def test_a_refused_credential_is_denied_at_once_and_not_asked_anonymously():
    def answer(asked: Asked) -> Say:
        if asked.path.startswith("/oauth2/"):
            return Say({"errors": [{"code": "UNAUTHORIZED", "message": "who?"}]}, 401)
        told = 'Bearer realm="x",service="here",scope="registry:catalog:*"'
        return Say({}, 401, {"WWW-Authenticate": told})

    with opened(answer) as (client, server):
        _, error = drained(client.repositories())
    assert type(error) is AccessDeniedError
    assert (error.operation, error.code) == ("acr:ListRepositories", "UNAUTHORIZED")
    assert "registries/pull/read" in error.permission
    assert [urlsplit(asked.path).path for asked in server.asked] == ["/oauth2/exchange"]


@pytest.mark.parametrize("challenge", ["Basic realm=x", 'Bearer realm="x"', "Bearer scope", None])
def test_a_refusal_without_a_challenge_that_can_be_met_is_denied(challenge):
    def answer(asked: Asked) -> Say:
        if asked.path.startswith("/oauth2/"):
            return Say({"refresh_token": jwt(900), "access_token": jwt(900)})
        return Say({}, 401, {"WWW-Authenticate": challenge} if challenge else {})

    with opened(answer) as (client, server):
        _, error = drained(client.repositories())
    assert isinstance(error, AccessDeniedError)
    assert len(server.asked) == 3


@pytest.mark.parametrize("answer", [{}, [], {"refresh_token": 7}, b"secret", {"access_token": "x"}])
def test_a_token_answer_of_another_shape_is_a_broken_page_and_not_repeated(answer):
    with opened(lambda _: Say(answer)) as (client, _):
        _, error = drained(client.repositories())
    assert isinstance(error, BrokenPageError)
    shown = "".join(traceback.format_exception(error))
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("said", "kind", "requests"),
    [
        (Say({"errors": [{"code": "DENIED", "message": "no"}]}, 403), AccessDeniedError, 1),
        (Say({"errors": [{"code": "NAME_UNKNOWN", "message": "no"}]}, 404), NotFoundError, 1),
        (Say({}, 429, {"Retry-After": "0"}), ThrottledError, ATTEMPTS),
        (Say({}, 503), UnavailableError, ATTEMPTS),
        (CUT, UnavailableError, ATTEMPTS),
        (Say({}, 307, {"Location": "https://elsewhere.example/"}), SourceError, 1),
        (Say(b"{"), BrokenPageError, 1),
        (Say(b"{", headers={"Content-Type": "text/plain"}), BrokenPageError, 1),
        (Say([]), BrokenPageError, 1),
        (Say({}), BrokenPageError, 1),
        (Say({"manifests": {}}), BrokenPageError, 1),
        (Say({"manifests": [{"tags": []}]}), BrokenPageError, 1),
        (Say({"manifests": ["text"]}), BrokenPageError, 1),
    ],
)
def test_a_page_that_fails_for_good_keeps_those_before_it(said, kind, requests):
    first = paged(MANIFESTS[:20], "manifests", 10)

    def data(asked: Asked) -> Say:
        return said if "last=" in asked.path else first(asked)

    registry = Registry(data)
    with opened(registry) as (client, _):
        rows, error = drained(client.manifests("a"))
    assert rows == MANIFESTS[:10]
    assert isinstance(error, kind)
    assert error.operation == "acr:ListManifests"
    assert registry.calls["data"] == 1 + requests


@pytest.mark.parametrize("path", ["/oauth2/exchange", "/oauth2/token"])
def test_a_token_call_that_is_cut_is_made_again(path):
    registry, cut = Registry(paged(MANIFESTS[:3], "manifests", 5)), [CUT]

    def answer(asked: Asked) -> Say:
        return cut.pop() if asked.path.startswith(path) and cut else registry(asked)

    with opened(answer) as (client, _):
        assert drained(client.manifests("a")) == (MANIFESTS[:3], None)
    assert not cut


def test_a_manifest_is_asked_for_with_index_types_and_its_own_token():
    registry = Registry(lambda _: Say({"manifests": []}))
    with opened(registry) as (client, server):
        drained(client.manifests("team/app"))
        assert client.manifest("team/app", "sha256:1") == {"manifests": []}
    asked = server.asked[-1]
    assert asked.path == "/v2/team%2Fapp/manifests/sha256%3A1"
    assert "application/vnd.oci.image.index.v1+json" in asked.headers["Accept"]
    assert registry.calls["token"] == 2


def test_a_server_that_is_not_there_is_unavailable():
    with opened(lambda _: CUT) as (client, server):
        server._server.server_close()
        _, error = drained(client.repositories())
    assert isinstance(error, UnavailableError)
