"""Times to remediate, ages and survival equal what plain Python works out."""

from __future__ import annotations

from collections import Counter
from statistics import fmean
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.measures import oracle
from tests.unit.measures.history import CLOCKS, Exposure, Measures, Step
from tests.unit.measures.strategies import History, histories

LEFT_OUT = ("removed", "withdrawn", "not_affected", "merged", "reopened", "still_open")
OPEN = ("reopened", "still_open")


def by_severity(found: list[oracle.Outcome]) -> dict[str | None, list[oracle.Outcome]]:
    groups: dict[str | None, list[oracle.Outcome]] = {None: found}
    for outcome in found:
        groups.setdefault(outcome.severity, []).append(outcome)
    return groups


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from(CLOCKS))
def test_time_to_remediate(history: History, clock: str):
    rows = Measures(history.days, history.exposures).rows(f"FROM time_to_remediate('{clock}')")
    groups = by_severity(oracle.outcomes(history.exposures, history.days[-1]))
    assert {row["severity"] for row in rows} == set(groups)
    for row in rows:
        group = groups[row["severity"]]
        fixed = [o for o in group if o.outcome == "fixed"]
        days = [d for o in fixed if (d := o.days_from(clock)) is not None]
        assert row["fixed"] == len(days)
        assert row["mean_days"] == (pytest.approx(fmean(days)) if days else None)
        for share, name in ((0.5, "median_days"), (0.9, "p90_days")):
            assert row[name] == (pytest.approx(oracle.quantile(days, share)) if days else None)
        left = Counter(o.outcome for o in group)
        assert [row[reason] for reason in LEFT_OUT] == [left[reason] for reason in LEFT_OUT]
        assert row["no_clock"] == len(fixed) - len(days)
        assert len(group) == row["fixed"] + row["no_clock"] + sum(row[r] for r in LEFT_OUT)


@settings(max_examples=20, deadline=None)
@given(histories(), st.sampled_from(CLOCKS))
def test_age_of_the_open(history: History, clock: str):
    rows = Measures(history.days, history.exposures).rows(f"FROM age_of_open('{clock}')")
    found = [o for o in oracle.outcomes(history.exposures, history.days[-1]) if o.outcome in OPEN]
    groups = by_severity(found)
    assert {row["severity"] for row in rows} == set(groups)
    for row in rows:
        days = [d for o in groups[row["severity"]] if (d := o.days_from(clock)) is not None]
        assert row["open"] == len(groups[row["severity"]])
        assert row["no_clock"] == row["open"] - len(days)
        assert row["mean_days"] == (pytest.approx(fmean(days)) if days else None)
        assert row["median_days"] == (pytest.approx(oracle.quantile(days, 0.5)) if days else None)
        assert row["p90_days"] == (pytest.approx(oracle.quantile(days, 0.9)) if days else None)


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from(CLOCKS))
def test_survival_is_that_of_kaplan_and_meier(history: History, clock: str):
    rows = Measures(history.days, history.exposures).rows(
        f"FROM survival('{clock}') ORDER BY severity, days"
    )
    groups = by_severity(oracle.outcomes(history.exposures, history.days[-1]))
    for severity, group in groups.items():
        pairs = [(d, o.outcome == "fixed") for o in group if (d := o.days_from(clock)) is not None]
        ours = [tuple(row.values())[1:] for row in rows if row["severity"] == severity]
        right = oracle.kaplan_meier(pairs)
        assert [row[:4] for row in ours] == [row[:4] for row in right]
        assert [row[4] for row in ours] == pytest.approx([row[4] for row in right])


def test_what_is_censored_does_not_count_as_mended():
    """Worked by hand: fixed on day 2 and 4, removed on day 3, open on day 5."""
    four = [
        Exposure(1, (Step(0, "open"), Step(2, "closed", reason="fixed"))),
        Exposure(2, (Step(0, "open"), Step(3, "closed", reason="removed"))),
        Exposure(3, (Step(0, "open"), Step(4, "closed", reason="fixed"))),
        Exposure(4, (Step(0, "open"),)),
    ]
    rows = Measures(range(6), four).rows(
        "SELECT days, at_risk, fixed, censored, surviving FROM survival('first_seen_at') "
        "WHERE severity IS NULL ORDER BY days"
    )
    assert [tuple(row.values()) for row in rows] == [
        (2, 4, 1, 0, 0.75),
        (3, 3, 0, 1, 0.75),
        (4, 2, 1, 0, 0.375),
        (5, 1, 0, 1, 0.375),
    ]


def test_a_fix_that_did_not_hold_is_no_fix_and_its_clock_runs_on():
    again = (Step(0, "open"), Step(5, "closed", reason="fixed"), Step(10, "open"))
    measures = Measures(range(21), [Exposure(1, again)])
    (whole,) = measures.rows("FROM time_to_remediate('first_seen_at') WHERE severity IS NULL")
    assert (whole["fixed"], whole["reopened"], whole["still_open"]) == (0, 1, 0)
    (age,) = measures.rows("FROM age_of_open('first_seen_at') WHERE severity IS NULL")
    assert age["median_days"] == 20
    mended = Exposure(1, (*again, Step(15, "closed", reason="fixed")))
    (whole,) = Measures(range(21), [mended]).rows(
        "FROM time_to_remediate('first_seen_at') WHERE severity IS NULL"
    )
    assert (whole["fixed"], whole["median_days"]) == (1, 15)


def test_spans_are_the_unbroken_times_of_being_open():
    steps = (
        *(Step(0, "open", "LOW"), Step(2, "unconfirmed", "LOW"), Step(3, "open", "HIGH")),
        *(Step(5, "closed", "HIGH", "fixed"), Step(9, "open", "LOW")),
    )
    rows = Measures(range(12), [Exposure(1, steps)]).rows(
        "SELECT span, severity, days_open, closing_reason, last, fixed_before "
        "FROM exposure_spans ORDER BY span"
    )
    assert [tuple(row.values()) for row in rows] == [
        (1, "HIGH", 5, "fixed", False, False),
        (2, "LOW", 2, None, True, True),
    ]


def test_a_measure_is_cut_to_a_slice():
    two = [Exposure(n, (Step(0, "open"), Step(n, "closed", reason="fixed")), n) for n in (1, 2)]
    measures = Measures(range(4), two)

    def median(**cut: Any) -> Any:
        told = "".join(f", {name} := '{value}'" for name, value in cut.items())
        rows = measures.rows(
            f"FROM time_to_remediate('first_seen_at'{told}) WHERE severity IS NULL"
        )
        return rows[0]["median_days"]

    assert median() == 1.5
    assert median(in_provider="azure") == 1
    assert median(in_account="account-0") == 2
    assert median(in_registry="registry-2") == 2
    assert median(in_owner="team-1") == 1
    assert median(in_owner="nobody") is None


def test_a_clock_that_does_not_exist_is_an_error():
    measures = Measures([0], [Exposure(1, (Step(0, "open"),))])
    with pytest.raises(duckdb.Error, match="no such clock: first_seen"):
        measures.rows("FROM survival('first_seen')")


def test_no_exposures_give_one_row_of_nothing():
    (row,) = Measures([0, 1]).rows("FROM time_to_remediate('first_seen_at')")
    assert (row["severity"], row["fixed"], row["median_days"]) == (None, 0, None)
    assert Measures([0, 1]).rows("FROM survival('first_seen_at')") == []


def test_what_was_fixed_and_is_another_one_now_is_told_by_that_one_alone():
    """A closed exposure that turns out to be an open one is no fix of its own any more."""
    steps = (Step(0, "open"), Step(2, "closed", reason="fixed"), Step(4, "closed", reason="merged"))
    measures = Measures(range(6), [Exposure(1, steps), Exposure(2, (Step(0, "open"),))])
    (whole,) = measures.rows("FROM time_to_remediate('first_seen_at') WHERE severity IS NULL")
    assert (whole["fixed"], whole["merged"], whole["still_open"]) == (0, 1, 1)
    flow = measures.rows("SELECT sum(fixed) AS fixed, sum(merged) AS merged FROM flow")
    assert flow == [{"fixed": 1, "merged": 0}], "it left once, and as fixed at that time"


def test_a_new_name_of_what_is_closed_moves_no_end():
    steps = (Step(0, "open"), Step(2, "closed", reason="fixed"), Step(4, "closed", reason="fixed"))
    (whole,) = Measures(range(6), [Exposure(1, steps)]).rows(
        "FROM time_to_remediate('first_seen_at') WHERE severity IS NULL"
    )
    assert (whole["fixed"], whole["median_days"]) == (1, 2)
