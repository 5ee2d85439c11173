"""Findings of basic scanning."""

import pytest

from audit.errors import BrokenPageError
from providers.aws.parse_basic import statement, vulnerability
from tests.unit.aws import payloads as p


def test_statement():
    assert statement(p.basic_finding()) == {
        "vulnerability_id": "CVE-2024-0001",
        "aliases": [],
        "package_name": "libfoo",
        "package_version": "1.2.3-1",
        "fix_state": "unknown",
        "severity": "HIGH",
        "native_severity": "HIGH",
        "cvss_score": 7.5,
        "cvss_version": "3.1",
        "cvss_vector": "CVSS:3.1/AV:N/AC:L",
        "title": "CVE-2024-0001",
        "url": "https://security-tracker.debian.org/tracker/CVE-2024-0001",
    }


@pytest.mark.parametrize(("native", "ours"), [("UNDEFINED", "UNKNOWN"), (None, "UNKNOWN")])
def test_severity_not_given_is_unknown(native, ours):
    assert statement(p.basic_finding(severity=native))["severity"] == ours


@pytest.mark.parametrize(
    ("attributes", "score", "version"),
    [
        ([{"key": "CVSS2_SCORE", "value": "5.0"}], 5.0, "2.0"),
        ([{"key": "CVSS3_SCORE", "value": "7.5"}], 7.5, None),
        ([{"key": "CVSS3_SCORE", "value": "high"}, {"key": "CVSS2_SCORE", "value": "5"}], 5, "2.0"),
        ([None, {"key": "CVSS4_SCORE"}], None, None),
        (None, None, None),
    ],
)
def test_scores(attributes, score, version):
    row = statement(p.basic_finding(attributes=attributes))
    assert (row["cvss_score"], row["cvss_version"]) == (score, version)


def test_vulnerability_row_keeps_every_score():
    row = vulnerability(p.basic_finding())
    assert [(s["version"], s["score"]) for s in row["cvss"]] == [("3.1", 7.5), ("2.0", 5.0)]
    assert row["references"] == ["https://security-tracker.debian.org/tracker/CVE-2024-0001"]


@pytest.mark.parametrize("finding", [{}, {"name": ""}])
def test_no_name_is_broken(finding):
    with pytest.raises(BrokenPageError):
        statement(finding)
