"""A second source that says what the first says, under other names, moves no headline figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit import questions
from audit.store.reader import StoredRun
from reports import figures
from reports.render import facts
from reports.render.text import load_words
from tests.unit.judge.nights import Told, night

OF_SOURCES = {
    *("run", "totals", "scopes_summary", "share_by_source", "evidence_dates", "controls"),
    *("statements_by_source", "opinions", "opinions_severity", "opinions_basis"),
}
"""What is told by source, or of the scopes of sources; each of them by name, so that a figure that
is new is compared."""
OF_SCOPES = {"Scopes not complete", "Failed settings"}
IDS = {n: (f"CVE-2026-000{n}", f"GHSA-aaaa-bbbb-000{n}") for n in range(1, 4)}


def told(source: str) -> list[Told]:
    name = int(source == "trivy")
    return [
        Told(ids[name], image, aliases=ids[:name], source=source, severity=severity)
        for (ids, severity) in zip(IDS.values(), ("CRITICAL", "HIGH", "LOW"), strict=True)
        for image in "ab"
    ]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same night as one source tells it, and as two do."""
    one, two = ("inspector",), ("inspector", "trivy")
    found = [
        night(root, 0, [line for s in sources for line in told(s)], images="ab", sources=sources)
        for sources in (one, two)
        for root in [Path(tmp_path_factory.mktemp("sources"))]
    ]
    yield found
    for run in found:
        run.close()


def headline(run: StoredRun) -> dict[str, Any]:
    posture = figures.collect(run)
    told = {
        name: [{k: v for k, v in row.items() if k != "sources"} for row in figure.rows]
        for name, figure in posture.figures.items()
        if name not in OF_SOURCES
    }
    tiles = [tile for tile in facts.tiles(load_words("en"), posture) if tile.label not in OF_SCOPES]
    return told | {"tiles": tiles, "share": posture.share, "flow": posture.flow}


def test_every_headline_figure_is_that_of_one_source(runs):
    one, two = map(headline, runs)
    assert two == one
    assert one["flow"].open_now == 3
    assert one["exposures_open"][-1]["distinct_statements"] == 6


@pytest.mark.parametrize("name", ["open_now", "fix_first", "changes", "repositories_trend"])
def test_every_count_of_a_question_is_that_of_one_source(runs, name):
    values = {"since": None, "rows": 9, "days": 9}
    question = questions.load(name)
    given = {p.name: values[p.name] for p in question.parameters}
    one, two = (run.rows(question.sql, given) for run in runs)
    assert two == one


def test_what_two_state_is_told_by_source_and_as_agreement(runs):
    _, two = runs
    told = figures.collect(two).figures
    assert {row["source"]: row["statements"] for row in told["statements_by_source"].rows} == {
        "inspector": 6,
        "trivy": 6,
    }
    (pair,) = told["opinions"].rows
    assert (pair["images"], pair["alike_images"], pair["stated"], pair["by_both"]) == (2, 2, 6, 6)
