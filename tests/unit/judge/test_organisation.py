"""What becomes of an account's regions when the account leaves, is left out or cannot be told."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from audit.app import App
from audit.config import Config
from audit.judging import rebuild
from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from audit.store.commit import Committed, looked_at
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.staging import TaskStaging
from providers.loopback.story import FIRST_NIGHT
from tests.support.staging import commit_outcomes

TOP = ScopeOutcome(
    ScopeRef("aws", "aws/organization", ScopeKind.DISCOVERY), Outcome.COMPLETE, exhaustive=True
)
ACCOUNT = ScopeRef("aws", "aws/1", ScopeKind.DISCOVERY, parent_scope_id="aws/organization")
REGION = ScopeRef("aws", "aws/1/r", ScopeKind.INVENTORY, parent_scope_id="aws/1")
FINDINGS = ScopeRef("aws", "aws/1/r/findings", ScopeKind.FINDINGS, parent_scope_id="aws/1/r")
DIGEST = "sha256:" + "a" * 64


def first_night(root: Path) -> None:
    """Publish a night in which the account's one region holds one vulnerable image."""
    layout, where = Layout(root), {"registry_id": "host", "repository": "team/app"}
    area = {"provider": "aws", "scope_id": REGION.scope_id}
    repositories, placements = Columns("repositories", **area), Columns("placements", **area)
    repositories.append(**where, complete=True, unread=[])
    placements.append(**where, digest=DIGEST, tags=["1"], pushed_at=FIRST_NIGHT)
    images = Columns("images")
    images.append(digest=DIGEST, kind="image", child_digests=[])
    assessments = Columns("assessments", provider="aws", source="inspector")
    assessments.append(**where, digest=DIGEST, state="assessed", scanned_at=FIRST_NIGHT)
    findings = Columns("findings", provider="aws", source="inspector")
    findings.append(**where, digest=DIGEST, vulnerability_id="CVE-2026-1000", severity="HIGH")
    with TaskStaging(layout.staged(f"{FIRST_NIGHT:%Y%m%dT%H%M%SZ}") / "raw", "task") as sink:
        for block in (repositories, placements, images, assessments, findings):
            sink.write(block)
    scopes = [TOP, *(ScopeOutcome(ref, Outcome.COMPLETE) for ref in (ACCOUNT, REGION, FINDINGS))]
    commit_outcomes(layout, FIRST_NIGHT, scopes)


def second_night(root: Path, *outcomes: ScopeOutcome) -> Committed:
    return commit_outcomes(Layout(root), FIRST_NIGHT + timedelta(days=1), list(outcomes))


def ends(done: Committed) -> dict[str, tuple[str, str | None]]:
    return {scope.scope_id: (scope.outcome, scope.error_code) for scope in done.scopes}


def changes(root: Path) -> list[tuple[str, str]]:
    with Warehouse.at(str(root)).open_run() as run:
        rows = run.rows("SELECT event, reason FROM exposure_changes ORDER BY ALL")
    return [(row["event"], row["reason"]) for row in rows]


def test_an_account_that_left_is_gone_with_all_below_it(tmp_path):
    first_night(tmp_path)
    done = second_night(tmp_path, TOP)
    assert ends(done) == {"aws/organization": ("complete", None)}
    assert changes(tmp_path) == [("closed", "removed")]
    assert done.outcome == "complete"


def test_a_listing_that_hides_what_it_may_not_show_proves_nothing_below(tmp_path):
    first_night(tmp_path)
    done = second_night(tmp_path, replace(TOP, exhaustive=False))
    assert ends(done)["aws/1/r"] == ("disabled", "NotPlanned")
    assert changes(tmp_path) == [("unconfirmed", "scope_disabled")]


def test_a_broken_listing_at_the_top_reaches_all_below_it(tmp_path):
    first_night(tmp_path)
    done = second_night(tmp_path, replace(TOP, outcome=Outcome.PARTIAL, errors=1))
    below = {scope: end for scope, end in ends(done).items() if scope != "aws/organization"}
    assert below == dict.fromkeys(
        ("aws/1", "aws/1/r", "aws/1/r/findings"), ("failed", "ParentIncomplete")
    )
    assert changes(tmp_path) == [("unconfirmed", "scope_failed")]


def test_a_suspended_account_keeps_what_was_known(tmp_path):
    first_night(tmp_path)
    suspended = ScopeOutcome(ACCOUNT, Outcome.DISABLED, errors=1, error_code="SUSPENDED")
    done = second_night(tmp_path, TOP, suspended)
    assert ends(done)["aws/1/r"] == ("failed", "ParentIncomplete")
    assert changes(tmp_path) == [("unconfirmed", "scope_failed")]


def test_an_account_left_out_keeps_what_was_known_and_breaks_no_run(tmp_path):
    first_night(tmp_path)
    done = second_night(tmp_path, TOP, ScopeOutcome(ACCOUNT, Outcome.LEFT_OUT))
    below = ("left_out", "ParentLeftOut")
    assert (ends(done)["aws/1/r"], ends(done)["aws/1/r/findings"]) == (below, below)
    assert changes(tmp_path) == [("unconfirmed", "scope_left_out")]
    assert done.outcome == "complete"
    assert done.unassessed == 1  # what was known and is not looked at any more still counts


def test_a_region_that_is_no_longer_enabled_takes_its_findings_scope_along(tmp_path):
    first_night(tmp_path)
    done = second_night(tmp_path, TOP, ScopeOutcome(ACCOUNT, Outcome.COMPLETE))
    assert ends(done).keys() == {"aws/organization", "aws/1"}
    assert changes(tmp_path) == [("closed", "removed")]


def test_leaving_everything_out_is_not_having_looked():
    assert looked_at(["complete", "left_out"])
    assert not looked_at(["left_out"])
    assert not looked_at(["complete", "left_out", "disabled"])
    assert not looked_at([])


def test_the_history_of_an_organisation_is_made_again_as_it_was(tmp_path):
    root = tmp_path / "warehouse"
    first_night(root)
    second_night(root, TOP)
    config = Config(version=1, warehouse=str(root), providers={})
    assert rebuild(App(config, FIRST_NIGHT + timedelta(days=2))).differences == {}
