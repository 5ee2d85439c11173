"""What the loopback Artifact Analysis does beyond listing: dates, counts, regions, disturbances."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.api_core import exceptions

from providers.loopback.estate import Estate, Fault
from providers.loopback.gcp import GcpLoopback
from providers.loopback.gcp.summary_messages import Summary, SummaryRequest
from tests.unit.loopback.estates import LOCATION, MOMENT, PROJECT, digest, small_estate, statement
from tests.unit.loopback.gcp_clients import DISCOVERY, HOST, VULNERABILITY, Clients, broken, raw

APP, WEB = f"{HOST}/team/app@{digest(301)}", f"{HOST}/web@{digest(311)}"
_METHOD = (
    "/google.devtools.containeranalysis.v1.ContainerAnalysis/GetVulnerabilityOccurrencesSummary"
)


@pytest.fixture
def server():
    with GcpLoopback(small_estate()) as running:
        yield running


@pytest.fixture
def clients(server):
    made = Clients(server)
    yield made
    made.channel.close()


def with_scan(estate: Estate, **changes: Any) -> Estate:
    """Return the estate with another scan of the image 301."""

    def rescanned(image: Any) -> Any:
        if image.digest != digest(301):
            return image
        return replace(image, scan=replace(image.scan, **changes))

    def of(registry: Any) -> Any:
        held = (
            replace(one, images=tuple(rescanned(image) for image in one.images))
            for one in registry.repositories
        )
        return replace(registry, repositories=tuple(held))

    places = tuple(
        replace(place, registries=tuple(of(one) for one in place.registries))
        for place in estate.places
    )
    return replace(estate, places=places)


def changed_at(clients: Clients) -> Any:
    (found,) = (
        one
        for one in clients.occurrences(DISCOVERY)
        if one.resource_uri == APP and one.note_name.endswith("/PACKAGE_VULNERABILITY")
    )
    return found.discovery.last_vulnerability_update_time


def test_results_are_as_old_as_their_last_change(clients, server):
    first = changed_at(clients)
    assert first == MOMENT - timedelta(days=1)
    later = MOMENT + timedelta(days=1)
    server.show(with_scan(small_estate(), scanned_at=later))
    assert changed_at(clients) == first, "a scan with the same result changes nothing"
    server.show(with_scan(small_estate(), scanned_at=later, statements=()))
    assert changed_at(clients) == later


def test_only_a_finished_analysis_has_results_and_an_sbom(clients, server):
    found = [one for one in clients.occurrences(DISCOVERY) if one.resource_uri == APP]
    assert {raw(one).discovery.sbom_status.sbom_state for one in found} == {0, 2}
    server.show(with_scan(small_estate(), native=("PENDING", "ACTIVE"), state="pending"))
    assert changed_at(clients) is None


@pytest.mark.parametrize(
    ("urls", "count"), [([APP, WEB], 4), ([APP, f"{HOST}/web@{digest(310)}"], 3), ([WEB, WEB], 1)]
)
def test_a_filter_may_name_several_images(clients, urls, count):
    wanted = " OR ".join(f'resourceUrl="{url}"' for url in urls)
    assert len(list(clients.occurrences(f"{VULNERABILITY} AND ({wanted})"))) == count


@pytest.mark.parametrize(
    "text",
    [f'{VULNERABILITY} AND resourceUrl="{APP}" OR resourceUrl="{WEB}"',
     f'{VULNERABILITY} AND (resourceUrl="{APP}" AND resourceUrl="{WEB}")',
     f"{VULNERABILITY} AND ()",
     f"{VULNERABILITY} AND (" + " OR ".join([f'resourceUrl="{APP}"'] * 100) + ")"],
)  # fmt: skip
def test_a_filter_that_is_not_understood_or_too_long_is_refused(clients, text):
    with pytest.raises(exceptions.InvalidArgument):
        clients.occurrences(text)


def counts(clients: Clients, project: str = PROJECT) -> dict[tuple[str, int], tuple[int, int]]:
    call = clients.channel.unary_unary(
        _METHOD,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=Summary.FromString,
    )
    answer = call(SummaryRequest(parent=f"projects/{project}"), timeout=10)
    return {
        (one.resource_uri, one.severity): (one.total_count, one.fixable_count)
        for one in answer.counts
    }


def test_the_summary_counts_what_the_listing_holds(clients):
    told = counts(clients)
    totals = {url: total for (url, severity), (total, _) in told.items() if severity == 0}
    listed = [one.resource_uri for one in clients.occurrences(VULNERABILITY)]
    assert totals == {url: listed.count(url) for url in listed}
    assert sum(total for (_, severity), (total, _) in told.items() if severity) == len(listed)
    assert told[APP, 0] == (3, 2)


def test_the_summary_is_refused_as_the_listing_is():
    with broken("findings_denied") as clients:
        with pytest.raises(grpc.RpcError) as caught:
            counts(clients)
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_region_that_does_not_answer_is_named_or_fails_the_listing():
    with broken("unreachable", region=LOCATION) as clients:
        (page,) = clients.occurrences(VULNERABILITY, return_partial_success=True).pages
        assert list(page.unreachable) == [f"projects/{PROJECT}/locations/{LOCATION}"]
        assert not page.occurrences
        with pytest.raises(exceptions.ServiceUnavailable):
            clients.occurrences(VULNERABILITY)
        assert list(clients.images()), "the registry itself answers"


def test_other_regions_are_named_by_no_answer(clients):
    (page, *_) = clients.occurrences(VULNERABILITY, return_partial_success=True).pages
    assert not page.unreachable


def test_calls_can_be_disturbed_after_some_and_for_some(clients, server):
    server.disturb("ListOccurrences", grpc.StatusCode.RESOURCE_EXHAUSTED, after=1, times=2)
    clients.occurrences(DISCOVERY)
    for _ in range(2):
        with pytest.raises(exceptions.ResourceExhausted):
            clients.occurrences(DISCOVERY)
    assert list(clients.occurrences(DISCOVERY))


def test_a_page_may_pass_four_mebibytes():
    long = tuple(statement(number, title="x" * 6_000) for number in range(800))
    estate = with_scan(small_estate(findings_page_size=1000), statements=long)
    with GcpLoopback(estate) as server:
        clients = Clients(server)
        with pytest.raises(exceptions.ResourceExhausted, match="larger than max"):
            clients.occurrences(VULNERABILITY, page_size=1000)
        clients.channel.close()


def test_language_packages_lie_in_a_file_and_a_layer(clients):
    issues = [
        i for one in clients.occurrences(VULNERABILITY) for i in one.vulnerability.package_issue
    ]
    placed = {i.affected_package: [f.file_path for f in i.file_location] for i in issues}
    assert placed == {
        "openssl": [],
        "libssl3": [],
        "zlib1g": [],
        "lodash": ["/srv/lodash-4.17.20"],
    }


def test_faults_of_another_project_are_none_of_this_one():
    other = Fault("unreachable", "gcp", "another", LOCATION)
    with GcpLoopback(small_estate(other)) as server:
        clients = Clients(server)
        assert len(list(clients.occurrences(VULNERABILITY))) == 4
        clients.channel.close()
