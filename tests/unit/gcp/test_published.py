"""Requests sent and answers served over JSON fit the messages that Google publishes.

The adapter and the loopback cloud were both written from Google's pages; neither is the other's
witness. These messages are a third one: an unknown name, or a value of another type, is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # ships no types

from providers.gcp import operations
from providers.gcp.failures import Operation
from providers.loopback.gcp import rest
from providers.loopback.gcp.server import _ROUTES
from providers.loopback.http import Request, Response
from tests.support.google_messages import METHODS
from tests.unit.gcp.organisation import LAB, ORGANIZATION, organisation, place

OWNERS = '[{"role": "roles/artifactregistry.reader", "members": ["allUsers"]}]'


@pytest.fixture
def exchanged(monkeypatch) -> list[tuple[str, Request, Response]]:
    """Whatever goes over the wire: the method's name, the request and its answer."""
    met: list[tuple[str, Request, Response]] = []
    answer = rest.answer

    def kept(routes: Any, world: Any, request: Request, off: Any) -> tuple[str, Response]:
        name, response = answer(routes, world, request, off)
        met.append((name, request, response))
        return name, response

    monkeypatch.setattr(rest, "answer", kept)
    return met


def request_of(name: str, request: Request) -> Any:
    """Read a request as the published message; what is not of it is an error."""
    published = METHODS[name]
    assert request.method == published.verb
    found = published.path.fullmatch(request.path)
    assert found, f"{name} has no path {request.path}"
    told: dict[str, Any] = dict(request.json())
    repeated = {one.json_name for one in published.request.DESCRIPTOR.fields if one.is_repeated}
    for key, value in request.pairs:
        if key in repeated:
            told.setdefault(key, []).append(value)
        else:
            assert key not in told, "given twice"
            told[key] = {"true": True, "false": False}.get(value, value)
    return parsed({**told, **found.groupdict()}, published.request())


def parsed(told: dict[str, Any], message: Any) -> Any:
    """Read JSON as a message; names as they stand in the proto file are not those of JSON."""
    assert not [name for name in names_in(told) if "_" in name]
    return json_format.ParseDict(told, message)


def names_in(told: Any) -> Iterator[str]:
    if isinstance(told, list):
        for one in told:
            yield from names_in(one)
    elif isinstance(told, dict):
        for name, value in told.items():
            yield name
            yield from names_in(value)


def test_every_request_and_answer_is_one_that_google_publishes(exchanged):
    places = [
        place("shop", "us", iam=OWNERS),
        place("data", "asia", folders="10"),
        place("play", "us", folders="10,20"),
    ]
    with organisation(*places) as cloud:
        for found in (
            {"scopes": [ORGANIZATION]},
            {"scopes": [ORGANIZATION], "by": "resource-manager"},
            {"scopes": ["visible"]},
            {"scopes": ["projects/data"], "by": "resource-manager"},
        ):
            cloud.read([("gone", "us")], discovery=found, quota_project="hub")
        cloud.server.refused.add("cloudasset.assets.searchAllIamPolicies")
        cloud.read(discovery={"scopes": [LAB]})
    assert {name for name, *_ in exchanged} == METHODS.keys()
    for name, request, response in exchanged:
        asked = request_of(name, request)
        if name == "SearchAllResources":
            row = METHODS[name].answer.DESCRIPTOR.fields_by_name["results"].message_type
            assert asked.read_mask.IsValidForDescriptor(row)
        if response.status == 200:
            parsed(json.loads(response.body), METHODS[name].answer())


def test_what_is_published_is_able_to_refuse():
    row = METHODS["SearchAllResources"].answer
    json_format.ParseDict({"results": [{"assetType": "a"}]}, row())
    wrongs: tuple[dict[str, Any], ...] = (
        {"results": [{"kind": "a"}]},
        {"result": []},
        {"results": [{"folders": "a"}]},
    )
    for wrong in wrongs:
        with pytest.raises(json_format.ParseError):
            json_format.ParseDict(wrong, row())
    with pytest.raises(AssertionError):
        parsed({"results": [{"asset_type": "a"}]}, row())
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({"state": "MOLTEN"}, METHODS["GetProject"].answer())


def test_every_method_of_the_loopback_and_of_the_adapter_is_held_against_it():
    assert {route.name for route in _ROUTES} == METHODS.keys()
    services = ("cloudasset:", "cloudresourcemanager:", "serviceusage:")
    named = {
        one.name.partition(":")[2]
        for one in vars(operations).values()
        if isinstance(one, Operation) and one.name.startswith(services)
    }
    assert named == METHODS.keys()
