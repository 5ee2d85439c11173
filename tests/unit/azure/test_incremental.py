"""Between two full reads only what the summary shows to have moved is read; the rest stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from audit.errors import WarehouseError
from audit.model.enums import Outcome
from audit.model.scope import ScopeOutcome
from providers.azure.defender import DefenderReader
from providers.azure.names import findings_scope
from providers.azure.placements import Place, Placements
from tests.support.kept import Kept
from tests.unit.azure.answers import TERMS, Answers, served
from tests.unit.azure.remembering import night
from tests.unit.azure.scripted import Say
from tests.unit.azure.support import KeepingSink, Row
from tests.unit.azure.test_defender import ON
from tests.unit.loopback.azure_estates import NIGHT

NEXT = NIGHT + timedelta(days=1)
REGISTRY = "one.azurecr.io"
ASKED_AT_LEAST = ["pricings", "summary", "running", "exempt", "older"]
REFUSED = Say({"error": {"code": "BadRequest", "message": "no such function"}}, 400)


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def row(letter: str, number: int = 1, **changes: Any) -> Row:
    cve = {"CveId": f"CVE-2026-{number}", "Severity": "High"}
    return {
        "id": f"/row/{letter}{number}",
        "statusCode": "Unhealthy",
        "statusChangeDate": "2026-11-20T00:00:00Z",
        "resourceAdditionalData": {"Digest": digest(letter)},
        "additionalData": {"SoftwareName": "zlib", "CvesDetails": [cve]},
    } | changes


LETTERS = "abcdef"
ROWS = [row(letter, number) for letter in LETTERS for number in range(1, 41)]
MANY = [*ROWS, *(row("9", number) for number in range(1, 1001))]  # 9 is placed nowhere


@dataclass
class Collected:
    outcome: ScopeOutcome
    sink: KeepingSink
    asked: list[str]

    def told(self, column: str) -> dict[str, Any]:
        return {one["digest"][7]: one[column] for one in self.sink["assessments"]}

    def notes(self) -> dict[str, str]:
        return {one["name"]: one["value"] for one in self.sink["reading_marks"]}


def collect(
    rows: Sequence[Row] | Say,
    moment: datetime = NIGHT,
    before: KeepingSink | None = None,
    placed: str = LETTERS,
    pricings: Any = ON,
    unavailable: str | None = None,
    **more: Any,
) -> Collected:
    sink, placements = KeepingSink(), Placements()
    for letter in placed:
        place = Place(REGISTRY, "app", digest(letter))
        placements.add(place, NIGHT - timedelta(days=2), assessable=True)
    with served(Answers(pricings, rows, **more)) as (graph, answers):
        ref = findings_scope("s-1")
        terms = replace(TERMS, unavailable=unavailable)
        reader = DefenderReader(ref, graph, sink, night(moment, before), terms)
        reader.read_plan()
        reader.look_ahead([REGISTRY])
        return Collected(reader.read_findings(placements, {}), sink, answers.asked)


@pytest.fixture(scope="module")
def first() -> Collected:
    return collect(MANY)


def again(first: Collected, rows: Sequence[Row] | Say = MANY, **more: Any) -> Collected:
    return collect(rows, more.pop("moment", NEXT), first.sink, **more)


def test_the_first_run_reads_everything_and_notes_how_far(first):
    assert [*first.asked].count("everything") == 1
    assert first.outcome.outcome is Outcome.COMPLETE
    assert set(first.told("state").values()) == {"assessed"}
    assert set(first.told("basis").values()) == {"read"}
    assert first.notes().keys() == {"full_read", "summary"}
    assert first.notes()["full_read"] == NIGHT.isoformat()


def test_where_nothing_moved_nothing_is_read_and_everything_stands(first):
    run = again(first)
    assert run.asked == ASKED_AT_LEAST
    assert run.outcome.outcome is Outcome.COMPLETE
    assert run.outcome.api_calls == len(ASKED_AT_LEAST)
    assert set(run.told("basis").values()) == {"remembered"}
    assert run.told("content_hash") == first.told("content_hash")
    assert run.told("native_status") == first.told("native_status")
    assert run.sink["findings"] == []
    kept = json.loads(first.notes()["summary"])
    assert json.loads(run.notes()["summary"]) == {digest(one): kept[digest(one)] for one in LETTERS}
    assert "full_read" not in run.notes()


def test_a_change_of_status_is_read_and_the_rest_stands(first):
    moved = [row("a", 1, statusChangeDate="2026-11-22T00:00:00Z"), *MANY[1:]]
    run = again(first, moved)
    assert sorted(run.asked) == sorted([*ASKED_AT_LEAST, "changed", "details"])
    assert run.told("basis") == dict.fromkeys("bcdef", "remembered") | {"a": "read"}
    assert {one["digest"] for one in run.sink["findings"]} == {digest("a")}
    assert len(run.sink["findings"]) == 40


def test_a_cve_that_is_added_without_a_change_of_status_is_seen(first):
    more = [{"CveId": "CVE-2026-1", "Severity": "High"}, {"CveId": "CVE-2026-999"}]
    grown = row("a", 1, additionalData={"SoftwareName": "zlib", "CvesDetails": more})
    run = again(first, [grown, *MANY[1:]])
    assert run.told("basis")["a"] == "read"
    assert "CVE-2026-999" in {one["vulnerability_id"] for one in run.sink["findings"]}


def test_a_row_that_goes_is_seen(first):
    run = again(first, MANY[1:])
    assert run.told("basis")["a"] == "read"
    assert len(run.sink["findings"]) == 39
    assert run.told("content_hash")["a"] != first.told("content_hash")["a"]


def test_an_image_whose_rows_all_go_is_inferred_clean_not_remembered(first):
    run = again(first, MANY[40:])
    assert (run.told("state")["a"], run.told("basis")["a"]) == ("inferred_clean", "read")
    assert run.asked == ASKED_AT_LEAST


def test_a_window_never_infers_clean_a_new_image_is_judged_by_its_rows(first):
    run = again(first, [*MANY, row("0")], placed=LETTERS + "01")
    assert (run.told("state")["0"], run.told("basis")["0"]) == ("assessed", "read")
    assert run.told("state")["1"] == "inferred_clean"


def test_a_new_placement_of_a_known_image_is_read_as_no_run_judged_it(first):
    first_place = Place(REGISTRY, "app", digest("a"))
    sink = KeepingSink()
    sink.tables.update(first.sink.tables)
    sink.tables["assessments"] = [
        one for one in first.sink["assessments"] if one["digest"] != first_place.digest
    ]
    run = collect(MANY, NEXT, sink)
    assert run.told("basis")["a"] == "read"
    assert len(run.sink["findings"]) == 40


@pytest.mark.parametrize("state", ["unknown", "stale", "denied", "inferred_clean", "unsupported"])
def test_only_what_was_assessed_is_gone_on_from(first, state):
    sink = KeepingSink()
    sink.tables.update(first.sink.tables)
    sink.tables["assessments"] = [
        one | ({"state": state} if one["digest"] == digest("a") else {})
        for one in first.sink["assessments"]
    ]
    assert collect(MANY, NEXT, sink).told("basis")["a"] == "read"


def test_rows_without_the_date_of_a_change_are_read_every_time(first):
    undated = [*(one | {"statusChangeDate": None} for one in MANY[:40]), *MANY[40:]]
    second = again(first, undated)
    third = collect(undated, NEXT + timedelta(days=1), second.sink)
    assert third.told("basis")["a"] == "read"


@pytest.mark.parametrize(("days", "everything"), [(6.9, False), (7, True), (70, True), (-1, True)])
def test_everything_is_read_again_at_an_interval(first, days, everything):
    run = again(first, moment=NIGHT + timedelta(days=days))
    assert ("everything" in run.asked) == everything


def test_where_most_of_it_moved_one_read_of_everything_is_cheaper(first):
    moved = [one | {"statusChangeDate": "2026-11-22T00:00:00Z"} for one in ROWS]
    run = again(first, moved)
    assert "everything" in run.asked
    assert "changed" not in run.asked


def test_a_plan_that_went_off_makes_what_stands_stale(first):
    run = again(first, pricings=[{**ON[0], "pricingTier": "Free"}])
    assert set(run.told("state").values()) == {"stale"}
    assert set(run.told("basis").values()) == {"read"}


@pytest.mark.parametrize(
    "summary",
    [
        REFUSED,
        Say({}, 500),
        [{"id": "", "rows": 3, "changed": None, "size": 1}],
        [{"id": digest("a")}],
        [{"id": digest("a"), "rows": 1}, {"id": "a" * 64, "rows": 1}],
        [{"id": "sha256:' | take 1 //", "rows": 1}],
        [],
    ],
)
def test_without_a_summary_that_stands_for_the_rows_everything_is_read(first, summary):
    run = again(first, summary=summary)
    assert "everything" in run.asked
    assert set(run.told("basis").values()) == {"read"}
    assert set(run.told("state").values()) == {"assessed"}


def test_a_summary_that_is_refused_is_no_failure_and_leaves_no_note(first):
    run = again(first, summary=REFUSED)
    assert run.outcome.outcome is Outcome.COMPLETE
    assert run.notes() == {}


def test_fewer_rows_than_the_summary_counts_are_not_believed():
    brief = {"id": digest("a"), "rows": 2, "changed": "2026-11-20T00:00:00Z", "size": 1}
    summary = [brief, brief | {"id": digest("b"), "rows": 1}]
    run = collect([row("b")], placed="abc", summary=summary)
    assert run.told("state") == {"a": "unknown", "b": "assessed", "c": "inferred_clean"}
    assert run.outcome.outcome is Outcome.PARTIAL
    assert digest("a") not in run.notes()["summary"]


def test_more_rows_than_the_summary_counts_are_read_again_next_time():
    brief = {"id": digest("a"), "rows": 1, "changed": "2026-11-20T00:00:00Z", "size": 1}
    run = collect([row("a", 1), row("a", 2)], placed="a", summary=[brief])
    assert run.outcome.outcome is Outcome.COMPLETE
    assert run.notes()["summary"] == "{}"


def test_a_batch_that_cannot_be_read_vouches_for_no_image_and_leaves_no_note(first):
    moved = [row("a", 1, statusChangeDate="2026-11-22T00:00:00Z"), *MANY[1:]]
    run = collect(moved, NEXT, first.sink, changed=Say({}, 500))
    assert set(run.told("state").values()) == {"unknown"}
    assert set(run.told("basis").values()) == {"read"}
    assert run.notes() == {}


def test_a_damaged_run_before_costs_a_full_read(first, monkeypatch):
    def damaged(*_: Any, **__: Any) -> None:
        raise WarehouseError("gone")

    monkeypatch.setattr(Kept, "rows", damaged)
    run = again(first)
    assert "everything" in run.asked
    assert run.outcome.outcome is Outcome.COMPLETE


def test_a_note_of_another_make_is_no_note(first):
    for value in ("[]", "{", '{"x": 1}'):
        sink = KeepingSink()
        sink.tables.update(first.sink.tables)
        sink.tables["reading_marks"] = [
            one | ({"value": value} if one["name"] == "summary" else {})
            for one in first.sink["reading_marks"]
        ]
        assert set(collect(MANY, NEXT, sink).told("basis").values()) == {"read"}


def test_a_cloud_without_defender_is_not_asked_and_says_so_instead_of_nothing(first):
    run = collect(MANY, NEXT, first.sink, unavailable="Defender ended here")
    assert run.asked == []
    assert (run.outcome.outcome, run.outcome.error_code) == (Outcome.DISABLED, "NotOffered")
    assert set(run.told("state").values()) == {"not_scanned"}
    assert {one["reason"] for one in run.sink["assessments"]} == {"Defender ended here."}
    assert run.sink["findings"] == []
