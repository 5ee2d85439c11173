"""The figures of the trend equal what the story's author counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from audit.errors import WarehouseError
from audit.judge.deadlines import shipped
from reports.render.text import load_words
from reports.trend import figures, said
from tests.unit.measures.history import Exposure, Step
from tests.unit.reports.trend_run import TrendRun, coverage, story

ENGLISH = load_words("en")


def column(rows: Any, *names: str) -> list[Any]:
    return [tuple(row[name] for name in names) for row in rows]


def test_the_stock_by_day_with_gaps():
    rows = figures.collect(story()).rows("trend_days")
    assert column(rows, "open", "unconfirmed", "critical", "unrated") == [
        *((4, 0, 1, 0), (6, 0, 1, 0), (7, 0, 1, 0)),
        *((None, None, None, None), (None, None, None, None)),
        *((5, 1, 1, 0), (2, 1, 1, 0), (3, 1, 1, 1)),
    ]
    assert column(rows, "assessed", "assessable")[2:4] == [(3, 4), (None, None)]


def test_the_flow_by_day_balances_and_tells_the_first_run_apart():
    rows = figures.collect(story()).rows("trend_flow")
    names = ("met", "opened", "reopened", "fixed", "removed", "withdrawn", "merged", "open_now")
    assert column(rows, *names) == [
        *((4, 0, 0, 0, 0, 0, 0, 4), (0, 3, 0, 1, 0, 0, 0, 6), (0, 1, 0, 0, 0, 0, 0, 7)),
        *((None,) * 8, (None,) * 8),
        *((0, 0, 0, 2, 0, 0, 0, 5), (0, 0, 0, 0, 1, 1, 0, 2), (0, 1, 1, 0, 0, 0, 1, 3)),
    ]
    assert [row["balances"] for row in rows] == [True, True, True, None, None, True, True, True]


@pytest.mark.parametrize(("step", "periods"), [(20, 11), (150, 15)])
def test_long_histories_are_told_by_week_and_by_month(step, periods):
    """61 days are told by day; 70 days lie in 11 weeks; 451 days in 15 months."""
    days = [0, step, 3 * step] if step > 100 else [0, step, 69]
    found = [Exposure(n, (Step(day, "open"),)) for n, day in enumerate(days)]
    trend = figures.collect(TrendRun(days, found))
    rows = trend.rows("trend_flow")
    assert len(rows) == periods
    assert sum(row["opened"] or 0 for row in rows) == 2
    assert [row["open_now"] for row in rows if row["runs"]] == [1, 2, 3]
    assert sum(row["runs"] == 0 for row in rows) == periods - 3
    assert all(row["opened"] is None for row in rows if not row["runs"])


def test_accounts_are_followed_from_the_first_run():
    rows = figures.collect(story()).rows("trend_accounts")
    assert column(rows, "provider", "met", "opened", "fixed", "removed", "open_now") == [
        (None, 4, 5, 3, 1, 3),
        ("aws", 3, 5, 2, 1, 3),
        ("azure", 1, 0, 1, 0, 0),
    ]


def test_ages_and_what_is_overdue():
    old = [
        Exposure(1, (Step(0, "open", "CRITICAL"),)),
        Exposure(2, (Step(10, "open", "CRITICAL"),)),
        Exposure(3, (Step(0, "open", "LOW"),)),
    ]
    rows = figures.collect(TrendRun([0, 10, 40], old)).rows("trend_ageing")
    names = ("severity", "deadline_days", "open", "days_30", "days_60", "overdue")
    assert column(rows, *names) == [
        (None, None, 3, 1, 2, 1),
        ("CRITICAL", 30, 2, 1, 1, 1),
        ("LOW", 180, 1, 0, 1, 0),
    ]


def test_times_to_remediate_and_what_is_left_out():
    rows = figures.collect(story()).rows("trend_remediation")
    names = ("fixed", "median_days", "removed", "withdrawn", "merged", "reopened", "still_open")
    assert column(rows[:1], *names) == [(2, 3.0, 1, 1, 1, 1, 2)]


def test_deadlines_are_those_of_the_profile():
    trend = figures.collect(TrendRun([0], profile=shipped("pci-4.0.1")))
    assert column(trend.rows("trend_profile"), "severity", "deadline_days")[:2] == [
        ("CRITICAL", 30),
        ("HIGH", None),
    ]
    named, note = said.profile(ENGLISH, trend)
    assert named.startswith("pci-4.0.1, version 1: PCI DSS 4.0.1")
    assert "the first run that knew a fix" in named
    assert "6.3.1" in note


def test_the_limits_of_a_trend_are_said():
    told = said.limits(ENGLISH, figures.collect(story()))
    assert told[0] == "The trend rests on 6 runs on 8 days, from 2026-01-01 to 2026-01-08 (UTC)."
    assert told[1].startswith("2 of these days have no run.")
    assert told[2].startswith("The way of looking changed in 1 run,")
    first = said.limits(ENGLISH, figures.collect(TrendRun([0], coverage=[])))
    assert first[0].startswith("This is the first run: a trend needs more runs.")
    assert any("it was not kept how much" in line for line in first)


def test_coverage_is_said_with_its_denominator_and_its_lowest():
    shares = [row for day, some in ((0, 1), (1, 4), (2, 3)) for row in coverage(day, some)]
    trend = figures.collect(TrendRun([0, 1, 2], coverage=shares))
    assert "75.0 % (3 of 4)" in said.coverage(ENGLISH, trend)
    assert "25.0 % (1 of 4) on 2026-01-01" in said.coverage(ENGLISH, trend)
    unknown = figures.collect(TrendRun([0, 1], coverage=coverage(0)))
    assert "was not kept for the last run" in said.coverage(ENGLISH, unknown)


def test_a_run_that_was_never_published_is_an_error():
    run = story()
    run._holds("runs", "runs", [])
    with pytest.raises(WarehouseError, match="no row in the table runs"):
        figures.collect(run)
