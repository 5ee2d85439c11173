"""Resource Graph through the SDK's own client: paging, the checks, what is tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    DisabledError,
    SourceError,
    ThrottledError,
    UnavailableError,
)
from providers.azure.client import client_options
from providers.azure.failures import Call
from providers.azure.graph_client import GraphClient
from providers.azure.settings import AzureSettings
from tests.unit.azure.scripted import CUT, Asked, Credential, Say, Scripted

CALL = Call("resourcegraph:assessments", "Security Reader")
ATTEMPTS = 3


@contextmanager
def graph(answer: Callable[[Asked], Say]) -> Iterator[tuple[GraphClient, Scripted]]:
    settings = AzureSettings.model_validate(
        {"tenants": [{"tenant_id": "t"}], "max_attempts": ATTEMPTS}
    )
    options = client_options(settings) | {"retry_backoff_factor": 0.001}
    with Scripted(answer) as server:
        client = GraphClient(server.url, "https://arm.example/.default", Credential(), options)
        yield client, server
        client.close()


def page(*names: str, total: int, onward: str | None = None) -> dict[str, object]:
    told: dict[str, object] = {
        "totalRecords": total,
        "count": len(names),
        "resultTruncated": "false",
        "facets": [],
        "data": [{"id": name} for name in names],
    }
    return told | ({"$skipToken": onward} if onward else {})


def scripted_pages(*pages: object) -> Callable[[Asked], Say]:
    left = list(pages)

    def answer(_: Asked) -> Say:
        said = left.pop(0)
        return said if isinstance(said, Say) else Say(said)

    return answer


def read(*pages: object) -> tuple[list[str], SourceError | None, Scripted]:
    """Read all pages; return the ids that came, the error that ended it and the server."""
    ids: list[str] = []
    with graph(scripted_pages(*pages)) as (client, server):
        try:
            for rows in client.pages("query", ["sub"], CALL):
                ids += [row["id"] for row in rows]
        except SourceError as error:
            return ids, error, server
    return ids, None, server


def test_pages_are_followed_by_token_with_the_scope_and_the_identity_of_the_tool():
    ids, error, server = read(page("a", "b", total=3, onward="two"), page("c", total=3))
    assert (ids, error) == (["a", "b", "c"], None)
    first, second = server.asked
    assert first.path == "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
    assert first.json()["subscriptions"] == ["sub"]
    assert first.json()["options"] == {
        "$top": 1000,
        "resultFormat": "objectArray",
        "allowPartialScopes": False,
    }
    assert second.json()["options"]["$skipToken"] == "two"
    assert first.headers["Authorization"] == "Bearer entra for https://arm.example/.default"
    assert first.headers["User-Agent"].startswith("registry-audit ")


def test_without_subscriptions_the_query_is_about_all_the_principal_sees():
    with graph(scripted_pages(page(total=0))) as (client, server):
        assert list(client.pages("query", [], CALL)) == [[]]
        assert "subscriptions" not in server.asked[0].json()
        assert client.total == 0


@pytest.mark.parametrize(
    ("pages", "kept", "words"),
    [
        ([page("a", total=2)], ["a"], "1 rows came where totalRecords says 2"),
        ([page("a", "b", total=1)], ["a", "b"], "2 rows came where totalRecords says 1"),
        (
            [page("a", total=2, onward="x"), page("b", total=3)],
            ["a"],
            "totalRecords moved from 2 to 3",
        ),
        ([page("a", total=2, onward="x"), page("a", total=2)], ["a"], "came again"),
        ([page("a", total=2, onward="x"), page("b", total=2, onward="x")], ["a", "b"], "advance"),
        ([page(total=2, onward="x")], [], "advance"),
        ([{"count": 0, "data": []}], [], "without data or totalRecords"),
        ([{"totalRecords": 0, "count": 0}], [], "without data or totalRecords"),
        ([{"totalRecords": 1, "data": {"columns": []}}], [], "without data or totalRecords"),
        ([{"totalRecords": 1, "data": [{"name": "no id"}]}], [], "a row without an id"),
        ([{"totalRecords": 1, "data": ["text"]}], [], "a row without an id"),
        ([Say(b'{"totalRecords": 1, "data": [')], [], "not JSON"),
        ([Say(b"<html>")], [], "not JSON"),
        ([{"totalRecords": "many", "data": []}], [], "of another shape"),
        (
            [Say(page("a", total=1), headers={"x-ms-tenant-subscription-limit-hit": "true"})],
            ["a"],
            "left out subscriptions",
        ),
    ],
)
def test_what_is_not_all_there_is_breaks_the_read_and_keeps_what_came(pages, kept, words):
    ids, error, _ = read(*pages)
    assert ids == kept
    assert isinstance(error, BrokenPageError)
    assert words in str(error)
    assert error.operation == CALL.operation


@pytest.mark.parametrize(
    "hiccup", [CUT, Say({}, 500), Say({}, 502), Say({}, 503), Say({}, 429, {"Retry-After": "0"})]
)
def test_the_query_is_tried_again_because_it_changes_nothing(hiccup):
    ids, error, server = read(hiccup, page("a", total=1))
    assert (ids, error, len(server.asked)) == (["a"], None, 2)


@pytest.mark.parametrize(
    ("hiccup", "kind"),
    [(CUT, UnavailableError), (Say({}, 503), UnavailableError), (Say({}, 429), ThrottledError)],
)
def test_attempts_end(hiccup, kind):
    ids, error, server = read(*[hiccup] * ATTEMPTS)
    assert ids == []
    assert type(error) is kind
    assert len(server.asked) == ATTEMPTS


@pytest.mark.parametrize(
    ("status", "code", "kind", "permission"),
    [
        (403, "AuthorizationFailed", AccessDeniedError, "Security Reader"),
        (401, "InvalidAuthenticationToken", AccessDeniedError, "Security Reader"),
        (409, "MissingSubscriptionRegistration", DisabledError, ""),
        (400, "DisabledSubscription", DisabledError, ""),
    ],
)
def test_a_refusal_names_the_code_and_the_missing_role(status, code, kind, permission):
    body = {"error": {"code": code, "message": "It is not to be."}}
    ids, error, server = read(Say(body, status))
    assert ids == []
    assert type(error) is kind
    assert error is not None
    assert (error.code, error.message, error.permission) == (code, "It is not to be.", permission)
    assert len(server.asked) == 1
