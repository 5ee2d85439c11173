"""Defender's rows in every shape they are known to come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.errors import BrokenPageError
from providers.azure.finding_rows import statements
from providers.azure.parse_assessments import software
from tests.unit.azure.defender_rows import CVE, DIGEST, REGISTRY, additional, camel, row


def test_a_row_tells_image_package_and_vulnerability():
    parsed = software(row())
    assert (parsed.digest, parsed.repository) == (DIGEST, "team/app")
    assert parsed.registry_native_id == REGISTRY.lower()
    assert parsed.code == "Unhealthy"
    assert parsed.evaluated_at == datetime(2026, 9, 1, tzinfo=UTC)
    (cells,) = statements(parsed)
    assert cells == {
        "package_name": "openssl",
        "package_version": "3.0.11",
        "package_type": "OS",
        "vulnerability_id": "CVE-2026-1",
        "aliases": ["GHSA-aaaa-bbbb-cccc"],
        "fixed_version": "3.0.13",
        "fix_state": "available",
        "severity": "HIGH",
        "severity_source": "defender",
        "native_severity": "High",
        "cvss_score": 7.5,
        "cvss_version": "3.1",
        "cvss_vector": "CVSS:3.1/AV:N/AC:L",
        "title": "Update openssl",
        "url": "https://b.example",
        "native_id": f"{REGISTRY}/providers/Microsoft.Security/assessments/1#CVE-2026-1",
        "native_first_seen_at": datetime(2026, 8, 28, 4, 11, 2, tzinfo=UTC),
        "native_state": "Unhealthy",
    }


@pytest.mark.parametrize(
    "shape",
    [
        json.dumps,
        lambda details: json.dumps(camel(details)),
        lambda details: details,
        camel,
        lambda details: details[0],
        lambda details: json.dumps(details[0]),
        lambda details: {"CVE-2026-1": {k: v for k, v in details[0].items() if k != "CveId"}},
        lambda details: details * 2,
    ],
)
def test_cve_details_in_every_shape_say_the_same(shape: Callable[[Any], Any]):
    parsed = software(row(additionalData=additional(shape([CVE]))))
    assert parsed.problem is None
    assert statements(parsed) == statements(software(row()))


@pytest.mark.parametrize("whole", [json.dumps, camel, lambda data: json.dumps(camel(data))])
def test_additional_data_and_image_in_every_shape_say_the_same(whole: Callable[[Any], Any]):
    plain = row()
    image = json.loads(plain["resourceAdditionalData"])
    changed = row(additionalData=whole(additional([CVE])), resourceAdditionalData=whole(image))
    assert statements(software(changed)) == statements(software(plain))
    assert software(changed).repository == "team/app"


@pytest.mark.parametrize(
    "image", [None, "", "{", "[]", {}, {"Digest": ""}, {"Digest": 5}, {"Digest": "x"}]
)
def test_a_row_that_names_no_image_may_be_about_any(image):
    with pytest.raises(BrokenPageError, match="names no image digest"):
        software(row(resourceAdditionalData=image))


def test_the_digest_may_lie_one_level_down():
    assert software(row(resourceAdditionalData={"Details": {"Digest": DIGEST}})).digest == DIGEST


@pytest.mark.parametrize(
    ("resource", "row_id", "known"),
    [
        (f"{REGISTRY}/repositories-team/app-images-{DIGEST}", "/x", REGISTRY.lower()),
        (REGISTRY, "/x", REGISTRY.lower()),
        (f"/repositories/team/app/images/{DIGEST}", "/x", None),
        (None, f"{REGISTRY}/providers/y", REGISTRY.lower()),
        (None, "/subscriptions/S/providers/Microsoft.Security/assessments/1", None),
    ],
)
def test_the_registry_is_known_where_an_id_lies_below_it(resource, row_id, known):
    assert software(row(resourceDetails={"Id": resource}, id=row_id)).registry_native_id == known


@pytest.mark.parametrize(
    ("details", "problem"),
    [
        (None, "names no CVE"),
        ("", "names no CVE"),
        ([], "names no CVE"),
        ("{", "not JSON"),
        ([{"Severity": "High"}], "names no CVE"),
        ([CVE, {"Severity": "High"}], "1 CVEs without an id"),
        ([CVE, None], "1 CVEs without an id"),
    ],
)
def test_an_unhealthy_row_whose_cves_cannot_be_read_is_a_problem_not_a_clean_package(
    details, problem
):
    assert problem in str(software(row(additionalData=additional(details))).problem)


def test_cves_named_by_the_scanner_alone_are_kept_with_unknown_severity():
    scanners = {"mdvm": {"CvesIds": ["CVE-2026-7", "CVE-2026-8", "CVE-2026-7"]}}
    parsed = software(row(additionalData=additional(None, ScannersDetails=scanners)))
    assert parsed.problem is None
    assert [(c["vulnerability_id"], c["severity"]) for c in statements(parsed)] == [
        ("CVE-2026-7", "UNKNOWN"),
        ("CVE-2026-8", "UNKNOWN"),
    ]


@pytest.mark.parametrize(
    ("code", "kept"),
    [("Healthy", 0), ("healthy", 0), ("NotApplicable", 1), ("OnHold", 1), (None, 1)],
)
def test_only_a_healthy_row_drops_the_cves_it_still_names(code, kept):
    parsed = software(row(statusCode=code))
    assert len(parsed.cves) == kept
    assert parsed.problem is None
