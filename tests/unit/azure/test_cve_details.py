"""Severities that Defender's rows leave out come from its CVE details, by name, or stay unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.model.enums import Outcome
from providers.azure import statement_writer
from providers.azure.cve_details import BATCH
from tests.unit.azure.scripted import Say
from tests.unit.azure.support import Row
from tests.unit.azure.test_incremental import Collected, collect, digest
from tests.unit.loopback.azure_estates import NIGHT

CVEDETAILS = "microsoft.security/cvedetails"
REFUSED = Say({"error": {"code": "AuthorizationFailed", "message": "not at the root"}}, 403)


def rows(*cves: Row, letter: str = "a") -> list[Row]:
    told = {"SoftwareName": "zlib", "CvesDetails": list(cves)}
    image = {"Digest": digest(letter)}
    plain = {"statusCode": "Unhealthy", "resourceAdditionalData": image, "additionalData": told}
    return [{"id": f"/row/{letter}", **plain}]


def unknown(number: int, **changes: Any) -> Row:
    return {"CveId": f"CVE-2026-{number}", "Severity": "Unknown", "Cvss": None} | changes


def detail(number: int, **changes: Any) -> Row:
    return {
        "id": f"/d/{number}",
        "cveId": f"cve-2026-{number}",
        "severity": "Critical",
        "status": "Published",
        "publishedDate": "2026-01-02T00:00:00Z",
        "cvss": {"4.0": None, "3.0": {"base": 9.8}, "2.0": {"base": 5.0}},
    } | changes


def finding(run: Collected) -> Row:
    (told,) = run.sink["findings"]
    return told


def test_an_unknown_severity_is_filled_from_a_named_source_and_its_word_is_kept():
    run = collect(rows(unknown(1)), placed="a", details=[detail(1, cveId="CVE-2026-1")])
    told = finding(run)
    assert (told["severity"], told["severity_source"]) == ("CRITICAL", CVEDETAILS)
    assert told["native_severity"] == "Unknown"
    assert (told["cvss_score"], told["cvss_version"]) == (9.8, "3.0")
    (described,) = run.sink["vulnerabilities"]
    assert {one["source"] for one in described["cvss"]} == {CVEDETAILS}
    assert described["published_at"] == datetime(2026, 1, 2, tzinfo=UTC)
    assert described["withdrawn_at"] is None


def test_what_the_row_says_is_never_overruled():
    mine = unknown(1, Severity="Low", Cvss=[{"Key": "3", "Value": {"Base": 3.1}}])
    told = finding(collect(rows(mine), placed="a", details=[detail(1, cveId="CVE-2026-1")]))
    assert (told["severity"], told["severity_source"], told["cvss_score"]) == (
        *("LOW", "defender", 3.1),
    )


@pytest.mark.parametrize("word", ["Unknown", "", None, "Dire"])
def test_details_that_do_not_know_either_leave_it_unknown(word):
    known = detail(1, cveId="CVE-2026-1", severity=word, cvss=None)
    told = finding(collect(rows(unknown(1)), placed="a", details=[known]))
    assert (told["severity"], told["severity_source"]) == ("UNKNOWN", "defender")
    assert told["cvss_score"] is None


@pytest.mark.parametrize(
    "details",
    [REFUSED, Say({}, 500), [], Say({"totalRecords": 9, "data": [detail(1)]})],
    ids=["not at the root", "broken", "empty", "cut"],
)
def test_without_details_every_statement_is_kept_as_unknown_and_counted(details):
    """One tenant: 24,198 of 24,198 statements came with severity Unknown and no score."""
    told = rows(*(unknown(number) for number in range(2, 300)))
    run = collect(told, placed="a", details=details)
    assert run.outcome.outcome is Outcome.COMPLETE
    assert run.outcome.listed == len(run.sink["findings"]) == 298
    assert {one["severity"] for one in run.sink["findings"]} == {"UNKNOWN"}
    assert {one["cvss_score"] for one in run.sink["findings"]} == {None}


def test_an_empty_or_refused_table_is_asked_once():
    many = [one for letter in "abc" for one in rows(unknown(1), unknown(2), letter=letter)]
    assert collect(many, placed="abc", details=REFUSED).asked.count("details") == 1
    assert collect(many, placed="abc", details=[]).asked.count("details") == 1


def test_each_cve_is_asked_for_once_in_batches():
    known = [detail(number, cveId=f"CVE-2026-{number}") for number in range(1200)]
    many = [
        one
        for letter in "abc"
        for one in rows(*(unknown(number) for number in range(1200)), letter=letter)
    ]
    run = collect(many, placed="abc", details=known)
    assert run.asked.count("details") == -(-1200 // BATCH)
    assert {one["severity"] for one in run.sink["findings"]} == {"CRITICAL"}
    assert len(run.sink["findings"]) == 3600


def test_no_more_is_held_back_than_fits(monkeypatch):
    monkeypatch.setattr(statement_writer, "HELD", 1)
    known = [detail(number, cveId=f"CVE-2026-{number}") for number in (1, 2)]
    run = collect(rows(unknown(1), unknown(2)), placed="a", details=known)
    assert {one["severity"] for one in run.sink["findings"]} == {"CRITICAL"}


@pytest.mark.parametrize(
    ("changes", "when"),
    [
        ({"status": "Reject"}, NIGHT),
        (
            {"status": "rejected", "lastModifiedDate": "2026-02-03T00:00:00Z"},
            datetime(2026, 2, 3, tzinfo=UTC),
        ),
        ({"status": "Published"}, None),
        ({"status": None}, None),
    ],
)
def test_a_rejected_cve_is_withdrawn_and_its_statement_kept(changes, when):
    run = collect(rows(unknown(1)), placed="a", details=[detail(1, cveId="CVE-2026-1", **changes)])
    assert [one["withdrawn_at"] for one in run.sink["vulnerabilities"]] == [when]
    assert len(run.sink["findings"]) == 1


def test_an_id_that_could_end_the_query_is_not_asked_for():
    odd = unknown(1, CveId="CVE-2026-1') or (true")
    run = collect(rows(odd), placed="a", details=[detail(1)])
    assert "details" not in run.asked
    assert len(run.sink["findings"]) == 1
