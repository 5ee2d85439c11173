"""Finding subscriptions and registries: what cannot be read is counted, the rest is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.model.enums import Outcome
from providers.azure.client import client_options
from providers.azure.discovery import Reach, discover
from providers.azure.graph_client import GraphClient
from providers.azure.settings import AzureSettings
from providers.azure.visibility import TenantView
from tests.unit.azure.scripted import Credential, Say, Scripted
from tests.unit.azure.support import CONTEXT


def found(*answers: Say) -> TenantView:
    """Discover a tenant whose Resource Graph gives these answers in turn."""
    left: Iterator[Say] = iter(answers)
    settings = AzureSettings.model_validate({"tenants": [{"tenant_id": "t"}], "max_attempts": 1})
    with Scripted(lambda _: next(left)) as server:
        scope = "https://arm.example/.default"
        graph = GraphClient(server.url, scope, Credential(), client_options(settings))
        told = discover(graph, "t", Reach(), CONTEXT)
        graph.close()
    assert list(left) == [], "answers that nobody asked for"
    return told


def row(number: int, subscription: str = "s-1", server: str | None = "") -> dict[str, object]:
    login = f"r{number}.azurecr.io" if server == "" else server
    told = {"id": f"/r/{number}", "subscriptionId": subscription}
    return told | {"properties": {"loginServer": login}}


def page(total: int, *rows: dict[str, object], onward: str | None = None) -> Say:
    told: dict[str, object] = {"totalRecords": total, "count": len(rows), "data": list(rows)}
    return Say(told | ({"$skipToken": onward} if onward else {}))


def listing(*names: str) -> Say:
    rows: list[dict[str, object]] = [
        {"id": f"/subscriptions/{name}", "subscriptionId": name} for name in names
    ]
    return page(len(rows), *rows)


def test_registries_are_kept_by_subscription():
    told = found(listing("s-1", "S-2"), page(3, row(1), row(2, "S-2"), onward="x"), page(3, row(3)))
    assert told.listed == {"s-1", "s-2"}
    assert {name: len(rows) for name, rows in told.registries.items()} == {"s-1": 2, "s-2": 1}
    outcome = told.outcome()
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.COMPLETE, 2, 2)
    assert outcome.api_calls == 3


def test_a_registry_without_an_address_is_an_error_of_its_subscription():
    told = found(listing("s-1", "s-2"), page(2, row(1, server=None), row(2, "s-2")))
    outcome = told.outcome()
    assert (outcome.outcome, outcome.errors) == (Outcome.PARTIAL, 1)
    assert "/r/1 has no loginServer" in str(outcome.error)
    assert told.registries_error is None
    assert list(told.broken) == ["s-1"]
    assert list(told.registries) == ["s-2"]


def test_a_registry_of_no_subscription_may_be_anyones():
    told = found(listing("s-1"), page(2, row(1, subscription=" "), row(2)))
    assert "/r/1 has no loginServer or subscriptionId" in str(told.registries_error)
    assert told.outcome().outcome is Outcome.PARTIAL
    assert list(told.registries) == ["s-1"]


def test_a_page_of_registries_that_fails_keeps_those_before_it():
    told = found(listing("s-1"), page(2, row(1), onward="x"), Say({}, 500))
    assert told.registries_error is not None
    assert told.listing_error is None
    assert told.outcome().outcome is Outcome.PARTIAL
    assert list(told.registries) == ["s-1"]


@pytest.mark.parametrize(
    "broken",
    [
        Say({}, 500),
        Say({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403),
        page(2, {"id": "/subscriptions/s-1", "subscriptionId": "s-1"}),
        page(1, {"id": "/subscriptions/s-1", "name": "nameless"}),
    ],
)
def test_subscriptions_that_cannot_be_listed_do_not_stop_the_registries(broken):
    told = found(broken, page(1, row(1)))
    assert told.listing_error is not None
    assert told.registries_error is None
    assert told.outcome().outcome is not Outcome.COMPLETE
    assert list(told.registries) == ["s-1"]


def test_a_tenant_that_shows_nothing_is_complete_and_empty():
    told = found(listing(), page(0))
    assert (told.outcome().outcome, told.outcome().expected) == (Outcome.COMPLETE, 0)
    assert told.names() == []
