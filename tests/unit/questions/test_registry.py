"""Each question's file says what it takes, reads and gives, and says the truth."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from audit import questions
from audit.dictionary import render_questions
from audit.notebook import open_warehouse
from audit.tables import HISTORY, TABLES
from providers.loopback.story import first_night, next_night
from tests.support.project import ROOT
from tests.support.staging import commit_estate
from tests.support.strategies import SMALL
from tests.unit.docs.pages import blocks, table

OVER_TIME = {
    *("carriers", "changes", "open_over_time", "coverage_over_time", "time_to_fix"),
    *("oldest_fixable", "repositories_trend"),
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    root = tmp_path_factory.mktemp("questions")
    first = first_night(3, SMALL)
    commit_estate(root, first)
    commit_estate(root, next_night(first, 4, SMALL))
    return open_warehouse(str(root))


def values(question: questions.Question) -> dict[str, object]:
    return {p.name: p.default or "CVE-2024-0001" for p in question.parameters if p.kind == "text"}


def test_every_file_is_one_of_them():
    names = {f.name for f in files("audit.questions").iterdir() if f.name.endswith(".sql")}
    assert names == {f"{name}.sql" for name in questions.NAMES}
    assert len(set(questions.NAMES)) == len(questions.NAMES) == 13


@pytest.mark.parametrize("name", questions.NAMES)
def test_the_columns_told_are_those_of_the_answer(warehouse, name):
    question = questions.load(name)
    told = warehouse.question(name, **values(question))
    assert list(told.columns) == list(question.columns)
    assert all(text.endswith(".") for text in question.columns.values())


@pytest.mark.parametrize("name", questions.NAMES)
def test_the_tables_told_are_those_that_are_read(warehouse, name):
    question = questions.load(name)
    body = re.sub(r"^--.*$", "", question.sql, flags=re.MULTILINE)
    with warehouse.run() as run:
        read = {*re.findall(r"(?:FROM|JOIN)\s+(\w+)", body)}
        read &= {*run.relations}
    assert read == set(question.tables)


@pytest.mark.parametrize("name", sorted(OVER_TIME))
def test_a_question_over_time_reads_nothing_that_is_ever_pruned(name):
    allowed = {"exposures_now", "all_runs", "repository_owners", *HISTORY}
    allowed |= {f"{table}_history" for table in HISTORY}
    assert set(questions.load(name).tables) <= allowed
    check = questions.load(name).check
    if check is None:
        assert name == "time_to_fix", "only the history knows why a statement vanished"
    else:
        assert any(f"{table}_snapshots" in check.sql for table in TABLES)


def test_a_question_that_does_not_exist_is_refused():
    with pytest.raises(KeyError):
        questions.load("weather")


def test_the_printed_questions_are_current():
    printed = (ROOT / "docs/questions.md").read_text("utf-8")
    assert printed == render_questions(), "make dictionary prints it again"


def test_the_analysts_page_lists_them_and_asks_each():
    page = "docs/analysts.md"
    listed = {row[0]: row[1] for row in table(page, "The thirteen questions")}
    told = {f"[`{n}`](questions.md#{n})": questions.load(n).title for n in questions.NAMES}
    assert listed == told
    asked = re.findall(r'question\("(\w+)"', "".join(b.text for b in blocks(page, "python")))
    assert set(asked) == set(questions.NAMES)
