"""Moments are UTC and given from outside; what is no moment is the user's mistake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit.app import run_id_of
from audit.clock import FixedClock, SystemClock, parse_moment
from audit.errors import UsageError

MOMENT = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-23T02:00:00Z", "2026-11-23T02:00:00+00:00", "2026-11-23T02:00:00"),
        *("2026-11-23 02:00", "2026-11-23T11:00:00+09:00", "20261123T020000Z"),
        "2026-11-22T20:30:00-05:30",
    ],
)
def test_every_spelling_of_a_moment_is_the_same_moment(text):
    moment = parse_moment(text)
    assert moment == MOMENT
    assert moment.utcoffset() == timedelta(0)
    assert run_id_of(moment) == "20261123T020000Z"


def test_a_day_is_its_first_moment():
    assert parse_moment("2026-11-23") == MOMENT - timedelta(hours=2)


@pytest.mark.parametrize(
    "text", ["", "now", "yesterday", "2026-13-01", "1700000000000", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(UsageError, match="--run-at") as error:
        parse_moment(text)
    assert "2026-11-23T02:00:00Z" in error.value.cure


def test_a_fixed_clock_stands_still_and_the_systems_is_utc():
    clock = FixedClock(MOMENT)
    assert clock.now() == clock.now() == MOMENT
    first, second = SystemClock().now(), SystemClock().now()
    assert first.utcoffset() == timedelta(0)
    assert first <= second


def test_run_ids_sort_by_time():
    moments = [MOMENT + timedelta(seconds=n * 12_345_678) for n in range(9)]
    ids = [run_id_of(moment) for moment in moments]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
