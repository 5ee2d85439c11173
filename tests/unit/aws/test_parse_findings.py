"""Inspector findings, in the form of Inspector and in that of ECR."""

from typing import Any

import pytest

from audit.errors import BrokenPageError
from providers.aws.parse_findings import (
    aliases_of,
    image_of_id,
    images_of,
    statements,
    vulnerability,
)
from tests.unit.aws import payloads as p


def test_one_statement_a_package():
    first, second = statements(p.finding())
    assert first == {
        "vulnerability_id": "CVE-2024-6119",
        "aliases": ["GHSA-aaaa-bbbb-cccc"],
        "severity": "MEDIUM",
        "severity_source": "UBUNTU_CVE",
        "native_severity": "MEDIUM",
        "cvss_score": 5.9,
        "cvss_version": "3.1",
        "cvss_vector": "CVSS:3.1/AV:N",
        "title": "CVE-2024-6119 - libssl3t64, openssl",
        "url": "https://people.canonical.com/~ubuntu-security/cve/2024/CVE-2024-6119",
        "native_id": p.finding()["findingArn"],
        "native_first_seen_at": p.PUSHED,
        "native_state": "ACTIVE",
        "package_name": "libssl3t64",
        "package_version": "3.0.13-0ubuntu3.2",
        "package_type": "OS",
        "fixed_version": "0:3.0.13-0ubuntu3.4",
        "fix_state": "available",
        "location": None,
        "layer_digest": p.digest("1"),
    }
    assert (second["package_name"], second["package_version"]) == (
        "openssl",
        "1:3.0.13-0ubuntu3.2",
    )
    assert (second["fixed_version"], second["fix_state"]) == (None, "not_available")
    assert second["location"] == "usr/bin/x"


def test_the_form_of_ecr_says_the_same():
    assert statements(p.enhanced_finding()) == statements(p.finding())


def _with_package(fix_available: str | None, **package: Any) -> p.Payload:
    given = p.package(**package)
    given = {name: value for name, value in given.items() if value is not None}
    more = {} if fix_available is None else {"fixAvailable": fix_available}
    finding = {**p.finding(), "packageVulnerabilityDetails": p.details(vulnerablePackages=[given])}
    del finding["fixAvailable"]
    return {**finding, **more}


@pytest.mark.parametrize(
    ("fixed_in", "fix_available", "state"),
    [
        ("1.2", None, "available"),
        ("1.2", "NO", "available"),
        ("NotAvailable", "YES", "not_available"),
        ("NotAvailable", None, "not_available"),
        (None, None, "not_available"),
        (None, "NO", "not_available"),
        (None, "YES", "available"),
        (None, "PARTIAL", "unknown"),
    ],
)
def test_fix_state(fixed_in, fix_available, state):
    (row,) = statements(_with_package(fix_available, fixedInVersion=fixed_in))
    assert row["fix_state"] == state
    assert row["fixed_version"] == ("1.2" if fixed_in == "1.2" else None)


@pytest.mark.parametrize(
    ("native", "ours"),
    [
        ("CRITICAL", "CRITICAL"),
        ("INFORMATIONAL", "NEGLIGIBLE"),
        ("UNTRIAGED", "UNKNOWN"),
        ("MOONLIT", "UNKNOWN"),
    ],
)
def test_severity_keeps_the_native_word(native, ours):
    row = statements(p.finding(severity=native))[0]
    assert (row["severity"], row["native_severity"]) == (ours, native)


def test_a_finding_without_packages_is_still_a_statement():
    finding = {**p.finding(), "packageVulnerabilityDetails": p.details(vulnerablePackages=[])}
    (row,) = statements(finding)
    assert (row["vulnerability_id"], row["package_name"]) == ("CVE-2024-6119", None)


def test_packages_of_one_key_are_one_statement():
    twice = p.details(vulnerablePackages=[p.package(), p.package(sourceLayerHash=p.digest("2"))])
    assert len(statements({**p.finding(), "packageVulnerabilityDetails": twice})) == 1


def test_scores_fall_back_to_the_first_of_the_list():
    finding = p.finding()
    del finding["inspectorScoreDetails"]
    row = statements(finding)[0]
    assert (row["cvss_score"], row["cvss_version"]) == (5.9, "3.1")
    assert row["severity_source"] == "UBUNTU_CVE"


@pytest.mark.parametrize("details", [{}, {"vulnerabilityId": ""}, None])
def test_a_finding_of_no_vulnerability_is_broken(details):
    with pytest.raises(BrokenPageError):
        statements({**p.finding(), "packageVulnerabilityDetails": details})


@pytest.mark.parametrize(
    ("identity", "related", "aliases"),
    [
        ("CVE-2024-1111", ["CVE-2024-2222", "GHSA-x", "DSA-1"], ["GHSA-x"]),
        ("GHSA-x", ["CVE-2024-2222", "CVE-2024-1111", "GHSA-y"], []),
        ("GHSA-x", ["cve-2024-2222", "USN-1"], ["cve-2024-2222"]),
        ("ALAS2-2024-1", ["CVE-2024-1111"], ["CVE-2024-1111"]),
        ("ALAS2-2024-1", ["CVE-2024-1111", "CVE-2024-2222"], []),
        ("CVE-2024-1111", None, []),
        ("CVE-2024-1111", [None], []),
    ],
)
def test_aliases(identity, related, aliases):
    assert aliases_of(identity, related) == aliases


def test_images_of_all_resources_in_slashed_repositories():
    resources = [
        p.resource("a"),
        p.resource("b", "team/sub/app"),
        {"type": "AWS_ECR_CONTAINER_IMAGE", "id": p.arn_of("c", "x/y")},
        {"type": "AWS_EC2_INSTANCE", "id": "i-1"},
        p.resource("a"),
    ]
    assert images_of(p.finding(resources=resources)) == [
        ("team/app", p.digest("a"), p.ACCOUNT),
        ("team/sub/app", p.digest("b"), p.ACCOUNT),
        ("x/y", p.digest("c"), p.ACCOUNT),
    ]


@pytest.mark.parametrize(
    "resources", [[], [None], [{"type": "AWS_ECR_CONTAINER_IMAGE", "id": "arn:aws:ecr:x"}]]
)
def test_a_finding_of_no_image_is_broken(resources):
    with pytest.raises(BrokenPageError):
        images_of(p.finding(resources=resources))


@pytest.mark.parametrize("text", ["", "sha256:1", "a/b/sha256:1", "x:repository/a/latest"])
def test_ids_that_name_no_image(text):
    with pytest.raises(BrokenPageError):
        image_of_id(text)


def test_vulnerability_row():
    row = vulnerability(p.finding())
    assert row == {
        "vulnerability_id": "CVE-2024-6119",
        "aliases": ["GHSA-aaaa-bbbb-cccc"],
        "title": "CVE-2024-6119",
        "description": "A flaw in a certificate name check.",
        "references": sorted(
            [
                "https://ubuntu.com/security/notices/USN-1-1",
                "https://people.canonical.com/~ubuntu-security/cve/2024/CVE-2024-6119",
            ]
        ),
        "cvss": [{"source": "NVD", "version": "3.1", "vector": "CVSS:3.1/AV:N", "score": 5.9}],
        "published_at": p.PUSHED,
        "epss_score": 0.0004,
    }
