"""What Defender states: severities, fixes, scores, versions, and the rows they become."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.azure.finding_rows import Vulnerabilities, finding_rows, statement_hash, statements
from providers.azure.parse_assessments import software
from providers.azure.placements import Place
from providers.azure.values import folded
from tests.unit.azure.defender_rows import CVE, DIGEST, additional, row
from tests.unit.azure.support import rows_of


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
    met.note([{"cveid": "cve-2026-1", "cvss": None}, {"cveid": "CVE-2026-9"}])
    met.note([folded(CVE)])
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
