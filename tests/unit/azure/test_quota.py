"""The quota headers of Resource Graph are obeyed before a query is refused."""

from __future__ import annotations

import pytest

from providers.azure.client import client_options
from providers.azure.failures import Call
from providers.azure.graph_client import GraphClient
from providers.azure.quota import LONGEST_WAIT, REMAINING, RESETS_AFTER, Quota, span
from providers.azure.settings import AzureSettings
from tests.unit.azure.scripted import Credential, Say, Scripted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:05", 5),
        (" 00:00:05 ", 5),
        ("00:00:01.5", 1.5),
        ("00:01:00", 60),
        ("10:00:00", LONGEST_WAIT),
        ("", 0),
        ("5", 0),
        ("soon", 0),
        ("-1:00:00", 0),
    ],
)
def test_spans(text, seconds):
    assert span(text) == seconds


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({REMAINING: "0", RESETS_AFTER: "00:00:05"}, [3.0]),
        ({REMAINING: "1", RESETS_AFTER: "00:00:05"}, []),
        ({REMAINING: "0"}, []),
        ({REMAINING: "0", RESETS_AFTER: "00:00:02"}, []),
        ({}, []),
    ],
)
def test_one_waits_for_what_is_left_of_the_window_and_once(headers, waits):
    slept: list[float] = []
    now = [100.0]
    quota = Quota(slept.append, lambda: now[0])
    quota.note(headers)
    now[0] = 102.0
    quota.wait()
    quota.wait()
    assert slept == waits


def test_the_next_page_waits_until_the_quota_resets():
    told = {"X-Ms-User-Quota-Remaining": "0", "X-Ms-User-Quota-Resets-After": "00:00:05"}
    left = [
        Say({"totalRecords": 2, "data": [{"id": "a"}], "$skipToken": "two"}, headers=told),
        Say({"totalRecords": 2, "data": [{"id": "b"}]}),
    ]
    settings = AzureSettings.model_validate({"tenants": [{"tenant_id": "t"}]})
    slept: list[float] = []
    with Scripted(lambda _: left.pop(0)) as server:
        options = client_options(settings)
        client = GraphClient(server.url, "s/.default", Credential(), options, sleep=slept.append)
        pages = list(client.pages("query", [], Call("op", "role")))
        client.close()
    assert pages == [[{"id": "a"}], [{"id": "b"}]]
    assert len(slept) == 1
    assert 4 < slept[0] <= 5
