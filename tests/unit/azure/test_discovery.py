"""Finding registries: what cannot be addressed or read is counted, the rest is kept."""

from __future__ import annotations

from collections.abc import Iterator

from audit.model.enums import Outcome
from providers.azure.client import client_options
from providers.azure.discovery import Found, discover
from providers.azure.graph_client import GraphClient
from providers.azure.settings import AzureSettings
from tests.unit.azure.scripted import Credential, Say, Scripted
from tests.unit.azure.support import CONTEXT


def found(*answers: Say) -> Found:
    left: Iterator[Say] = iter(answers)
    settings = AzureSettings.model_validate({"tenants": [{"tenant_id": "t"}], "max_attempts": 1})
    with Scripted(lambda _: next(left)) as server:
        scope = "https://arm.example/.default"
        graph = GraphClient(server.url, scope, Credential(), client_options(settings))
        told = discover(graph, "t", [], CONTEXT)
        graph.close()
    return told


def row(number: int, subscription: str = "s-1", server: str | None = "") -> dict[str, object]:
    login = f"r{number}.azurecr.io" if server == "" else server
    told = {"id": f"/r/{number}", "subscriptionId": subscription}
    return told | {"properties": {"loginServer": login}}


def page(total: int, *rows: dict[str, object], onward: str | None = None) -> Say:
    told: dict[str, object] = {"totalRecords": total, "count": len(rows), "data": list(rows)}
    return Say(told | ({"$skipToken": onward} if onward else {}))


def test_registries_are_kept_by_subscription():
    told = found(page(3, row(1), row(2, "s-2"), onward="x"), page(3, row(3)))
    assert {name: len(rows) for name, rows in told.by_subscription.items()} == {"s-1": 2, "s-2": 1}
    assert (told.outcome.outcome, told.outcome.expected, told.outcome.listed) == (
        *(Outcome.COMPLETE, 3, 3),
    )
    assert told.outcome.api_calls == 2


def test_a_registry_without_an_address_is_an_error_of_its_own():
    told = found(page(2, row(1, server=None), row(2)))
    assert (told.outcome.outcome, told.outcome.errors, told.outcome.listed) == (
        *(Outcome.PARTIAL, 1, 1),
    )
    assert "/r/1 has no loginServer" in str(told.outcome.error)


def test_a_page_that_fails_keeps_the_registries_before_it():
    told = found(page(2, row(1), onward="x"), Say({}, 500))
    assert (told.outcome.outcome, told.outcome.expected, told.outcome.listed) == (
        *(Outcome.PARTIAL, 2, 1),
    )
    assert list(told.by_subscription) == ["s-1"]


def test_a_tenant_without_registries_is_complete_and_empty():
    told = found(page(0))
    assert (told.outcome.outcome, told.outcome.expected) == (Outcome.COMPLETE, 0)
    assert told.by_subscription == {}
