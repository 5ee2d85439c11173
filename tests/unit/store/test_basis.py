"""A source asked only for what changed: what stands, what goes, and what is not believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from audit.store.layout import Layout
from audit.store.memory import StoredMemory
from audit.store.reader import StoredRun, Warehouse
from audit.store.replay import Replay, rebuild_differences
from audit.store.staging import TaskStaging
from providers.loopback.story import FIRST_NIGHT
from tests.support.staging import commit_outcomes
from tests.unit.judge.nights import AREA, REF, WHERE, changes, digest

FINDINGS_SCOPE = ScopeRef("aws", "aws/1/r/findings", ScopeKind.FINDINGS, source="inspector")


@dataclass
class Night:
    """One night of a repository: what the source was asked and what it answered."""

    told: tuple[tuple[str, str], ...] = ()
    closed: tuple[tuple[str, str], ...] = ()
    images: str = "a"
    basis: str | None = None
    states: dict[str, str] = field(default_factory=dict)
    severity: str = "HIGH"
    marks: dict[str, str] = field(default_factory=dict)

    def publish(self, root: Path, number: int) -> StoredRun:
        layout, moment = Layout(root), FIRST_NIGHT + timedelta(days=number)
        rows, placements = Columns("images"), Columns("placements", **WHERE, **AREA)
        looks = Columns("assessments", **WHERE, source="inspector", basis=self.basis)
        for name in self.images:
            rows.append(digest=digest(name), kind="image", child_digests=[])
            placements.append(digest=digest(name), tags=[name], in_use=True)
            state = self.states.get(name, "assessed")
            looks.append(digest=digest(name), state=state, scanned_at=moment)
        findings = Columns("findings", **WHERE, source="inspector", severity=self.severity)
        for image, vulnerability in self.told:
            findings.append(
                digest=digest(image),
                vulnerability_id=vulnerability,
                package_name="openssl",
                fix_state="unknown",
            )
        closings = Columns("source_closings", **WHERE, source="inspector")
        for image, vulnerability in self.closed:
            closings.append(
                digest=digest(image), vulnerability_id=vulnerability, native_state="CLOSED"
            )
        marks = Columns("reading_marks", provider="aws", scope_id=FINDINGS_SCOPE.scope_id)
        for name, value in self.marks.items():
            marks.append(name=name, value=value)
        with TaskStaging(layout.staged(f"{moment:%Y%m%dT%H%M%SZ}") / "raw", "task") as sink:
            for block in (rows, placements, looks, findings, closings, marks):
                sink.write(block)
        outcomes = [ScopeOutcome(ref, Outcome.COMPLETE) for ref in (REF, FINDINGS_SCOPE)]
        commit_outcomes(layout, moment, outcomes)
        return Warehouse(layout).open_run()


FIRST = Night(told=(("a", "CVE-2026-0001"), ("a", "CVE-2026-0002")))


def stated(run: StoredRun) -> list[tuple[Any, ...]]:
    rows = run.rows(
        "SELECT left(digest, 8) AS image, vulnerability_id, severity FROM findings ORDER BY ALL"
    )
    return [tuple(row.values()) for row in rows]


def looks(run: StoredRun) -> list[tuple[Any, ...]]:
    rows = run.rows("SELECT state, basis, read_run_id, observed_run_id FROM assessments")
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("basis", ["changes", "remembered"])
def test_what_did_not_change_stands_as_confirmed_tonight(tmp_path, basis):
    before = stated(FIRST.publish(tmp_path, 0))
    run = Night(basis=basis).publish(tmp_path, 1)
    assert stated(run) == before
    assert changes(run) == []
    assert looks(run) == [("assessed", basis, "20261122T020000Z", run.run_id)]
    assert run.rows("SELECT DISTINCT observed_run_id AS id FROM findings") == [{"id": run.run_id}]


@pytest.mark.parametrize(
    ("state", "basis", "confirmed"),
    [("stale", "remembered", True), ("stale", "read", False), ("expired", "remembered", False)],
)
def test_what_a_source_left_stands_where_it_says_that_nothing_changed(
    tmp_path, state, basis, confirmed
):
    before = stated(FIRST.publish(tmp_path, 0))
    run = Night(states={"a": state}, basis=basis).publish(tmp_path, 1)
    assert stated(run) == before
    fresh = run.rows("SELECT DISTINCT observed_run_id = run_id AS fresh FROM findings")
    assert fresh == [{"fresh": confirmed}]
    assert [row[0] for row in looks(run)] == [state]


def test_what_the_last_answer_did_not_state_is_not_confirmed_by_its_standing(tmp_path):
    """It was carried over a look that lacked it: that nothing changed since confirms nothing."""
    FIRST.publish(tmp_path, 0)
    left = Night(states={"a": "stale"}, told=(("a", "CVE-2026-0002"),))
    left.publish(tmp_path, 1)
    run = Night(states={"a": "stale"}, basis="remembered").publish(tmp_path, 2)
    fresh = run.rows("SELECT vulnerability_id FROM findings WHERE observed_run_id = run_id")
    assert fresh == [{"vulnerability_id": "CVE-2026-0002"}]
    assert len(stated(run)) == 2
    assert changes(run) == []


def test_a_changed_statement_replaces_the_earlier_one(tmp_path):
    FIRST.publish(tmp_path, 0)
    night = Night(told=(("a", "CVE-2026-0002"),), basis="changes", severity="LOW")
    assert stated(night.publish(tmp_path, 1)) == [
        ("sha256:a", "CVE-2026-0001", "HIGH"),
        ("sha256:a", "CVE-2026-0002", "LOW"),
    ]


def test_what_the_source_took_back_is_gone_and_on_record(tmp_path):
    FIRST.publish(tmp_path, 0)
    run = Night(closed=(("a", "CVE-2026-0001"),), basis="changes").publish(tmp_path, 1)
    assert stated(run) == [("sha256:a", "CVE-2026-0002", "HIGH")]
    assert changes(run) == [("CVE-2026-0001", "closed", "fixed")]
    assert run.rows("SELECT vulnerability_id, native_state FROM source_closings") == [
        {"vulnerability_id": "CVE-2026-0001", "native_state": "CLOSED"}
    ]


def test_without_basis_everything_was_read_and_what_is_missing_is_gone(tmp_path):
    FIRST.publish(tmp_path, 0)
    run = Night(told=(("a", "CVE-2026-0002"),)).publish(tmp_path, 1)
    assert stated(run) == [("sha256:a", "CVE-2026-0002", "HIGH")]
    assert looks(run) == [("assessed", "read", run.run_id, run.run_id)]


def test_a_reading_that_failed_takes_nothing_back(tmp_path):
    """The source was told to list changes and broke off: what it closed counts the next time."""
    before = stated(FIRST.publish(tmp_path, 0))
    night = Night(
        closed=(("a", "CVE-2026-0001"),), basis="changes", states={"a": "unknown"}
    ).publish(tmp_path, 1)
    assert stated(night) == before


@pytest.mark.parametrize("before", ["pending", "expired", "unknown", "denied"])
def test_changes_of_an_image_that_was_never_read_are_no_look_at_it(tmp_path, before):
    Night(states={"a": before}).publish(tmp_path, 0)
    run = Night(told=(("a", "CVE-2026-0001"),), basis="changes").publish(tmp_path, 1)
    assert [row[:2] for row in looks(run)] == [("unknown", "changes")]
    assert stated(run) == [("sha256:a", "CVE-2026-0001", "HIGH")]


def test_an_image_that_came_tonight_cannot_rest_on_last_night(tmp_path):
    FIRST.publish(tmp_path, 0)
    run = Night(images="ab", basis="changes").publish(tmp_path, 1)
    rows = run.rows("SELECT left(digest, 8) AS image, state FROM assessments ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [
        ("sha256:a", "assessed"),
        ("sha256:b", "unknown"),
    ]


def test_a_mark_holds_until_it_is_made_anew(tmp_path):
    Night(marks={"until": "monday", "form": "1"}).publish(tmp_path, 0)
    Night(marks={"until": "tuesday"}).publish(tmp_path, 1)
    memory = StoredMemory(Layout(tmp_path), Warehouse(Layout(tmp_path)).ledger())
    marks = memory.rows("reading_marks", ("name", "value"), scope_id=FINDINGS_SCOPE.scope_id)
    assert dict(marks) == {"until": "tuesday", "form": "1"}


def test_memory_answers_for_one_registry_alone(tmp_path):
    FIRST.publish(tmp_path, 0)
    memory = StoredMemory(Layout(tmp_path), Warehouse(Layout(tmp_path)).ledger())
    asked = ("repository", "digest", "told_state", "read_run_id")
    known = [("team/app", digest("a"), "assessed", memory.previous_run_id)]
    assert memory.rows("assessments", asked, registry_id="host", source="inspector") == known
    assert memory.rows("assessments", asked, registry_id="o'ther", source="inspector") == []
    assert memory.rows("images", ("kind",), placed_in="host") == [("image",)]
    assert memory.rows("images", ("kind",), placed_in="elsewhere") == []
    named = ("CVE-2026-0002", "CVE-2026-0009", "'; --")
    stated = memory.rows(
        "findings", ("vulnerability_id",), registry_id="host", vulnerability_id=named
    )
    assert stated == [("CVE-2026-0002",)]
    assert memory.rows("findings", ("vulnerability_id",), vulnerability_id=()) == []
    with pytest.raises(KeyError, match="no column"):
        memory.rows("images", ('kind" FROM x; --',))
    with pytest.raises(KeyError, match="collected"):
        memory.rows("exposures", ("state",))


def test_the_same_history_comes_out_when_it_is_made_again(tmp_path):
    """What a run asked for is no part of the judgement: only what stood is."""
    FIRST.publish(tmp_path / "a", 0)
    Night(closed=(("a", "CVE-2026-0001"),), basis="changes").publish(tmp_path / "a", 1)
    Night(told=(("a", "CVE-2026-0003"),), basis="changes").publish(tmp_path / "a", 2)
    Night(basis="remembered").publish(tmp_path / "a", 3)
    source, target = Layout(tmp_path / "a"), Layout(tmp_path / "b")
    run_ids = list(Replay(source, target).run())
    assert len(run_ids) == 4
    assert rebuild_differences(source, target, run_ids) == {}
    one, two = (stated(Warehouse(layout).open_run()) for layout in (source, target))
    assert one == two
