"""VULNERABILITY occurrences: one row per package issue, in Google's words and in ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from grafeas import grafeas_v1 as gr

from audit.errors import BrokenPageError
from audit.model.scope import ScopeTally
from providers.gcp import lean
from providers.gcp.names import place_of
from providers.gcp.parse_cvss import leading_score
from providers.gcp.scopes import findings_scope
from providers.gcp.stated import StatedOnce
from providers.gcp.statements import StatementWriter
from tests.unit.gcp.parts import (
    Rows,
    digest,
    discovery,
    issue,
    page,
    raw,
    stated,
    uri,
    vulnerability,
    written,
)

Severity: Any = gr.Severity  # proto-plus enums are not typed as enums
State: Any = gr.VulnerabilityAssessmentNote.Assessment.State
UNSEEN = 97
CVSS3 = gr.CVSS(
    base_score=9.8,
    attack_vector=1,
    attack_complexity=1,
    privileges_required=1,
    user_interaction=1,
    scope=1,
    confidentiality_impact=1,
    integrity_impact=2,
    availability_impact=3,
)
CVSS2 = gr.CVSS(
    base_score=5.0,
    attack_vector=1,
    attack_complexity=3,
    authentication=3,
    confidentiality_impact=4,
    integrity_impact=3,
    availability_impact=5,
)
CVSS4 = gr.CVSS(
    base_score=8.7,
    attack_vector=1,
    attack_complexity=1,
    attack_requirements=1,
    privileges_required=1,
    user_interaction=3,
    vulnerable_system_confidentiality_impact=1,
    vulnerable_system_integrity_impact=3,
    vulnerable_system_availability_impact=3,
    subsequent_system_confidentiality_impact=3,
    subsequent_system_integrity_impact=3,
    subsequent_system_availability_impact=2,
)
VECTOR3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:N"


def one(**fields: Any) -> dict[str, Any]:
    (row,) = stated(vulnerability(**fields))
    return row


def one_issue(**fields: Any) -> dict[str, Any]:
    return one(package_issue=[issue(**fields)])


def test_every_package_issue_is_a_row():
    issues = [issue(), issue(affected_package="libssl3")]
    rows = stated(vulnerability(package_issue=issues))
    assert [row["package_name"] for row in rows] == ["openssl", "libssl3"]
    assert {row["native_id"] for row in rows} == {"projects/p/o/v"}


def test_issues_that_share_the_key_stay_apart():
    issues = [issue(affected_cpe_uri="cpe:1"), issue(affected_cpe_uri="cpe:2")]
    rows = stated(vulnerability(package_issue=issues))
    assert [row["native_id"] for row in rows] == ["projects/p/o/v", "projects/p/o/v#2"]


def test_an_occurrence_without_a_package_is_still_a_statement():
    row = one(package_issue=[], severity=5)
    assert (row["severity"], row["fix_state"]) == ("CRITICAL", "unknown")


@pytest.mark.parametrize(
    ("of_issue", "effective", "noted", "native", "severity"),
    [
        (4, 2, 5, "HIGH", "HIGH"),
        (0, 2, 5, "LOW", "LOW"),
        (0, 0, 5, "CRITICAL", "CRITICAL"),
        (0, 0, 0, "SEVERITY_UNSPECIFIED", "UNKNOWN"),
        (1, 5, 5, "MINIMAL", "NEGLIGIBLE"),
        (UNSEEN, 5, 5, "97", "UNKNOWN"),
    ],
)
def test_the_severity_nearest_to_the_package_counts(of_issue, effective, noted, native, severity):
    row = one(
        package_issue=[issue(effective_severity=of_issue)],
        effective_severity=effective,
        severity=noted,
    )
    assert (row["native_severity"], row["severity"]) == (native, severity)


def test_every_severity_of_the_sdk_has_its_word():
    for level in Severity:
        row = one(package_issue=[issue(effective_severity=level)])
        assert row["native_severity"] == level.name
        assert (row["severity"] == "UNKNOWN") == (level == Severity.SEVERITY_UNSPECIFIED)


@pytest.mark.parametrize(
    ("fixed", "fix_available", "version", "state"),
    [
        (gr.Version(kind=1, full_name="3.0.13-1"), True, "3.0.13-1", "available"),
        (gr.Version(kind=1, full_name="3.0.13-1"), False, "3.0.13-1", "available"),
        (gr.Version(kind=1, name="3.0", revision="1", epoch=2), True, "2:3.0-1", "available"),
        (gr.Version(kind=3), False, None, "not_available"),
        (gr.Version(kind=3, full_name="x"), True, None, "not_available"),
        (None, False, None, "not_available"),
        (gr.Version(full_name="3.0.13"), True, "3.0.13", "available"),
        (gr.Version(kind=2), False, None, "unknown"),
        (gr.Version(kind=UNSEEN, full_name="3"), True, None, "unknown"),
    ],
)
def test_no_fix_is_told_by_the_kind_of_the_fixed_version(fixed, fix_available, version, state):
    row = one_issue(fixed_version=fixed, fix_available=fix_available)
    assert (row["fixed_version"], row["fix_state"]) == (version, state)


@pytest.mark.parametrize(
    ("short", "identifier", "title"),
    [
        ("CVE-2026-9", "CVE-2026-9", None),
        ("", "CVE-2026-1", None),
        ("A flaw in openssl", "CVE-2026-1", "A flaw in openssl"),
    ],
)
def test_the_id_is_the_short_description_or_the_notes_name(short, identifier, title):
    row = one(short_description=short)
    assert (row["vulnerability_id"], row["title"]) == (identifier, title)


@pytest.mark.parametrize("state", [*State, UNSEEN])
def test_a_vex_statement_is_kept_beside_the_finding(state):
    word = state.name if isinstance(state, State) else "97"
    assert one(vex_assessment={"state": state})["native_state"] == word
    assert one()["native_state"] is None
    why = {"justification_type": 3}
    row = one(vex_assessment={"state": 2, "justification": why})
    assert (row["vex_status"], row["native_state"]) == (
        "not_affected",
        "NOT_AFFECTED/VULNERABLE_CODE_NOT_IN_EXECUTE_PATH",
    )


def test_places_layers_and_times_are_kept():
    places = [
        gr.FileLocation(file_path="/usr/lib/z"),
        gr.FileLocation(file_path="/usr/lib/a", layer_details={"diff_id": "sha256:1"}),
    ]
    row = one_issue(file_location=places)
    assert row["location"] == "/usr/lib/a, /usr/lib/z"
    assert row["layer_digest"] == "sha256:1"
    assert one_issue()["location"] is None
    occurrence = vulnerability()
    occurrence.create_time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    (dated,) = stated(occurrence)
    assert dated["native_first_seen_at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "version", "score", "vector"),
    [
        ({"cvss_score": 9.8, "cvss_version": 2, "cvssv3": CVSS3}, "3.1", 9.8, VECTOR3),
        ({"cvss_version": 2, "cvssv3": CVSS3, "cvss_v4": CVSS4}, "3.1", 9.8, VECTOR3),
        (
            {"cvss_version": 3, "cvss_v4": CVSS4, "cvssv3": CVSS3},
            "4.0",
            8.7,
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:N/VA:N/SC:N/SI:N/SA:L",
        ),
        ({"cvss_version": 1, "cvss_v2": CVSS2}, "2.0", 5.0, "AV:N/AC:M/Au:N/C:P/I:N/A:C"),
        ({"cvssv3": CVSS3, "cvss_v2": CVSS2}, "3.1", 9.8, VECTOR3),
        ({"cvssv3": gr.CVSS(base_score=7.5, attack_vector=1)}, "3.1", 7.5, None),
        (
            {"cvssv3": CVSS3, "long_description": "NIST vectors: CVSS:3.0/" + VECTOR3[9:]},
            "3.0",
            9.8,
            "CVSS:3.0/" + VECTOR3[9:],
        ),
        ({"cvss_score": 7.5, "cvss_version": 2}, "3.1", 7.5, None),
        ({"cvss_score": 7.5, "cvss_version": UNSEEN}, None, 7.5, None),
        ({}, None, None, None),
    ],
)
def test_the_score_is_the_one_the_occurrence_leads_with(fields, version, score, vector):
    assert leading_score(raw(vulnerability(**fields)).vulnerability) == (version, score, vector)


def test_a_vulnerability_is_described_once_with_every_score():
    first = vulnerability(
        long_description="Long.",
        related_urls=[{"url": "https://b"}, {"url": "https://a"}, {"url": "https://b"}],
        cvssv3=CVSS3,
        cvss_v2=CVSS2,
        risk={"cisa_kev": {}, "epss": {"score": 0.9, "percentile": 0.99}},
    )
    (row,) = written(first, vulnerability("b"))[0].tables["vulnerabilities"]
    assert row["references"] == ["https://a", "https://b"]
    assert row["description"] == "Long."
    assert [(score["version"], score["score"]) for score in row["cvss"]] == [
        ("3.1", 9.8),
        ("2.0", 5.0),
    ]
    assert (row["epss_score"], row["epss_percentile"]) == (0.9, 0.99)
    assert row["kev_added_at"] is None, "Google does not say since when"


def test_an_occurrence_of_another_kind_or_without_an_id_is_refused():
    nameless = vulnerability(short_description="")
    nameless.note_name = ""
    for broken in (discovery(), nameless):
        rows, tally = written(broken, vulnerability("b"))
        assert isinstance(tally.first_error, BrokenPageError)
        assert [row["digest"] for row in rows.tables["findings"]] == [digest("b")]


def test_a_vulnerability_that_is_cut_is_refused_alone():
    whole = page(vulnerability("a"), vulnerability("b"))
    whole.occurrences[0].vulnerability = whole.occurrences[0].vulnerability[:-1]
    rows, tally = Rows(), ScopeTally(findings_scope("p"))
    writer = StatementWriter(rows, "run-1", StatedOnce(), lean)
    writer.write(
        whole, {place: place for letter in "ab" if (place := place_of(uri(letter)))}, tally
    )
    assert [row["digest"] for row in rows.tables["findings"]] == [digest("b")]
    assert "cannot be read" in str(tally.first_error)


def test_what_is_stated_of_many_images_is_parsed_once_and_told_of_each():
    once = StatedOnce()
    rows = Rows()
    writer = StatementWriter(rows, "run-1", once, lean)
    where = {place: place for letter in "abc" if (place := place_of(uri(letter)))}
    other = vulnerability("c", package_issue=[issue(fix_available=True)])
    same = page(vulnerability("a", name="o/1"), vulnerability("b", name="o/2"), other)
    writer.write(same, where, ScopeTally(findings_scope("p")))
    told = [(row["native_id"], row["fix_state"]) for row in rows.tables["findings"]]
    assert told == [
        ("o/1", "not_available"),
        ("o/2", "not_available"),
        ("projects/p/o/v", "available"),
    ]
    assert once.book().parsed == 1, "only the package differs"


def test_what_is_kept_of_vulnerabilities_is_bounded():
    once = StatedOnce(most_bytes=2_000)
    books = set()
    for number in range(50):
        (occurrence,) = page(vulnerability(short_description=f"CVE-2026-{number}")).occurrences
        book = once.book()
        for _ in range(2):
            book.read(occurrence, lean)
        books.add(book)
        kept = sum(len(raw_bytes) for raw_bytes in book.known)
        assert 0 < kept < 2_200
        assert sum(len(one.detail) for one in book.vulnerabilities) < 2_200
    assert 1 < len(books) < 10


def test_the_same_bytes_under_another_note_are_another_vulnerability_where_the_note_names_it():
    first, second = vulnerability(short_description=""), vulnerability("b", short_description="")
    second.note_name = "projects/goog-vulnz/notes/CVE-2026-2"
    tables = written(*[first, second] * 3)[0].tables
    told = [row["vulnerability_id"] for row in tables["findings"]]
    assert told == ["CVE-2026-1", "CVE-2026-2"] * 3
    assert [row["vulnerability_id"] for row in tables["vulnerabilities"]] == told[:2]
