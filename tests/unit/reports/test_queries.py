"""Every query says what it answers and of what, and every file is one that a report asks."""

from __future__ import annotations

import re

import pytest

from reports import queries
from reports.columns import COLUMNS
from reports.figures import FIGURES, LISTINGS
from reports.trend.figures import TREND


def test_every_file_is_asked_and_every_question_has_a_file():
    assert set(queries.names()) == {*FIGURES, *LISTINGS, *TREND}


@pytest.mark.parametrize("name", queries.names())
def test_a_query_starts_with_its_question_and_denominator(name):
    sql = queries.load(name).sql
    head = re.match(r"(?:--.*\n)+", sql)
    assert head is not None
    assert head[0].startswith("-- Answers: ")
    assert "Denominator: " in head[0]
    assert "Needs:" not in sql


@pytest.mark.parametrize("name", queries.names())
def test_a_query_has_an_order_so_that_the_same_run_gives_the_same_bytes(name):
    body = queries.load(name).sql
    assert name in {"run", "totals"} or re.search("ORDER BY", body, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_only_listings_take_a_limit(name):
    query = queries.load("changes" if name == "changes_all" else name)
    assert query.is_listing == ("count(*) OVER () AS total" in query.sql)


def test_needed_parts_come_before_a_query_that_has_parts_of_its_own():
    sql = queries.load("exposures_open").sql
    assert sql.count("WITH ") == 1
    assert sql.index("open_exposures AS (") < sql.index("counted AS (")
