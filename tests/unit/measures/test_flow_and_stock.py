"""Flow and stock equal a count by hand, run by run and slice by slice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings

from tests.unit.measures import oracle
from tests.unit.measures.history import Exposure, Measures, Step, run_id
from tests.unit.measures.strategies import History, histories

SLICE = ("provider", "account", "registry_id", "owner", "severity")
COUNTS = (
    *("open_before", "opened", "reopened", "fixed", "removed", "withdrawn", "not_affected"),
    *("merged", "moved_in", "moved_out", "open_now", "unconfirmed"),
)


def counted_flow(measures: Measures) -> dict[str, dict[Any, Counter[str]]]:
    """Read the flow of every run, by slice."""
    found: dict[str, dict[Any, Counter[str]]] = {}
    for row in measures.rows("FROM flow"):
        slices = found.setdefault(row["run_id"], {})
        key = tuple(row[name] for name in SLICE)
        assert key not in slices, "one row a run and slice"
        slices[key] = Counter({name: row[name] for name in COUNTS if row[name]})
        assert slices[key], "a row says something"
    return found


def counted_stock(measures: Measures) -> dict[str, Counter[Any]]:
    """Read the stock of every run, by slice and age."""
    found: dict[str, Counter[Any]] = {}
    for row in measures.rows("FROM stock"):
        key = tuple(row[name] for name in SLICE), row["age_bucket"]
        counts = found.setdefault(row["run_id"], Counter())
        counts[*key, "open"] += row["open"]
        counts[*key, "unconfirmed"] += row["unconfirmed"]
    return {run: +counts for run, counts in found.items()}


@settings(max_examples=40, deadline=None)
@given(histories())
def test_flow_and_stock_are_what_a_count_by_hand_gives(history: History):
    measures = Measures(history.days, history.exposures)
    flow, stock = counted_flow(measures), counted_stock(measures)
    for day in history.days:
        assert flow.get(run_id(day), {}) == oracle.flow(history.exposures, day)
        assert stock.get(run_id(day), Counter()) == oracle.stock(history.exposures, day)


@settings(max_examples=25, deadline=None)
@given(histories())
def test_the_flow_balances_in_every_run_and_slice(history: History):
    broken = Measures(history.days, history.exposures).rows(
        "FROM flow WHERE open_now <> open_before + opened + reopened - fixed - removed - withdrawn "
        "- not_affected - merged + moved_in - moved_out OR unconfirmed NOT BETWEEN 0 AND open_now"
    )
    assert broken == []


@settings(max_examples=15, deadline=None)
@given(histories())
def test_open_before_is_open_now_of_the_run_before(history: History):
    measures = Measures(history.days, history.exposures)
    totals = measures.rows(
        "SELECT coalesce(sum(open_before), 0) AS before, coalesce(sum(open_now), 0) AS now "
        "FROM measure_runs LEFT JOIN flow USING (run_id) GROUP BY run_id ORDER BY run_id"
    )
    assert [t["before"] for t in totals[1:]] == [t["now"] for t in totals[:-1]]
    assert totals[0]["before"] == 0


def test_without_exposures_there_is_no_row():
    measures = Measures([0, 1])
    assert measures.rows("FROM flow") == []
    assert measures.rows("FROM stock") == []


def test_a_merged_exposure_leaves_without_being_fixed():
    pair = [
        Exposure(1, (Step(0, "open"), Step(1, "closed", reason="merged"))),
        Exposure(2, (Step(0, "open"),)),
    ]
    (row,) = Measures([0, 1], pair).rows(
        f"SELECT open_before, merged, fixed, open_now FROM flow WHERE run_id = '{run_id(1)}'"
    )
    assert row == {"open_before": 2, "merged": 1, "fixed": 0, "open_now": 1}


def test_unconfirmed_is_open_and_told_apart():
    doubted = Exposure(1, (Step(0, "open"), Step(1, "unconfirmed")))
    (row,) = Measures([0, 1, 2], [doubted]).rows(
        f"SELECT open, unconfirmed FROM stock WHERE run_id = '{run_id(2)}'"
    )
    assert row == {"open": 1, "unconfirmed": 1}


def test_a_reason_or_severity_never_seen_is_neither_fixed_nor_low():
    odd = Exposure(1, (Step(0, "open", "WORSE"), Step(1, "closed", "WORSE", "vanished")))
    rows = Measures([0, 1], [odd]).rows(
        "SELECT severity, sum(removed) AS removed, sum(fixed) AS fixed FROM flow GROUP BY ALL"
    )
    assert rows == [{"severity": "UNKNOWN", "removed": 1, "fixed": 0}]


def test_an_exposure_grows_older_over_a_month_without_runs():
    old = Exposure(1, (Step(0, "open"),))
    rows = Measures([0, 7, 8, 45], [old]).rows(
        "SELECT day, age_bucket FROM stock JOIN measure_runs USING (run_id) ORDER BY run_id"
    )
    assert [row["age_bucket"] for row in rows] == ["0-7", "0-7", "8-14", "31-60"]


def test_a_day_without_a_run_is_a_gap_and_not_a_zero():
    open_all_along = Exposure(1, (Step(0, "open"),))
    rows = Measures([0, 2, 33], [open_all_along]).rows(
        "SELECT c.day, any_value(c.run_id) AS run_id, sum(s.open) AS open FROM run_calendar AS c "
        "LEFT JOIN stock AS s USING (run_id) GROUP BY c.day ORDER BY c.day"
    )
    assert len(rows) == 34
    seen = {0, 2, 33}
    assert [row["open"] for row in rows] == [1 if n in seen else None for n in range(34)]
    assert [row["run_id"] for row in rows] == [run_id(n) if n in seen else None for n in range(34)]


@settings(max_examples=15, deadline=None)
@given(histories())
def test_the_stock_of_the_last_run_is_the_outcome_of_what_is_open(history: History):
    measures = Measures(history.days, history.exposures)
    by_outcome = measures.rows(
        "SELECT provider, owner, severity, "
        "age_bucket_of(as_of_day - first_seen_at::DATE) AS bucket, "
        "count(*) AS open, count(*) FILTER (state = 'unconfirmed') AS unconfirmed "
        "FROM exposure_outcomes WHERE outcome IN ('still_open', 'reopened') "
        "GROUP BY ALL ORDER BY ALL"
    )
    by_stock = measures.rows(
        "SELECT provider, owner, severity, bucket, sum(open) AS open, "
        "sum(unconfirmed) AS unconfirmed "
        f"FROM stock WHERE run_id = '{run_id(history.days[-1])}' GROUP BY ALL ORDER BY ALL"
    )
    assert by_outcome == by_stock
