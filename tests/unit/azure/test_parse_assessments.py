"""Defender's rows in every shape they are known to come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.errors import BrokenPageError
from providers.azure.finding_rows import Vulnerabilities, finding_rows, statement_hash, statements
from providers.azure.parse_assessments import software
from providers.azure.placements import Place
from tests.unit.azure.support import Row, rows_of

DIGEST = f"sha256:{'ab' * 32}"
REGISTRY = (
    "/subscriptions/S/resourceGroups/RG/providers/Microsoft.ContainerRegistry/registries/Acme"
)
CVE = {
    "CveId": "CVE-2026-1",
    "AdditionalIdentifiers": ["GHSA-aaaa-bbbb-cccc", "RHSA-2026:1", "CVE-2026-1"],
    "Severity": "High",
    "Cvss": [
        {"Key": "2", "Value": {"Base": 5.0, "CvssVectorString": "AV:N/AC:L/Au:N/C:P/I:N/A:N"}},
        {"Key": "3", "Value": {"Base": 7.5, "CvssVectorString": "CVSS:3.1/AV:N/AC:L"}},
    ],
    "CvssSource": "NVD",
    "FixStatus": "FixAvailable",
    "FixedVersion": "3.0.13",
    "PublishedDate": "2026-01-02T00:00:00Z",
    "References": [
        {"title": "x", "link": "https://b.example"},
        "https://a.example",
        {"link": "javascript:alert(1)"},
    ],
}


def row(**changes: object) -> Row:
    image = {
        "RepositoryDetails": {"RepositoryName": "team/app"},
        "Digest": DIGEST.upper().replace("SHA256", "sha256"),
        "LastPushedToRegistryUTC": "2026-11-01T00:00:00Z",
    }
    plain: Row = {
        "id": f"{REGISTRY}/providers/Microsoft.Security/assessments/1",
        "displayName": "Update openssl",
        "statusCode": "Unhealthy",
        "firstEvaluationDate": "2026-08-28T04:11:02Z",
        "statusChangeDate": "2026-09-01T00:00:00Z",
        "resourceDetails": {"Source": "Azure", "Id": f"{REGISTRY}/repositories/team/app/images/x"},
        "resourceAdditionalData": json.dumps(image),
        "additionalData": additional([CVE]),
    }
    return plain | changes


def additional(details: object, **changes: object) -> Row:
    return {
        "SoftwareName": "openssl",
        "PackageType": "OS",
        "Language": "",
        "FixedVersion": "3.0.14",
        "ScannersDetails": {"mdvm": {"DetectedSoftwareVersions": ["3.0.11"]}},
        "CvesDetails": details,
    } | changes


def camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: camel(inner) for name, inner in value.items()}
    return [camel(inner) for inner in value] if isinstance(value, list) else value


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


@pytest.mark.parametrize("image", [None, "", "{", "[]", {}, {"Digest": ""}, {"Digest": 5}])
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


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({"ScannersDetails": {"mdvm": {"DetectedSoftwareVersions": ["1", "2"]}}}, "1, 2"),
        ({"ScannersDetails": None, "DetectedSoftwareVersions": "1.2.3"}, "1.2.3"),
        ({"ScannersDetails": None, "DetectedSoftwareVersions": '["1.2.3"]'}, "1.2.3"),
        ({"ScannersDetails": '{"x": {"detectedSoftwareVersions": "4"}}'}, "4"),
        ({"ScannersDetails": {"mdvm": {"DetectedSoftwareVersions": []}}}, None),
        ({"ScannersDetails": "{"}, None),
    ],
)
def test_installed_versions(changes, version):
    (cells,) = statements(software(row(additionalData=additional([CVE], **changes))))
    assert cells["package_version"] == version


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "OS"),
        ({"PackageType": "Language", "Language": "python"}, "python"),
        ({"PackageType": "Language"}, "Language"),
        ({"PackageType": "os", "Language": "C"}, "os"),
        ({"PackageType": None}, None),
    ],
)
def test_package_types(changes, kind):
    (cells,) = statements(software(row(additionalData=additional([CVE], **changes))))
    assert cells["package_type"] == kind


@pytest.mark.parametrize(
    ("word", "version", "state", "kept"),
    [
        ("FixAvailable", "1", "available", "1"),
        ("fixavailable", "1", "available", "1"),
        ("FixAvailable", "", "available", "3.0.14"),
        ("NoFix", "", "not_available", None),
        ("NoFixAvailable", None, "not_available", None),
        ("WillNotFix", "", "wont_fix", None),
        ("SomeDay", "", "unknown", None),
        (None, "", "unknown", None),
        (None, "2", "available", "2"),
    ],
)
def test_fix_words(word, version, state, kept):
    (cells,) = statements(
        software(
            row(additionalData=additional([CVE | {"FixStatus": word, "FixedVersion": version}]))
        )
    )
    assert (cells["fix_state"], cells["fixed_version"]) == (state, kept)


@pytest.mark.parametrize(
    ("word", "severity", "source"),
    [
        ("Critical", "CRITICAL", "defender"),
        ("low", "LOW", "defender"),
        ("Unknown", "UNKNOWN", "defender"),
        ("Catastrophic", "UNKNOWN", "defender"),
        (None, "UNKNOWN", None),
        ("", "UNKNOWN", None),
    ],
)
def test_severities(word, severity, source):
    (cells,) = statements(software(row(additionalData=additional([CVE | {"Severity": word}]))))
    assert (cells["severity"], cells["severity_source"]) == (severity, source)
    assert cells["native_severity"] == (word or None)


@pytest.mark.parametrize(
    ("cvss", "score", "version"),
    [
        (None, None, None),
        ([], None, None),
        ([{"Key": "3", "Value": None}], None, None),
        ([{"Key": "3", "Value": {"Base": 0, "CvssVectorString": None}}], None, None),
        ([{"Key": "3", "Value": {"Base": "7.1", "CvssVectorString": ""}}], 7.1, None),
        ([{"Key": "2.0", "Value": {"Base": 7.1}}], 7.1, "2.0"),
        ([{"Key": "3.0", "Value": {"Base": 7.1}}], 7.1, "3.0"),
        (
            [
                {"Key": "3", "Value": {"Base": 9.8, "CvssVectorString": "CVSS:3.1/AV:N"}},
                {"Key": "4", "Value": {"Base": 8.0, "CvssVectorString": "CVSS:4.0/AV:N"}},
            ],
            8.0,
            "4.0",
        ),
        ({"3.0": {"base": 6.0, "cvssVectorString": "CVSS:3.0/AV:N"}, "2.0": None}, 6.0, "3.0"),
        ([{"Key": "3", "Value": {"Base": "high"}}], None, None),
    ],
)
def test_scores(cvss, score, version):
    (cells,) = statements(software(row(additionalData=additional([CVE | {"Cvss": cvss}]))))
    assert (cells["cvss_score"], cells["cvss_version"]) == (score, version)


def test_a_statement_goes_to_every_placement_it_is_about():
    cells = statements(software(row(additionalData=additional([CVE, CVE | {"CveId": "CVE-2"}]))))
    places = [Place("a.azurecr.io", "x", DIGEST), Place("b.azurecr.io", "x", DIGEST)]
    rows = rows_of(finding_rows([(places, cells), ([], cells)], "run-1"))
    assert [(one["registry_id"], one["vulnerability_id"]) for one in rows] == [
        ("a.azurecr.io", "CVE-2026-1"),
        ("a.azurecr.io", "CVE-2"),
        ("b.azurecr.io", "CVE-2026-1"),
        ("b.azurecr.io", "CVE-2"),
    ]
    assert rows[0]["source"] == "defender"
    assert rows[0]["observed_run_id"] == "run-1"


def test_each_vulnerability_is_one_row_with_the_most_any_row_told():
    met = Vulnerabilities()
    met.note([{"CveId": "cve-2026-1", "Cvss": None}, {"CveId": "CVE-2026-9"}])
    met.note([CVE])
    first, second = rows_of(met.rows())
    assert first["vulnerability_id"] == "cve-2026-1"
    assert first["published_at"] == datetime(2026, 1, 2, tzinfo=UTC)
    assert [(one["source"], one["version"], one["score"]) for one in first["cvss"]] == [
        ("NVD", "2.0", 5.0),
        ("NVD", "3.1", 7.5),
    ]
    assert first["references"] == ["https://a.example", "https://b.example"]
    assert second["vulnerability_id"] == "CVE-2026-9"


def test_the_hash_of_a_statement_changes_with_what_it_says():
    (cells,) = statements(software(row()))
    assert statement_hash(cells) == statement_hash(dict(reversed(cells.items())))
    assert statement_hash(cells) != statement_hash(cells | {"fixed_version": None})
