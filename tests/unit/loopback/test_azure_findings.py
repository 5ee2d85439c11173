"""The loopback Resource Graph on findings: queries known by their text, shapes, and its faults."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resourcegraph.models import QueryRequest

from providers.azure import defender_queries
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import CveDetail, Estate, Fault, FaultKind, Image
from tests.unit.loopback.azure_clients import ask, digest_of, graph, lower, pages, rows, rows_of
from tests.unit.loopback.azure_estates import (
    NIGHT,
    ONE,
    PROD,
    SCANNED,
    TENANT,
    TWO,
    estate,
    statements_of,
)

WORDS = {
    "PRICINGS": defender_queries.PRICINGS,
    "ASSESSMENTS": defender_queries.ASSESSMENTS,
    "SUMMARY": defender_queries.SUMMARY,
    "RUNNING": defender_queries.RUNNING,
    "SUBASSESSMENTS": defender_queries.SUBASSESSMENTS,
    "changed": defender_queries.changed([SCANNED[0].digest]),
    "cve_details": defender_queries.cve_details(["CVE-2026-1000"]),
}
DETAILS = (
    CveDetail("CVE-2026-1000", "Critical", 9.1, published_at=NIGHT),
    CveDetail("CVE-2026-1001", rejected=True),
)


def shown(**settings: str) -> Estate:
    """The small estate with settings of its first subscription, a running image and details."""
    described = estate()
    one, *others = described.places
    registry, *rest = one.registries
    first, *more = registry.repositories
    used: tuple[Image, ...] = (replace(first.images[0], in_use_count=2), *first.images[1:])
    registry = replace(registry, repositories=(replace(first, images=used), *more))
    one = replace(one, registries=(registry, *rest), settings={**one.settings, **settings})
    return replace(described, places=(one, *others), cve_details=DETAILS)


@pytest.fixture(scope="module")
def client():
    with AzureLoopback(shown()) as cloud:
        yield graph(cloud)


@pytest.mark.parametrize("name", WORDS)
def test_a_known_query_is_answered_and_one_a_word_away_is_an_error(client, name):
    text = WORDS[name]
    ask(client, text.replace(" | ", "\n|   "), ONE)  # blanks do not matter
    last = text.rindex("id")
    for other in (text[:last] + "title" + text[last + 2 :], text + " | take 5"):
        with pytest.raises(HttpResponseError, match="InvalidQuery"):
            ask(client, other, ONE)


def test_the_summary_counts_the_rows_of_each_image(client):
    found = rows(client, defender_queries.ASSESSMENTS, ONE)
    told = {row["id"]: row["rows"] for row in rows(client, defender_queries.SUMMARY, ONE)}
    images = Counter(image_of(row) for row in found)
    assert told == dict(images)
    assert told[SCANNED[0].digest] == 2


def image_of(row: dict[str, Any]) -> str:
    return digest_of({"rad": row["resourceAdditionalData"]})


def test_some_digests_are_read_as_everything_is(client):
    wanted = [SCANNED[0].digest, SCANNED[3].digest]
    some = rows(client, defender_queries.changed(wanted), ONE)
    everything = rows(client, defender_queries.ASSESSMENTS, ONE)
    assert some == [row for row in everything if image_of(row) in wanted]
    assert len(some) == 4


def test_containers_are_counted_once_however_many_packages_they_have(client):
    told = {row["digest"]: row["containers"] for row in rows(client, defender_queries.RUNNING, ONE)}
    assert told[SCANNED[0].digest] == 2
    assert len(told) == 2  # and one of an image that lies elsewhere


def test_details_are_visible_at_the_root_of_the_tenant_only(client):
    query = defender_queries.cve_details([one.vulnerability_id for one in DETAILS])
    assert rows(client, query, ONE) == rows(client, query) == []
    told = rows_of(ask(client, query, management_groups=[TENANT]))
    assert [(row["cveId"], row["severity"], row["status"]) for row in told] == [
        ("CVE-2026-1000", "Critical", "Published"),
        ("CVE-2026-1001", "Unknown", "Reject"),
    ]


@pytest.mark.parametrize(
    ("setting", "present", "older"),
    [("individual", True, False), ("older", False, True), ("both", True, True)],
)
def test_a_subscription_has_one_shape_or_both(setting, present, older):
    with AzureLoopback(shown(defender_rows=setting)) as cloud:
        client = graph(cloud)
        new = rows(client, defender_queries.ASSESSMENTS, ONE)
        old = rows(client, defender_queries.SUBASSESSMENTS, ONE)
    assert (bool(new), bool(old)) == (present, older)
    if older:
        assert len(old) == sum(len(statements_of(image)) for image in SCANNED)
        assert {row["additionalData"]["artifactDetails"]["registryHost"] for row in old} == {PROD}


def faulty(kind: FaultKind):
    return AzureLoopback(estate(Fault(kind, "azure", ONE)))


def test_rows_without_details_name_their_cves():
    with faulty("findings_bare") as cloud:
        found = [lower(row["additionalData"]) for row in rows(graph(cloud), WORDS["ASSESSMENTS"])]
    assert {row["cvesdetails"] for row in found} == {None}
    named = [row["scannersdetails"]["mdvm"]["cvesids"] for row in found if len(row) > 1]
    assert len(named) == 2 * len(SCANNED)


def test_a_silent_source_answers_with_nothing_and_no_error():
    with faulty("findings_silent") as cloud:
        client = graph(cloud)
        assert rows(client, WORDS["ASSESSMENTS"], ONE) == []
        assert rows(client, WORDS["SUMMARY"], ONE) == []
        assert rows(client, WORDS["PRICINGS"], ONE)


def test_a_total_that_moves():
    with faulty("findings_moving") as cloud:
        totals = [page.total_records for page in pages(graph(cloud), WORDS["ASSESSMENTS"])]
    assert totals == [27, 28, 28, 28]


def test_a_second_page_that_is_refused_once():
    with faulty("findings_throttled") as cloud:
        client = graph(cloud)
        token = ask(client, WORDS["ASSESSMENTS"], ONE).skip_token
        with pytest.raises(HttpResponseError) as refused:
            ask(client, WORDS["ASSESSMENTS"], ONE, skip_token=token)
        assert refused.value.status_code == 429
        assert "RateLimiting" in str(refused.value)
        assert rows_of(ask(client, WORDS["ASSESSMENTS"], ONE, skip_token=token))


def test_the_limit_of_subscriptions_is_told():
    told: dict[str, str] = {}
    with faulty("limit_hit") as cloud:
        graph(cloud).resources(
            QueryRequest(query=WORDS["PRICINGS"]),
            raw_response_hook=lambda said: told.update(said.http_response.headers),
        )
    assert told["x-ms-tenant-subscription-limit-hit"] == "true"


def test_a_refused_subscription_is_left_out_of_a_question_about_all():
    with faulty("findings_denied") as cloud:
        client = graph(cloud)
        assert {row["subscriptionId"] for row in rows(client, "securityresources")} == {TWO}
        with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
            ask(client, WORDS["SUMMARY"], ONE)
