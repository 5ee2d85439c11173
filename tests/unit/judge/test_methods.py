"""A change of method draws a line and closes nothing."""

from audit.model.enums import Outcome
from tests.unit.judge.nights import Told, changes, exposures, night

CVE = "CVE-2026-1000"


def methods(run) -> list[tuple[str, ...]]:
    rows = run.rows(
        "SELECT registry_id, source, change, before, after FROM method_changes ORDER BY ALL"
    )
    return [tuple(row.values()) for row in rows]


def test_basic_to_enhanced_scanning_is_an_event_and_closes_nothing(tmp_path):
    basic = [Told(CVE, source="ecr-basic"), Told("CVE-2026-1001", source="ecr-basic")]
    night(tmp_path, 0, basic, sources=("ecr-basic",), registry={"scan_type": "BASIC"}).close()
    enhanced = {"scan_type": "ENHANCED"}
    with night(tmp_path, 1, [Told(CVE)], sources=("inspector",), registry=enhanced) as run:
        assert methods(run) == [
            ("host", "", "scan_type", "BASIC", "ENHANCED"),
            ("host", "", "sources", "ecr-basic", "inspector"),
        ]
        assert {change[1] for change in changes(run)} <= {"changed", "unconfirmed", "confirmed"}
        assert len(exposures(run, "exposure_id")) == 2
        assert run.rows("SELECT count(*) AS n FROM exposures_now WHERE state = 'closed'") == [
            {"n": 0}
        ]
    with night(tmp_path, 2, [Told(CVE)], sources=("inspector",), registry=enhanced) as run:
        assert methods(run) == []


def test_another_severity_source_is_an_event(tmp_path):
    night(tmp_path, 0, [Told(CVE, more={"severity_source": "NVD"})]).close()
    with night(tmp_path, 1, [Told(CVE, more={"severity_source": "vendor"})]) as run:
        assert methods(run) == [("host", "inspector", "severity_source", "NVD", "vendor")]
        assert changes(run) == []


def test_a_night_that_could_not_look_changes_no_method(tmp_path):
    night(tmp_path, 0, [Told(CVE)], registry={"scan_type": "BASIC"}).close()
    with night(tmp_path, 1, [], images="", outcome=Outcome.DENIED) as run:
        assert methods(run) == []
    with night(tmp_path, 2, [Told(CVE)], registry={"scan_type": "BASIC"}) as run:
        assert methods(run) == []


def test_coverage_counts_every_assessable_placement_once(tmp_path):
    with night(tmp_path, 0, [Told(CVE)], images="abc", states={"b": "failed"}) as run:
        rows = run.rows("SELECT state, placements, current_placements FROM coverage ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [("assessed", 2, 2), ("failed", 1, 1)]
