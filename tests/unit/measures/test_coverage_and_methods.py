"""Coverage and changes of method, by run."""

from __future__ import annotations

from tests.unit.measures.history import Measures, place, run_id


def covered(
    day: int, state: str, placements: int, current: int, number: int = 0
) -> dict[str, object]:
    where = {k: v for k, v in place(number).items() if k != "repository"}
    counts = {"placements": placements, "current_placements": current}
    return {"run_id": run_id(day), "region": "", "state": state, **where, **counts}


def test_the_share_assessed_by_run_and_registry():
    rows = [
        covered(0, "assessed", 8, 5),
        covered(0, "denied", 2, 1),
        covered(0, "denied", 7, 7, number=1),
        covered(2, "assessed", 3, 3),
    ]
    measures = Measures([0, 1, 2], coverage=rows)
    found = measures.rows("FROM coverage_trend ORDER BY run_id, registry_id")
    assert [(r["run_id"], r["registry_id"], r["assessed"], r["assessable"]) for r in found] == [
        (run_id(0), "registry-0", 8, 10),
        (run_id(0), "registry-1", 0, 7),
        (run_id(2), "registry-0", 3, 3),
    ]
    assert (found[0]["current_assessed"], found[0]["current_assessable"]) == (5, 6)
    states = measures.rows(
        "SELECT state, sum(placements) AS n FROM coverage_by_state GROUP BY ALL ORDER BY ALL"
    )
    assert [tuple(row.values()) for row in states] == [("assessed", 11), ("denied", 9)]


def test_a_run_that_kept_no_coverage_is_not_known_and_not_zero():
    measures = Measures([0, 1], coverage=[covered(0, "denied", 4, 4)])
    rows = measures.rows(
        "SELECT sum(assessed) AS assessed FROM run_calendar "
        "LEFT JOIN coverage_trend USING (run_id) GROUP BY run_id ORDER BY run_id"
    )
    assert [row["assessed"] for row in rows] == [0, None]


def test_a_change_of_method_has_its_day():
    change = {"run_id": run_id(1), "provider": "aws", "account": "1", "registry_id": "r"}
    change |= {"source": "", "change": "scan_type", "before": "BASIC", "after": "ENHANCED"}
    (row,) = Measures([0, 1], methods=[change]).rows("FROM method_lines")
    assert (row["run_id"], row["change"], row["before"]) == (run_id(1), "scan_type", "BASIC")
    assert str(row["day"]) == "2026-01-02"
