"""Every block of the analysts' page runs, answers something, and answers right."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.notebook import open_warehouse
from audit.tables import TABLES
from reports import queries
from tests.unit.docs.pages import Block, all_blocks, blocks, section, table

PAGE = "docs/analysts.md"
PYTHON, SQL = blocks(PAGE, "python"), blocks(PAGE, "sql")
CHANGES_ONLY = {
    *("exposures", "exposure_images", "vulnerabilities", "vulnerability_groups", "method_changes"),
    *("source_closings", "sboms", "packages", "weaknesses"),
}
# duckdb hands moments over by a way of pandas that pandas 3.1 deprecates; not ours to change.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop"),
    pytest.mark.usefixtures("inside"),
]


def run_like_a_notebook(cells: list[Block]) -> list[Any]:
    """Run blocks in one namespace; return the value of each one's last line."""
    names: dict[str, Any] = {}
    return [run_cell(cell, names) for cell in cells]


def run_cell(cell: Block, names: dict[str, Any]) -> Any:
    tree = ast.parse(cell.text)
    last = tree.body[-1]
    assert isinstance(last, ast.Expr), f"{PAGE}:{cell.line} ends without showing anything"
    where = f"{PAGE}:{cell.line}"
    exec(compile(ast.Module(tree.body[:-1], []), where, "exec"), names)  # noqa: S102  our own page
    return eval(compile(ast.Expression(last.value), where, "eval"), names)  # noqa: S307  the same


def test_the_python_blocks_run_from_top_to_bottom_and_each_shows_rows():
    shown = run_like_a_notebook(PYTHON)
    assert len(shown) > 10
    empty = [cell.line for cell, value in zip(PYTHON, shown, strict=True) if not len(value)]
    assert empty == []


@pytest.mark.parametrize("block", SQL, ids=lambda block: f"line {block.line}")
def test_every_sql_block_answers(block: Block):
    assert len(open_warehouse("out/warehouse").sql(block.text)) > 0


def answer(title: str) -> pd.DataFrame:
    (only,) = [block for block in SQL if block.text in section(PAGE, title)]
    return open_warehouse("out/warehouse").sql(only.text)


def test_the_share_looked_at_is_the_reports():
    report = open_warehouse("out/warehouse").sql(queries.load("share").sql)
    report = report[report["provider"].notna()]
    ours = answer("How much was looked at?")
    for name in ("provider", "assessable", "assessed"):
        assert ours[name].tolist() == report[name].tolist()
    assert ours["assessed"].sum() < ours["assessable"].sum()


def test_the_open_exposures_are_the_reports():
    with open_warehouse("out/warehouse").run() as run:
        report = run.sql(queries.load("exposures_by_cloud").sql)
    ours = answer("What is open, by cloud and severity?").set_index("provider")
    report = report.set_index("provider")
    assert ours["CRITICAL"].to_dict() == report["critical"].to_dict()
    assert ours.sum(axis=1).to_dict() == report["open"].to_dict()


def test_the_changes_add_up_to_what_is_open_after_each_run():
    title = "How did the number of open exposures move from run to run?"
    shown = run_like_a_notebook(PYTHON)
    (moved,) = [
        value
        for cell, value in zip(PYTHON, shown, strict=True)
        if cell.text in section(PAGE, title)
    ]
    warehouse = open_warehouse("out/warehouse")
    count = "SELECT count(*) AS n FROM exposures_now WHERE state <> 'closed'"
    counted = {run: int(warehouse.sql(count, run)["n"].iloc[0]) for run in warehouse.runs}
    assert moved.to_dict() == counted


def test_pandas_and_the_helper_read_the_same():
    warehouse = open_warehouse("out/warehouse")
    for name in set(TABLES) - CHANGES_ONLY:
        plain = pd.read_parquet(
            f"out/warehouse/{name}", filters=[("run_id", "=", warehouse.runs[-1])]
        )
        assert len(plain) == len(warehouse.table(name)), name


def test_the_tables_named_are_all_there_are_and_their_kind_is_right():
    told = {name: kind for name, kind, *_ in table(PAGE, "What there is")}
    assert set(told) == set(TABLES)
    assert {name for name, kind in told.items() if "changed" in kind} == CHANGES_ONLY
    for name in CHANGES_ONLY:
        assert TABLES[name].history


def test_the_views_named_exist():
    named = [
        line.split("`")[1]
        for line in section(PAGE, "What there is").splitlines()
        if line.startswith("| `") and line.count("|") == 3
    ]
    views = [name for name in named if name not in TABLES]
    assert len(views) >= 5
    with open_warehouse("out/warehouse").run() as run:
        for name in views:
            run.sql(f"SELECT count(*) FROM {name}")


def test_asking_for_a_measure_leaves_the_tables_what_they_are():
    warehouse = open_warehouse("out/warehouse")
    with warehouse.run() as run:
        assert len(run.table("flow")) > 0
        pd.testing.assert_frame_equal(
            run.table("repositories"), warehouse.table("repositories"), check_like=True
        )
        assert len(run.table("repositories")) > 0


def test_the_flat_files_are_four():
    assert len(list(Path("out/warehouse/current").glob("*.parquet"))) == 4
    assert "four wide tables" in section(PAGE, "Three ways in")


def test_no_figure_of_any_warehouse_is_written_down():
    """What a block prints depends on the warehouse; an output shown in the page would be a lie."""
    assert {block.language for block in all_blocks(PAGE)} == {"python", "sql"}
