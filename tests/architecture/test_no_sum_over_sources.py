"""The sum over sources is nowhere a figure: two that agree must not count as twice as much."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from audit import questions
from audit.judge.opinions import opinion_views
from reports import queries
from tests.support.per_source import PER_SOURCE, sums_over_sources

MEASURES = {
    f"{file.name}: {name}": body
    for file in files("audit.judge.measures").iterdir()
    if file.name.endswith(".sql")
    for name, body in re.findall(
        r"CREATE TEMP VIEW (\w+) AS\n(.*?);\n", file.read_text("utf-8"), re.DOTALL
    )
}
FIGURES = {
    **{f"report {name}": queries.load(name).sql for name in queries.names()},
    **{f"question {name}": questions.load(name).sql for name in questions.NAMES},
    **{f"opinions {name}": query for name, query in opinion_views().items()},
    **MEASURES,
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_adds_up_what_sources_state(name):
    assert sums_over_sources(FIGURES[name]) == []


def test_every_view_of_the_measures_was_read():
    texts = [
        file.read_text("utf-8")
        for file in files("audit.judge.measures").iterdir()
        if file.name.endswith(".sql")
    ]
    assert len(MEASURES) == sum(text.count("CREATE TEMP VIEW") for text in texts) > 10
    macros = "".join(re.findall(r"CREATE TEMP MACRO.*?;\n", "".join(texts), re.DOTALL))
    assert not set(re.findall(r"\w+", macros)) & PER_SOURCE


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM findings",
        "SELECT severity, count(*) AS n FROM findings GROUP BY severity",
        "SELECT count(DISTINCT (digest, source, vulnerability_id)) FROM findings",
        "SELECT (SELECT count(*) FROM findings) AS statements",
        "SELECT sum(n) FROM (SELECT source, count(*) AS n FROM findings GROUP BY source)",
        "WITH told AS (SELECT DISTINCT source, digest FROM findings) SELECT count(*) FROM told",
        "WITH told AS (SELECT digest FROM findings) SELECT digest, count(*) FROM told GROUP BY ALL",
        "SELECT source, sum(count(*)) OVER () AS n FROM findings GROUP BY source",
        "SELECT sum(by_both) FROM opinion_pairs",
        "SELECT count(*) FROM placements JOIN findings USING (digest)",
        "SELECT count(*) FROM placements JOIN assessments USING (digest) WHERE state = 'assessed'",
    ],
)
def test_a_sum_over_sources_is_found(query):
    assert sums_over_sources(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT source, count(*) FROM findings GROUP BY source",
        "SELECT count(DISTINCT (digest, vulnerability_id)) FROM findings",
        "SELECT count(*) FROM (SELECT DISTINCT digest, vulnerability_id FROM findings)",
        "SELECT count(*) FROM placements SEMI JOIN findings USING (digest)",
        "SELECT count(*) FROM exposures_now",
        "SELECT digest, count(*) OVER () AS total FROM findings",
    ],
)
def test_what_counts_a_thing_once_is_let_pass(query):
    assert sums_over_sources(query) == []
