"""Calls are counted where the lists are longer than a page, against the loopback cloud."""

from __future__ import annotations

import logging
from collections import Counter
from math import ceil

import pytest
from grafeas import grafeas_v1 as gr
from grafeas.grafeas_v1.services.grafeas.transports import GrafeasGrpcTransport

from audit.ports import NoMemory, RunContext
from providers.gcp.channels import plain_channel
from providers.gcp.provider import GcpProvider
from providers.gcp.settings import GcpSettings
from providers.loopback.estate import Estate, Image
from providers.loopback.gcp import GcpLoopback
from tests.support.gcp_nights import found, night
from tests.support.kept import Kept
from tests.unit.gcp.parts import Rows
from tests.unit.loopback.estates import PROJECT

IMAGES, MOVED, PAGE = 1_300, 15, 1_000


def images(moved: int = 0) -> list[Image]:
    return [
        found(number, 1, *((2,) if number <= moved else ()), at=1 if number <= moved else 0)
        for number in range(1, IMAGES + 1)
    ]


def read(cloud: GcpLoopback, estate: Estate, before: Rows | None) -> tuple[Rows, Counter[str]]:
    """Read one night; what it wrote is what the next one remembers."""
    cloud.show(estate)
    asked = Counter(cloud.calls)
    memory = Kept(before.tables) if before else NoMemory()
    context = RunContext("run-1", estate.moment, logging.getLogger("test"), memory)
    settings = GcpSettings.model_validate({**cloud.settings(), "max_attempts": 1, "posture": False})
    provider, rows = GcpProvider(settings, context), Rows()
    for task in provider.plan().tasks:
        outcomes = provider.collect(task, rows)
        assert {str(one.outcome) for one in outcomes} == {"complete"}
    return rows, cloud.calls - asked


def discoveries(cloud: GcpLoopback) -> int:
    """Count them apart from the adapter, through the SDK's own pager."""
    transport = GrafeasGrpcTransport(channel=plain_channel(f"http://{cloud.target}"))
    with gr.GrafeasClient(transport=transport) as client:
        wanted = {"parent": f"projects/{PROJECT}", "filter": 'kind="DISCOVERY"', "page_size": PAGE}
        return len(list(client.list_occurrences(request=wanted)))


@pytest.fixture(scope="module")
def counted():
    """What three nights asked and wrote: cold, unchanged, little changed; and the discoveries."""
    quiet = images()
    with GcpLoopback(night(0, *quiet)) as cloud:
        cold, first = read(cloud, night(0, *quiet), None)
        pages = ceil(discoveries(cloud) / PAGE)
        same, second = read(cloud, night(1, *quiet), cold)
        some, third = read(cloud, night(2, *images(MOVED)), cold)
        yield pages, [(cold, first), (same, second), (some, third)]


def test_a_first_night_takes_a_call_a_thousand_occurrences_and_one_to_check(counted):
    pages, [(rows, calls), *_] = counted
    assert pages > 1
    assert calls["ListOccurrences"] == pages + ceil(IMAGES / PAGE)
    assert calls["GetVulnerabilityOccurrencesSummary"] == 1
    assert len(rows.tables["findings"]) == IMAGES


def test_an_unchanged_night_takes_a_call_a_thousand_discoveries_and_no_other(counted):
    pages, [_, (rows, calls), _] = counted
    assert calls["ListOccurrences"] == pages
    assert calls["GetVulnerabilityOccurrencesSummary"] == 0
    assert rows.tables["findings"] == []
    assert Counter(row["basis"] for row in rows.tables["assessments"]) == {"remembered": IMAGES}


def test_a_little_changed_night_adds_the_digests_that_moved_alone(counted):
    pages, [*_, (rows, calls)] = counted
    assert calls["ListOccurrences"] == pages + 1, "twenty images fit into one filter"
    assert calls["GetVulnerabilityOccurrencesSummary"] == 0
    assert len(rows.tables["findings"]) == 2 * MOVED
    told = Counter(row["basis"] for row in rows.tables["assessments"])
    assert told == {"read": MOVED, "remembered": IMAGES - MOVED}
