from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from google.api_core import exceptions
from grafeas import grafeas_v1

from providers.loopback.gcp import GcpLoopback
from tests.unit.loopback.estates import (
    LOCATION,
    MOMENT,
    PROJECT,
    digest,
    small_estate,
)
from tests.unit.loopback.gcp_clients import (
    ANALYSIS,
    DISCOVERY,
    HOST,
    VULNERABILITY,
    Clients,
    broken,
    raw,
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


def test_discovery_tells_the_state_of_the_analysis(clients):
    found = clients.occurrences(DISCOVERY, page_size=1000)
    counting = [one for one in found if one.note_name.endswith("/PACKAGE_VULNERABILITY")]
    assert [one.resource_uri for one in counting] == [
        f"{HOST}/team/app@{digest(301)}",
        f"{HOST}/web@{digest(310)}",
        f"{HOST}/web@{digest(311)}",
    ]
    done, odd, ended = (one.discovery for one in counting)
    assert done.analysis_status is ANALYSIS.FINISHED_SUCCESS
    assert done.continuous_analysis.name == "ACTIVE"
    assert done.last_scan_time == MOMENT - timedelta(days=1)
    assert done.archive_time > MOMENT
    assert raw(odd).analysis_status == 99  # a word that the enum does not have
    assert ended.continuous_analysis.name == "INACTIVE"
    assert ended.archive_time < MOMENT


def test_some_images_have_an_older_discovery_before_or_after_the_one_that_counts(clients):
    found = list(clients.occurrences(DISCOVERY))
    order = [
        (one.resource_uri[-3:], one.note_name.endswith("/PACKAGE_VULNERABILITY")) for one in found
    ]
    first, second, third = (digest(n)[-3:] for n in (301, 310, 311))
    assert order == [(first, False), (first, True), (second, True), (third, True), (third, False)]
    assert found[0].update_time < found[1].update_time
    assert len({one.name for one in found}) == 5


def test_vulnerabilities_are_one_for_each_image_and_note_with_all_packages(clients):
    pages = list(clients.occurrences(VULNERABILITY, page_size=1000).pages)
    assert [len(page.occurrences) for page in pages] == [2, 2]
    found = [one for page in pages for one in page.occurrences]
    assert [one.note_name.rpartition("/")[2] for one in found] == [
        "CVE-2026-0001",
        "CVE-2026-0002",
        "CVE-2026-0003",
        "CVE-2026-0001",
    ]
    issues = found[0].vulnerability.package_issue
    assert [one.affected_package for one in issues] == ["openssl", "libssl3"]
    version = issues[0].affected_version
    assert (version.epoch, version.name, version.revision) == (1, "3.0.11", "1~deb12u2")
    assert version.full_name == "1:3.0.11-1~deb12u2"
    assert issues[0].fixed_version.full_name == "3.0.13-1~deb12u1"
    assert issues[0].fixed_version.kind.name == "NORMAL"
    score = found[0].vulnerability.cvssv3
    assert (round(score.base_score, 1), score.attack_vector.name) == (9.8, "ATTACK_VECTOR_NETWORK")


def test_severities_go_over_the_wire_as_the_clouds_own_words(clients):
    found = [one.vulnerability for one in clients.occurrences(VULNERABILITY)]
    effective = [raw(one).package_issue[0].effective_severity for one in found]
    words = grafeas_v1.Severity
    assert effective == [words.HIGH, words.MINIMAL, 99, words.HIGH]
    assert [raw(one).effective_severity for one in found] == effective
    unfixed = found[1].package_issue[0]
    assert unfixed.fixed_version.kind.name == "MAXIMUM"
    assert not unfixed.fix_available
    assert found[2].cvss_score == 0
    assert found[2].package_issue[0].affected_version.name == "4.17.20"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f'{VULNERABILITY} AND resourceUrl="{HOST}/team/app@{digest(301)}"', 3),
        (f'{VULNERABILITY} AND has_prefix(resource_url, "{HOST}/web@")', 1),
        (f'{DISCOVERY} AND resourceUrl="{HOST}/web@{digest(310)}"', 1),
        (f'{DISCOVERY} AND has_prefix(resourceUrl,"{HOST}/nothing")', 0),
    ],
)
def test_occurrences_honour_their_filters(clients, text, count):
    assert len(list(clients.occurrences(text))) == count


@pytest.mark.parametrize(
    "text",
    ["", 'kind="BUILD"', "kind=DISCOVERY", f"{DISCOVERY} OR {VULNERABILITY}",
     f'{VULNERABILITY} AND resourceUrl="{HOST.removeprefix("https://")}/web@{digest(310)}"',
     f'{VULNERABILITY} AND updateTime>"2026-01-01"'],
)  # fmt: skip
def test_a_filter_that_is_not_known_is_refused(clients, text):
    with pytest.raises(exceptions.InvalidArgument):
        clients.occurrences(text)


def test_the_default_page_holds_twenty(clients, server):
    server.show(replace(small_estate(page_size=100, findings_page_size=100), name="wide"))
    assert len(next(iter(clients.occurrences(VULNERABILITY).pages)).occurrences) == 4
    estate = small_estate(findings_page_size=100)
    registry = estate.places[3].registries[0]
    many = tuple(
        replace(registry, registry_id=f"{LOCATION}-docker.pkg.dev/{PROJECT}/apps{n}")
        for n in range(6)
    )
    places = (*estate.places[:3], replace(estate.places[3], registries=many), *estate.places[4:])
    server.show(replace(estate, places=places, name="many"))
    sizes = [len(page.occurrences) for page in clients.occurrences(VULNERABILITY).pages]
    assert sizes == [20, 4]
    wide = clients.occurrences(VULNERABILITY, page_size=1000).pages
    assert [len(page.occurrences) for page in wide] == [24]


def test_findings_fail_from_the_second_page_on_and_discovery_does_not():
    with broken("findings") as clients:
        first = next(iter(clients.occurrences(VULNERABILITY).pages))
        assert len(first.occurrences) == 2
        with pytest.raises(exceptions.ServiceUnavailable):
            clients.occurrences(VULNERABILITY, page_token=first.next_page_token)
        assert len(list(clients.occurrences(DISCOVERY))) == 5


def test_findings_denied_refuses_both_kinds():
    with broken("findings_denied") as clients:
        for text in (DISCOVERY, VULNERABILITY):
            with pytest.raises(exceptions.PermissionDenied):
                clients.occurrences(text)
        assert list(clients.images())
