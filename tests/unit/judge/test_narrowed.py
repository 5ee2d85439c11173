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
    night(tmp_path, 0).close()
    with night(tmp_path, 1, listed=False) as run:
        assert change(run) == [("unconfirmed", "repository_unlisted")]
        states = run.rows("SELECT state, reason FROM assessments")
        assert [row["state"] for row in states] == ["unknown"]
        assert "was not listed in this run" in states[0]["reason"]
        assert open_now(run) == 1
    with night(tmp_path, 2) as run:
        assert change(run) == [("confirmed", "stated_again")]


def test_a_repository_that_a_complete_scope_no_longer_names_is_gone(tmp_path):
    night(tmp_path, 0).close()
    with night(tmp_path, 1, listed=False, repository_row=False) as run:
        assert change(run) == [("closed", "removed")]
        assert open_now(run) == 0
    with night(tmp_path, 2) as run:
        assert change(run) == [("reopened", "first_look")]
        assert run.rows("SELECT reopened_count FROM exposures_now") == [{"reopened_count": 1}]


def test_a_scope_that_the_plan_no_longer_holds_is_on_record(tmp_path):
    night(tmp_path, 0).close()
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
    night(tmp_path, 0, refs=(parent, child)).close()
    layout, moment = Layout(tmp_path), FIRST_NIGHT + timedelta(days=1)
    commit_outcomes(layout, moment, [ScopeOutcome(parent, Outcome.FAILED, errors=1)])
    with Warehouse(layout).open_run() as run:
        assert change(run) == [("unconfirmed", "scope_failed")]
    commit_outcomes(layout, moment + timedelta(days=1), [ScopeOutcome(parent, Outcome.COMPLETE)])
    with Warehouse(layout).open_run() as run:
        assert change(run) == [("closed", "removed")]


def stage_one(layout: Layout, number: int, **placement: object) -> None:
    """Publish a night of one untagged image, as Inspector tells of it or does not."""
    moment = FIRST_NIGHT + timedelta(days=number)
    where = {"registry_id": "host", "repository": "team/app"}
    told = placement.pop("told", True)
    images, placements = Columns("images"), Columns("placements", **AREA)
    assessments = Columns("assessments", provider="aws", source="inspector")
    findings = Columns("findings", provider="aws", source="inspector")
    images.append(digest=DIGEST, kind=placement.pop("kind", "image"), child_digests=[])
    placements.append(**where, digest=DIGEST, **placement)
    assessments.append(
        **where, digest=DIGEST, state="assessed" if told else "denied", scanned_at=moment
    )
    if told:
        findings.append(**where, digest=DIGEST, vulnerability_id="CVE-2026-1000", severity="HIGH")
    with TaskStaging(layout.staged(f"{moment:%Y%m%dT%H%M%SZ}") / "raw", "task") as sink:
        for block in (images, placements, assessments, findings):
            sink.write(block)
    commit_outcomes(layout, moment, [ScopeOutcome(REF, Outcome.COMPLETE)])


def test_a_running_image_stays_current_when_nobody_can_tell_whether_it_runs(tmp_path):
    layout = Layout(tmp_path)
    stage_one(layout, 0, tags=[], pushed_at=FIRST_NIGHT, in_use=True, in_use_count=4)
    for number in (1, 2):
        stage_one(layout, number, tags=[], pushed_at=FIRST_NIGHT, told=False)
        with Warehouse(layout).open_run() as run:
            assert open_now(run) == 1
            placed = run.rows("SELECT current, in_use, in_use_count FROM placements")
            assert placed == [{"current": True, "in_use": True, "in_use_count": 4}]


def test_a_push_time_that_is_not_told_puts_no_image_aside(tmp_path):
    layout = Layout(tmp_path)
    stage_one(layout, 0, tags=["1"])
    with Warehouse(layout).open_run() as run:
        assert open_now(run) == 1


def test_an_index_whose_children_cannot_be_read_keeps_them(tmp_path):
    layout, index = Layout(tmp_path), "sha256:" + "b" * 64
    where = {"registry_id": "host", "repository": "team/app"}
    for number, children in enumerate(([DIGEST], None, None)):
        moment = FIRST_NIGHT + timedelta(days=number)
        images, placements = Columns("images"), Columns("placements", **AREA, **where)
        images.append(digest=index, kind="index", child_digests=children)
        images.append(digest=DIGEST, kind="image", child_digests=[])
        placements.append(digest=index, tags=["1"], pushed_at=FIRST_NIGHT)
        placements.append(digest=DIGEST, tags=[], pushed_at=FIRST_NIGHT)
        assessments = Columns("assessments", provider="aws", source="inspector", **where)
        assessments.append(digest=DIGEST, state="assessed", scanned_at=moment)
        findings = Columns("findings", provider="aws", source="inspector", **where)
        findings.append(digest=DIGEST, vulnerability_id="CVE-2026-1000", severity="HIGH")
        with TaskStaging(layout.staged(f"{moment:%Y%m%dT%H%M%SZ}") / "raw", "task") as sink:
            for block in (images, placements, assessments, findings):
                sink.write(block)
        commit_outcomes(layout, moment, [ScopeOutcome(REF, Outcome.COMPLETE)])
        with Warehouse(layout).open_run() as run:
            assert open_now(run) == 1
            assert run.rows("SELECT bool_and(current) AS all_current FROM placements") == [
                {"all_current": True}
            ]


def test_an_index_that_was_never_resolved_hides_no_child(tmp_path):
    layout, index = Layout(tmp_path), "sha256:" + "b" * 64
    where = {"registry_id": "host", "repository": "team/app"}
    images, placements = Columns("images"), Columns("placements", **AREA, **where)
    images.append(digest=index, kind="index", child_digests=None)
    images.append(digest=DIGEST, kind="image", child_digests=[])
    placements.append(digest=index, tags=["1"], pushed_at=FIRST_NIGHT)
    placements.append(digest=DIGEST, tags=[], pushed_at=FIRST_NIGHT)
    findings = Columns("findings", provider="aws", source="inspector", **where)
    findings.append(digest=DIGEST, vulnerability_id="CVE-2026-1000", severity="CRITICAL")
    with TaskStaging(layout.staged("20261122T020000Z") / "raw", "task") as sink:
        for block in (images, placements, findings):
            sink.write(block)
    commit_outcomes(layout, FIRST_NIGHT, [ScopeOutcome(REF, Outcome.COMPLETE)])
    with Warehouse(layout).open_run() as run:
        assert open_now(run) == 1


def test_a_misleading_kind_elsewhere_takes_no_image_out_of_the_count(tmp_path):
    layout, other = Layout(tmp_path), {"provider": "gcp", "scope_id": "gcp/p/l"}
    images, placements = Columns("images"), Columns("placements", **other)
    images.append(digest=DIGEST, kind="signature", child_digests=[])
    placements.append(registry_id="else", repository="scratch", digest=DIGEST, tags=["x"])
    with TaskStaging(layout.staged("20261122T020000Z") / "raw", "other task") as sink:
        sink.write(images)
        sink.write(placements)
    stage_one(layout, 0, tags=["1"], pushed_at=FIRST_NIGHT)
    with Warehouse(layout).open_run() as run:
        assert run.rows("SELECT kind FROM images") == [{"kind": "image"}]
        assert open_now(run) == 1


def test_a_repository_left_out_for_long_stays_on_record(tmp_path):
    layout = Layout(tmp_path)
    pulled = FIRST_NIGHT - timedelta(days=5)
    stage_one(layout, 0, tags=[], pushed_at=pulled, last_pulled_at=pulled)
    with night(tmp_path, 40, listed=False) as run:
        assert change(run) == [("unconfirmed", "repository_unlisted")]
    with night(tmp_path, 80, listed=False) as run:
        assert open_now(run) == 1


def test_retiring_a_scope_does_not_outrank_its_own_outcome(tmp_path):
    night(tmp_path, 0).close()
    layout, moment = Layout(tmp_path), FIRST_NIGHT + timedelta(days=1)
    denied = [ScopeOutcome(REF, Outcome.DENIED, errors=1)]
    commit_outcomes(layout, moment, denied, retired=("aws/1/r",))
    with Warehouse(layout).open_run() as run:
        assert change(run) == [("unconfirmed", "scope_denied")]


def test_a_provider_whose_plan_broke_is_no_advice_to_retire_its_scopes(tmp_path):
    night(tmp_path, 0).close()
    plan = ScopeRef("aws", "aws/plan", ScopeKind.DISCOVERY)
    commit_outcomes(
        Layout(tmp_path),
        FIRST_NIGHT + timedelta(days=1),
        [ScopeOutcome(plan, Outcome.FAILED, errors=1)],
    )
    with Warehouse(Layout(tmp_path)).open_run() as run:
        rows = run.rows("SELECT outcome, error_code FROM scopes WHERE scope_id = 'aws/1/r'")
        assert rows == [{"outcome": "failed", "error_code": "ParentIncomplete"}]


def test_carried_settings_judge_nothing(tmp_path):
    layout = Layout(tmp_path)
    registries = Columns("registries", **AREA, registry_id="host")
    registries.append(language_packages_scanned=True)
    with TaskStaging(layout.staged("20261122T020000Z") / "raw", "task") as sink:
        sink.write(registries)
    commit_outcomes(layout, FIRST_NIGHT, [ScopeOutcome(REF, Outcome.COMPLETE)])
    moment = FIRST_NIGHT + timedelta(days=1)
    commit_outcomes(layout, moment, [ScopeOutcome(REF, Outcome.DENIED, errors=1)])
    with Warehouse(layout).open_run() as run:
        rows = run.rows(
            "SELECT status, value, observed_run_id FROM control_results WHERE control_id = 'SCN-02'"
        )
    assert rows == [{"status": "UNKNOWN", "value": "true", "observed_run_id": "20261122T020000Z"}]


def test_a_vulnerability_is_not_forgotten_by_a_night_that_tells_less(tmp_path):
    layout = Layout(tmp_path)
    first = {"source": "NVD", "version": "3.1", "vector": "V", "score": 9.8}
    second = {"source": "vendor", "version": "3.1", "vector": "W", "score": 7.0}
    for number, (description, cvss) in enumerate((("long", [first]), (None, [second]))):
        moment = FIRST_NIGHT + timedelta(days=number)
        told = Columns("vulnerabilities")
        told.append(vulnerability_id="CVE-2026-1000", description=description, cvss=cvss)
        with TaskStaging(layout.staged(f"{moment:%Y%m%dT%H%M%SZ}") / "raw", "task") as sink:
            sink.write(told)
        commit_outcomes(layout, moment, [ScopeOutcome(REF, Outcome.COMPLETE)])
    with Warehouse(layout).open_run() as run:
        (row,) = run.rows("SELECT description, cvss FROM vulnerabilities")
    assert row["description"] == "long"
    assert {score["source"] for score in row["cvss"]} == {"NVD", "vendor"}


def test_evidence_whose_time_nobody_told_grows_old_with_its_run(tmp_path):
    layout = Layout(tmp_path)
    ref = ScopeRef("files", "files/abc", ScopeKind.INVENTORY)
    where = {"registry_id": "quay.io", "repository": "team/tool"}
    images = Columns("images")
    images.append(digest=DIGEST, kind="image", child_digests=[])
    placements = Columns("placements", provider="files", scope_id="files/abc", **where)
    placements.append(digest=DIGEST, tags=[])
    assessments = Columns("assessments", provider="files", source="grype", **where)
    assessments.append(digest=DIGEST, state="assessed")
    findings = Columns("findings", provider="files", source="grype", **where)
    findings.append(digest=DIGEST, vulnerability_id="CVE-2026-1000", severity="HIGH")
    with TaskStaging(layout.staged("20261122T020000Z") / "raw", "task") as sink:
        for block in (images, placements, assessments, findings):
            sink.write(block)
    commit_outcomes(layout, FIRST_NIGHT, [ScopeOutcome(ref, Outcome.COMPLETE)])
    later = FIRST_NIGHT + timedelta(days=40)
    commit_outcomes(layout, later, [ScopeOutcome(REF, Outcome.COMPLETE)])
    with Warehouse(layout).open_run() as run:
        assert run.rows("SELECT state FROM assessments") == [{"state": "stale"}]
        assert change(run) == [("unconfirmed", "image_stale")]
