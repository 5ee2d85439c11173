"""The workbook, read back: complete, inert, and the same bytes for the same run."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from reports import figures
from reports.posture import PostureXlsx
from reports.render import xlsx
from reports.render.text import LANGUAGES, load_words
from reports.render.view import Cell
from tests.unit.reports import estate
from tests.unit.reports.fake_run import FakeRun
from tests.unit.reports.hostile import NAMES, hostile_run

ENGLISH = load_words("en")


def write(run: FakeRun, folder: Path, language: str = "en") -> Path:
    (path,) = PostureXlsx().render(run, folder, language)
    return path


def read(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def lines(book: Any, sheet: str) -> list[dict[str, Any]]:
    head, *rest = book[sheet].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rest]


def test_the_file_is_private_and_alone(tmp_path):
    path = write(estate.second_night(), tmp_path, "ja")
    assert path.name == f"posture-{estate.RUN}.ja.xlsx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_run_same_bytes(tmp_path, language):
    first = write(estate.second_night(), tmp_path / "a", language).read_bytes()
    assert first == write(estate.second_night(), tmp_path / "b", language).read_bytes()


def test_the_time_of_creation_is_the_runs_moment(tmp_path):
    book = read(write(estate.second_night(), tmp_path))
    assert book.properties.created == datetime(2026, 11, 23, 17, 30)  # noqa: DTZ001  as openpyxl gives it


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_table_a_sheet_frozen_and_filtered(tmp_path, language):
    book = read(write(estate.second_night(), tmp_path, language))
    words = load_words(language)
    wanted = [key.removeprefix("sheet.") for key in words.texts if key.startswith("sheet.")]
    wanted = [name for name in wanted if not name.startswith("trend_")]
    assert sorted(book.sheetnames) == sorted(words(f"sheet.{name}") for name in wanted)
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref is not None
        assert all(cell.value for cell in sheet[1])


def test_every_gap_is_on_the_sheet_of_gaps(tmp_path):
    found = lines(read(write(estate.second_night(), tmp_path)), "Not covered")
    counted: dict[str, int] = {}
    for row in (row for row in found if row["Count"] is not None):
        counted[row["Area"]] = counted.get(row["Area"], 0) + row["Count"]
    assert counted == {
        "Scope not complete": 3,
        "Images not assessed": 6,
        "Repository listed incompletely": 2,
        "Placements carried forward": 1,
        "Images inferred clean": 1,
        "Setting that could not be judged": 2,
    }


def test_a_run_without_gaps_says_so(tmp_path):
    (row,) = lines(read(write(estate.whole_run(), tmp_path)), "Not covered")
    assert row["What is known"] == ENGLISH("coverage.nothing")


def test_a_run_that_tried_nothing_does_not_claim_to_have_seen_all(tmp_path):
    book = read(write(estate.empty_run(), tmp_path))
    known = {row["What is known"] for row in lines(book, "Not covered")}
    summary = {row["Value"] for row in lines(book, "Summary")}
    for said in (known, summary):
        assert ENGLISH("coverage.scopes_zero") in said
        assert ENGLISH("coverage.nothing") not in said


def test_numbers_are_numbers_and_a_share_of_nothing_is_words(tmp_path):
    book = read(write(estate.second_night(), tmp_path))
    share = {row["Cloud"]: row for row in lines(book, "Assessed share")}
    assert share["All clouds"]["Assessed share"] == pytest.approx(0.364)
    assert (share["All clouds"]["Assessed"], share["All clouds"]["Assessable images"]) == (4, 11)
    assert share["Google Cloud"]["Assessed share"] == 0
    repositories = {row["Repository"]: row for row in lines(book, "Repositories")}
    assert repositories["team/empty"]["Assessed share"] == "no images"
    assert repositories["team/mirror"]["Looked at"] == "nothing assessed"


def test_listings_are_whole_where_the_page_is_cut(tmp_path):
    rows = estate.night()
    rows["exposures"] = [estate.exposure(n, estate.WEB_1, "opened") for n in range(1000, 1250)]
    run = FakeRun(estate.RUN, rows, estate.BEFORE, estate.before())
    book = read(write(run, tmp_path))
    assert len(lines(book, "Changes")) == 250
    assert len(lines(book, "Exposures open")) == 250 + 6
    assert len(lines(book, "Scopes")) == 8


def test_every_figure_has_its_denominator_and_statement(tmp_path):
    found = lines(read(write(estate.second_night(), tmp_path)), "Figures")
    assert len(found) == len(figures.FIGURES) + len(figures.LISTINGS)
    assert all(row["Denominator"] and row["SQL"].startswith("-- Answers") for row in found)


def test_no_cell_computes_or_links_whatever_it_holds(tmp_path):
    book = read(write(hostile_run(), tmp_path))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    held = {cell.value for cell in cells}
    for name in NAMES:
        assert name.replace("\u202e", "[U+202E]") in held
    assert not [value for value in held if isinstance(value, str) and "\u202e" in value]


def test_a_text_too_long_for_a_cell_is_cut_with_a_mark():
    whole = "x" * xlsx.LONGEST_TEXT
    assert xlsx.cut(ENGLISH, whole) == whole
    cut = xlsx.cut(ENGLISH, whole + "y")
    assert len(cut) == xlsx.LONGEST_TEXT
    assert cut.endswith(" [cut at 32,767 characters]")


@pytest.mark.parametrize(("rows", "sheets"), [(0, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_more_rows_than_a_sheet_takes_go_on_in_the_next(tmp_path, rows, sheets):
    path = tmp_path / "split.xlsx"
    book = xlsx.Book(path, estate.MOMENT, ENGLISH, "title", folder=str(tmp_path), most_rows=4)
    heads = [Cell("N", None, "count")]
    book.sheet("Rows", heads, ([Cell(str(n), n, "count")] for n in range(rows)))
    book.close()
    found = read(path)
    assert found.sheetnames == ["Rows", "Rows 2", "Rows 3"][:sheets]
    assert [row["N"] for name in found.sheetnames for row in lines(found, name)] == list(
        range(rows)
    )
