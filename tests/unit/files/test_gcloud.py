"""Artifact Analysis occurrences as gcloud and the REST API write them."""

from __future__ import annotations

from typing import Any

import pytest

from audit.errors import ReportFileError
from providers.files.gcloud import GcloudJson
from tests.unit.files.support import read, row, rows

HOST = "us-docker.pkg.dev/acme/apps"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
NOTE = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY"
CVSS3 = {
    "baseScore": 9.8,
    "attackVector": "ATTACK_VECTOR_NETWORK",
    "attackComplexity": "ATTACK_COMPLEXITY_LOW",
    "privilegesRequired": "PRIVILEGES_REQUIRED_NONE",
    "userInteraction": "USER_INTERACTION_NONE",
    "scope": "SCOPE_UNCHANGED",
    "confidentialityImpact": "IMPACT_HIGH",
    "integrityImpact": "IMPACT_LOW",
    "availabilityImpact": "IMPACT_NONE",
}
CVSS2 = {
    "baseScore": 5,
    "attackVector": "ATTACK_VECTOR_NETWORK",
    "attackComplexity": "ATTACK_COMPLEXITY_MEDIUM",
    "authentication": "AUTHENTICATION_NONE",
    "confidentialityImpact": "IMPACT_PARTIAL",
    "integrityImpact": "IMPACT_NONE",
    "availabilityImpact": "IMPACT_COMPLETE",
}


def issue(package: str = "openssl", **fields: Any) -> dict[str, Any]:
    return {
        "affectedPackage": package,
        "affectedVersion": {"kind": "NORMAL", "fullName": "3.0.11-1", "name": "3.0.11"},
        "fixedVersion": {"kind": "NORMAL", "fullName": "3.0.13-1"},
        "fixAvailable": True,
        "packageType": "OS",
        "effectiveSeverity": "HIGH",
        **fields,
    }


def vulnerability(*issues: Any, digest: str = DIGEST, **detail: Any) -> dict[str, Any]:
    return {
        "name": "projects/acme/occurrences/v",
        "kind": "VULNERABILITY",
        "noteName": "projects/goog-vulnz/notes/CVE-2026-1",
        "resourceUri": f"https://{HOST}/team/app@{digest}",
        "createTime": "2026-11-01T02:03:04.123456789Z",
        "vulnerability": {
            "shortDescription": "CVE-2026-1",
            "packageIssue": list(issues) or [issue()],
            **detail,
        },
    }


def discovery(*, digest: str = DIGEST, note: str = NOTE, **detail: Any) -> dict[str, Any]:
    return {
        "name": "projects/acme/occurrences/d",
        "kind": "DISCOVERY",
        "noteName": note,
        "resourceUri": f"https://{HOST}/team/app@{digest}",
        "updateTime": "2026-11-20T00:00:00Z",
        "discovery": {
            "analysisStatus": "FINISHED_SUCCESS",
            "continuousAnalysis": "ACTIVE",
            "lastScanTime": "2026-11-20T00:00:00Z",
            **detail,
        },
    }


def described(groups: dict[str, Any], *found: Any) -> dict[str, Any]:
    return {
        "image_summary": {"digest": DIGEST, "fully_qualified_digest": f"{HOST}/team/app@{DIGEST}"},
        "discovery_summary": {"discovery": list(found)},
        "package_vulnerability_summary": {"vulnerabilities": groups},
    }


def one(**detail: Any) -> dict[str, Any]:
    return row(read([vulnerability(**detail)]), "findings")


def test_minimal_several_packages_and_no_fix_are_read_right():
    """DefectDojo's parser makes Info of MINIMAL and reads the first package only."""
    minimal = vulnerability(
        issue("a", effectiveSeverity="MINIMAL"),
        issue("b", effectiveSeverity="LOW", fixedVersion={"kind": "MAXIMUM"}, fixAvailable=False),
    )
    report = read(described({"MINIMAL": [minimal]}, discovery()))
    told = [
        (found["package_name"], found["severity"], found["native_severity"], found["fix_state"])
        for found in rows(report, "findings")
    ]
    assert told == [
        ("a", "NEGLIGIBLE", "MINIMAL", "available"),
        ("b", "LOW", "LOW", "not_available"),
    ]
    assert report.statements == 2
    placed = row(report, "placements")
    assert (placed["registry_id"], placed["repository"]) == (HOST, "team/app")
    assert (placed["digest"], report.keyed_by) == (DIGEST, "digest")


def test_a_list_of_several_images_gives_each_its_rows():
    document = [
        vulnerability(),
        discovery(),
        vulnerability(digest=OTHER),
        {"kind": "BUILD", "noteName": "n", "resourceUri": "https://elsewhere"},
    ]
    for shape in (document, {"occurrences": document, "nextPageToken": ""}):
        report = read(shape)
        assert {found["digest"] for found in rows(report, "findings")} == {DIGEST, OTHER}
        states = {found["digest"]: found["state"] for found in rows(report, "assessments")}
        assert states == {DIGEST: "assessed", OTHER: "unknown"}
        assert report.subject.endswith("and 1 more")


@pytest.mark.parametrize(
    ("detail", "state"),
    [
        ({}, "assessed"),
        ({"analysisStatus": "COMPLETE"}, "assessed"),
        ({"continuousAnalysis": "INACTIVE"}, "stale"),
        ({"lastScanTime": None}, "stale"),
        ({"analysisStatus": "SCANNING"}, "pending"),
        ({"analysisStatus": "FINISHED_FAILED"}, "failed"),
        ({"analysisStatus": "FINISHED_UNSUPPORTED"}, "unsupported"),
        ({"analysisStatus": "SOMETHING_NEW"}, "unknown"),
        ({"analysisStatus": None}, "unknown"),
    ],
)
def test_the_discovery_says_whether_the_image_was_looked_at(detail, state):
    assert row(read(described({}, discovery(**detail))), "assessments")["state"] == state


def test_a_description_without_discovery_is_no_look_at_the_image():
    report = read(described({}))
    assert row(report, "assessments")["state"] == "unknown"
    assert row(read(described({}, discovery(note="projects/x/notes/SBOM"))), "assessments")[
        "state"
    ] == ("unknown")


def test_the_newest_discovery_counts():
    old = discovery(analysisStatus="SCANNING") | {"updateTime": "2026-11-01T00:00:00Z"}
    for order in ([old, discovery()], [discovery(), old]):
        assert row(read(described({}, *order)), "assessments")["state"] == "assessed"


@pytest.mark.parametrize(
    ("of_issue", "detail", "native"),
    [
        ("LOW", {"effectiveSeverity": "HIGH"}, "LOW"),
        (None, {"effectiveSeverity": "HIGH", "severity": "LOW"}, "HIGH"),
        ("SEVERITY_UNSPECIFIED", {"severity": "CRITICAL"}, "CRITICAL"),
        (None, {}, "SEVERITY_UNSPECIFIED"),
        ("DIRE", {"severity": "LOW"}, "DIRE"),
    ],
)
def test_the_severity_nearest_to_the_package_counts(of_issue, detail, native):
    found = row(read([vulnerability(issue(effectiveSeverity=of_issue), **detail)]), "findings")
    assert found["native_severity"] == native
    assert (found["severity"] == "UNKNOWN") == (native in {"SEVERITY_UNSPECIFIED", "DIRE"})


def test_a_score_without_a_version_is_not_filed_under_one():
    """DefectDojo files the generic cvssScore as CVSS 3."""
    found = one(cvssScore=7.5)
    assert (found["cvss_score"], found["cvss_version"]) == (7.5, None)


@pytest.mark.parametrize(
    ("detail", "version", "vector"),
    [
        ({"cvssVersion": "CVSS_VERSION_3", "cvssv3": CVSS3, "cvssV2": CVSS2}, "3.1",
         "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:N"),
        ({"cvssVersion": "CVSS_VERSION_2", "cvssV2": CVSS2, "cvssv3": CVSS3}, "2.0",
         "AV:N/AC:M/Au:N/C:P/I:N/A:C"),
        ({"cvssv3": CVSS3, "longDescription":
          "NIST vectors: CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:N"}, "3.0",
         "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:N"),
        ({"cvssV4": {"baseScore": 8.7}, "cvssv3": CVSS3}, "4.0", None),
        ({"cvssv3": {"baseScore": 5, "attackVector": "NEW"}}, "3.1", None),
    ],
)  # fmt: skip
def test_the_score_is_the_one_the_occurrence_leads_with(detail, version, vector):
    found = one(**detail)
    assert (found["cvss_version"], found["cvss_vector"]) == (version, vector)


def test_places_vex_epss_and_links_are_kept():
    places = [
        {"filePath": "/b"},
        {"filePath": "/a", "layerDetails": {"diffId": "sha256:1"}},
    ]
    why = {"justificationType": "COMPONENT_NOT_PRESENT"}
    report = read(
        [
            vulnerability(
                issue(fileLocation=places),
                issue(affectedVersion={"name": "1", "revision": "2", "epoch": 3}),
                vexAssessment={"state": "NOT_AFFECTED", "justification": why},
                risk={"epss": {"score": 0.5, "percentile": 0.9}},
                relatedUrls=[{"url": "https://b"}, {"url": "https://a"}],
            )
        ]
    )
    first, second = rows(report, "findings")
    assert (first["location"], first["layer_digest"]) == ("/a, /b", "sha256:1")
    assert (first["vex_status"], first["native_state"]) == (
        "not_affected",
        "NOT_AFFECTED/COMPONENT_NOT_PRESENT",
    )
    assert second["package_version"] == "3:1-2"
    assert first["native_first_seen_at"].isoformat() == "2026-11-01T02:03:04.123456+00:00"
    known = row(report, "vulnerabilities")
    assert (known["epss_score"], known["epss_percentile"]) == (0.5, 0.9)
    assert known["references"] == ["https://a", "https://b"]


@pytest.mark.parametrize(
    "document",
    [
        [{"kind": "BUILD", "noteName": "n", "resourceUri": "https://h/p"}],
        [vulnerability() | {"resourceUri": ""}],
        [vulnerability() | {"noteName": "", "vulnerability": {"packageIssue": [issue()]}}],
        [vulnerability(issue(affectedPackage=""))],
        [vulnerability(issue(effectiveSeverity=3))],
        {"package_vulnerability_summary": {"vulnerabilities": {}}},
    ],
)
def test_what_names_no_image_or_lacks_a_field_is_refused(document):
    with pytest.raises(ReportFileError):
        read(document)


@pytest.mark.parametrize(
    "document", [{}, [], [1], {"occurrences": []}, {"note_name": "n", "kind": "VULNERABILITY"}]
)
def test_other_documents_are_not_recognised(document):
    assert not GcloudJson().recognises(document)
