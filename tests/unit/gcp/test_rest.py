"""The client of Google's JSON services: retries, refusals, pages, and whom it gives a token to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google.oauth2.credentials import Credentials

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    DisabledError,
    SourceError,
    TerminalError,
    ThrottledError,
    UnavailableError,
)
from audit.model.scope import ScopeTally
from providers.gcp.operations import LIST_PROJECTS, SERVICES
from providers.gcp.rest import RestClient
from providers.gcp.retry import Patience
from providers.gcp.scopes import root_scope
from providers.gcp.services import read_services
from providers.gcp.settings import GcpSettings
from providers.loopback.http import Request, Response, json_response, serve

PATH = "/v3/projects"
TOKEN = "ya29.planted"  # noqa: S105  planted, to be looked for


@contextmanager
def asking(
    answer: Callable[[Request], Response], **more: Any
) -> Iterator[tuple[RestClient, ScopeTally, list[Request]]]:
    got: list[Request] = []

    def handler(request: Request) -> Response:
        got.append(request)
        return answer(request)

    with serve(handler) as server:
        settings = GcpSettings.model_validate(
            {
                "projects": ["p"],
                "max_attempts": 3,
                "allow_insecure_loopback": True,
                "endpoints": {"resource_manager": server.url, "service_usage": server.url},
                **more,
            }
        )
        with RestClient(settings, Patience(3, sleep=lambda _: None)) as client:
            yield client, ScopeTally(root_scope("organizations/1")), got


def refusal(status: int, reason: str = "", **metadata: str) -> Response:
    info: dict[str, object] = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
    }
    info |= {"domain": "googleapis.com", "metadata": metadata}
    error = {"code": status, "message": "no", "details": [info] if reason else []}
    return json_response({"error": error}, status)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_over_rest_the_parents_are_raised_and_tried_again(status):
    """429 is TooManyRequests here: a retry that waits for ResourceExhausted would miss it."""

    def answer(_: Request) -> Response:
        return refusal(status) if len(got) < 3 else json_response({"projectId": "p"})

    with asking(answer) as (client, tally, got):
        assert client.get(tally, LIST_PROJECTS, PATH, {}) == {"projectId": "p"}
        assert (len(got), tally.api_calls) == (3, 1)


@pytest.mark.parametrize(
    ("response", "kind", "tries"),
    [
        (refusal(429), ThrottledError, 3),
        (refusal(503), UnavailableError, 3),
        (refusal(403, "IAM_PERMISSION_DENIED"), AccessDeniedError, 1),
        (refusal(401), AccessDeniedError, 1),
        (refusal(403, "SERVICE_DISABLED", service="x"), DisabledError, 1),
        (refusal(400), TerminalError, 1),
        (Response(302, b"", {"Location": "http://127.0.0.1:1/"}), SourceError, 1),
        (Response(200, b"<html>"), BrokenPageError, 1),
        (json_response([]), BrokenPageError, 1),
    ],
)
def test_refusals_are_typed_by_what_can_be_done(response, kind, tries):
    with asking(lambda _: response) as (client, tally, got):
        with pytest.raises(kind) as caught:
            client.get(tally, LIST_PROJECTS, PATH, {})
        assert len(got) == tries
    assert caught.value.operation == LIST_PROJECTS.name
    denied = response.status == 403 and kind is AccessDeniedError
    assert caught.value.permission == (LIST_PROJECTS.permission if denied else "")


def test_a_server_that_is_not_there_is_unavailable():
    with asking(lambda _: json_response({})) as (client, tally, _):
        pass
    with client, pytest.raises(UnavailableError) as caught:
        client.get(tally, LIST_PROJECTS, PATH, {})
    assert "ConnectionError" in caught.value.message


def test_pages_are_followed_and_an_empty_one_does_not_end_them():
    pages = {
        "": {"projects": [{"projectId": "a"}], "nextPageToken": "1"},
        "1": {"nextPageToken": "2"},
        "2": {"projects": [{"projectId": "b"}]},
    }
    with asking(lambda r: json_response(pages[r.query.get("pageToken", "")])) as (
        client,
        tally,
        got,
    ):
        rows = list(client.rows(tally, LIST_PROJECTS, PATH, {"parent": "x"}, "projects"))
        assert rows == [{"projectId": "a"}, {"projectId": "b"}]
        assert (len(got), tally.api_calls) == (3, 3)
        assert {request.query["parent"] for request in got} == {"x"}


@pytest.mark.parametrize(
    "page", [{"nextPageToken": "1"}, {"projects": {}}, {"projects": ["p"]}, {"projects": None}]
)
def test_a_page_of_another_shape_or_in_a_circle_is_broken(page):
    with (
        asking(lambda _: json_response(page)) as (client, tally, _),
        pytest.raises(BrokenPageError),
    ):
        list(client.rows(tally, LIST_PROJECTS, PATH, {}, "projects"))


def test_a_token_goes_to_google_alone_and_never_in_the_clear(monkeypatch):
    """Where one service is overridden by a plain address, that one is given no credentials."""

    bearer: Any = Credentials  # google-auth types no constructor
    monkeypatch.setattr("google.auth.default", lambda **_: (bearer(TOKEN), None))
    with asking(lambda _: json_response({}), quota_project="hub") as (client, tally, got):
        client.get(tally, LIST_PROJECTS, PATH, {})
        (request,) = got
        assert request.headers["authorization"] is None
        assert request.headers["x-goog-user-project"] == "hub"
        assert client._session(plain=False).credentials.token == TOKEN


def services(*rows: tuple[str, str]) -> Response:
    return json_response({"services": [{"name": name, "state": state} for name, state in rows]})


def test_services_are_asked_for_in_one_call():
    answer = services(
        ("projects/100/services/artifactregistry.googleapis.com", "ENABLED"),
        ("projects/100/services/containerscanning.googleapis.com", "DISABLED"),
        ("projects/100/services/containeranalysis.googleapis.com", "MOLTEN"),
    )
    with asking(lambda _: answer) as (client, tally, got):
        found = read_services(client, "p", tally)
    assert len(got) == 1
    assert [value for name, value in got[0].pairs if name == "names"] == [
        "projects/p/services/artifactregistry.googleapis.com",
        "projects/p/services/containerscanning.googleapis.com",
        "projects/p/services/containeranalysis.googleapis.com",
    ]
    assert found.number == "100"
    states = [found.enabled(f"{name}.googleapis.com") for name in (
        "artifactregistry", "containerscanning", "containeranalysis", "run")]  # fmt: skip
    assert states == [True, False, None, None]


@pytest.mark.parametrize("body", [{"services": {}}, {"services": [{"state": "ENABLED"}]}])
def test_services_of_another_shape_are_broken(body):
    with (
        asking(lambda _: json_response(body)) as (client, tally, _),
        pytest.raises(BrokenPageError) as caught,
    ):
        read_services(client, "p", tally)
    assert caught.value.operation == SERVICES.name
