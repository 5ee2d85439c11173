"""The tables explain themselves, and the printed dictionary is what they say."""

from __future__ import annotations

import re

import pytest

from audit.dictionary import render_markdown
from audit.tables import RUN_ID, TABLES
from tests.support.project import ROOT

COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns]
IDS = [f"{table.name}.{column.name}" for table, column in COLUMNS]
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def test_the_printed_dictionary_is_current():
    printed = (ROOT / "docs/data-dictionary.md").read_text("utf-8")
    assert printed == render_markdown(), "make dictionary prints it again"


def test_the_dictionary_describes_every_column():
    text = render_markdown()
    for table, column in COLUMNS:
        section = text.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        assert f"| `{column.name}` |" in section
        assert column.description.replace("|", "\\|") in section


@pytest.mark.parametrize("column", [column for _, column in COLUMNS], ids=IDS)
def test_a_column_has_a_snake_case_name_and_a_sentence(column):
    assert SNAKE.fullmatch(column.name)
    assert re.fullmatch(r"\S.*[.)]", column.description), column.description
    assert "\n" not in column.description


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_table_is_whole(table):
    names = [column.name for column in table.columns]
    assert SNAKE.fullmatch(table.name)
    assert table.one_row.endswith(".")
    assert len(set(names)) == len(names)
    assert RUN_ID.name not in names, "the partition's name is no column of the files"
    assert table.key[0] == RUN_ID.name
    assert set(table.key[1:]) | set(table.sort_by) <= set(names)
