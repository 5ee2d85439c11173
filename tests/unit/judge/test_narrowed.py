"""What the configuration stops looking at is not gone: carried, unconfirmed, never removed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import LEFT_OUT, ScopeOutcome, ScopeRef
from audit.store.layout import Layout
from audit.store.reader import StoredRun, Warehouse
from audit.store.staging import TaskStaging
from providers.loopback.story import FIRST_NIGHT
from tests.support.staging import commit_outcomes

AREA = {"provider": "aws", "scope_id": "aws/1/r"}
REF = ScopeRef("aws", "aws/1/r", ScopeKind.INVENTORY)
DIGEST = "sha256:" + "a" * 64


def night(
    root: Path,
    number: int,
    *,
    listed: bool = True,
    repository_row: bool = True,
    refs: tuple[ScopeRef, ...] = (REF,),
    retired: tuple[str, ...] = (),
) -> StoredRun:
    """Publish a night in which one repository with one vulnerable image is listed, or not."""
    layout, moment = Layout(root), FIRST_NIGHT + timedelta(days=number)
    where = {"registry_id": "host", "repository": "team/app"}
    repositories = Columns("repositories", **AREA)
    if repository_row:
        repositories.append(**where, complete=listed, unread=[] if listed else [LEFT_OUT])
    images, placements = Columns("images"), Columns("placements", **AREA)
    assessments = Columns("assessments", provider="aws", source="inspector")
    findings = Columns("findings", provider="aws", source="inspector")
    if listed:
        images.append(digest=DIGEST, kind="image", child_digests=[])
        placements.append(**where, digest=DIGEST, tags=["1"], pushed_at=FIRST_NIGHT)
        assessments.append(**where, digest=DIGEST, state="assessed", scanned_at=moment)
        findings.append(**where, digest=DIGEST, vulnerability_id="CVE-2026-1000", severity="HIGH")
    with TaskStaging(layout.staged(f"{moment:%Y%m%dT%H%M%SZ}") / "raw", "task") as sink:
        for block in (repositories, images, placements, assessments, findings):
            sink.write(block)
    outcomes = [ScopeOutcome(ref, Outcome.COMPLETE) for ref in refs]
    commit_outcomes(layout, moment, outcomes, retired=retired)
    return Warehouse(layout).open_run()


def change(run: StoredRun) -> list[tuple[str, str]]:
    return [
        (row["event"], row["reason"])
        for row in run.rows("SELECT event, reason FROM exposure_changes ORDER BY ALL")
    ]


def open_now(run: StoredRun) -> int:
    return int(run.rows("SELECT count(*) AS n FROM exposures_now WHERE state <> 'closed'")[0]["n"])


def test_a_repository_left_out_keeps_what_was_known(tmp_path):
    night(tmp_path, 0).connection.close()
    with night(tmp_path, 1, listed=False) as run:
        assert change(run) == [("unconfirmed", "repository_unlisted")]
        states = run.rows("SELECT state, reason FROM assessments")
        assert [row["state"] for row in states] == ["unknown"]
        assert "was not listed in this run" in states[0]["reason"]
        assert open_now(run) == 1
    with night(tmp_path, 2) as run:
        assert change(run) == [("confirmed", "stated_again")]


def test_a_repository_that_a_complete_scope_no_longer_names_is_gone(tmp_path):
    night(tmp_path, 0).connection.close()
    with night(tmp_path, 1, listed=False, repository_row=False) as run:
        assert change(run) == [("closed", "removed")]
        assert open_now(run) == 0
    with night(tmp_path, 2) as run:
        assert change(run) == [("reopened", "first_look")]
        assert run.rows("SELECT reopened_count FROM exposures_now") == [{"reopened_count": 1}]


def test_a_scope_that_the_plan_no_longer_holds_is_on_record(tmp_path):
    night(tmp_path, 0).connection.close()
    other = replace(REF, scope_id="aws/2/r")
    with night(tmp_path, 1, listed=False, repository_row=False, refs=(other,)) as run:
        assert change(run) == [("unconfirmed", "scope_disabled")]
        scopes = run.rows("SELECT outcome, error_code FROM scopes WHERE scope_id = 'aws/1/r'")
        assert scopes == [{"outcome": "disabled", "error_code": "NotPlanned"}]
    retired = ("aws/1/r",)
    with night(
        tmp_path, 2, listed=False, repository_row=False, refs=(other,), retired=retired
    ) as run:
        assert change(run) == [("closed", "removed")]


def test_a_child_of_a_broken_discovery_is_not_gone(tmp_path):
    parent = ScopeRef("aws", "aws/1", ScopeKind.DISCOVERY)
    child = replace(REF, parent_scope_id="aws/1")
    night(tmp_path, 0, refs=(parent, child)).connection.close()
    layout, moment = Layout(tmp_path), FIRST_NIGHT + timedelta(days=1)
    commit_outcomes(layout, moment, [ScopeOutcome(parent, Outcome.FAILED, errors=1)])
    with Warehouse(layout).open_run() as run:
        assert change(run) == [("unconfirmed", "scope_failed")]
    commit_outcomes(layout, moment + timedelta(days=1), [ScopeOutcome(parent, Outcome.COMPLETE)])
    with Warehouse(layout).open_run() as run:
        assert change(run) == [("closed", "removed")]
