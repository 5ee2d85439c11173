"""The report's section on secrets and misconfigurations, by numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from reports import figures
from reports.posture import PostureHtml, PostureXlsx
from reports.render.text import LANGUAGES, load_words
from tests.unit.reports import estate
from tests.unit.reports.fake_run import FakeRun

EVIL = "app/<script>alert(1)</script>.env"


def look(name: str, *kinds: str, asked: Sequence[str] = ()) -> dict[str, Any]:
    row = {"digest": estate.digest(name), "tool": "trivy", "looked_for": list(kinds)}
    return row | {"asked_for": list(asked or kinds)}


def flaw(name: str, severity: str, kind: str = "secret", **more: Any) -> dict[str, Any]:
    row = {"digest": estate.digest(name), "tool": "trivy", "kind": kind, "rule_id": "github-pat"}
    return row | {"title": "a token", "severity": severity, "remedy": "change it"} | more


def looked() -> FakeRun:
    """Looked into for secrets: a1 (in two repositories; in both nights), a2, b1 and an index.

    For misconfigurations: a1 in the night before alone, when it still had a secret more.
    """
    now = {
        "sboms": [look(name, "secret") for name in ("a1", "a2", "b1", "a8")],
        "weaknesses": [
            flaw("a1", "CRITICAL", location=EVIL, start_line=3),
            flaw("a1", "HIGH", location="=cmd()", start_line=1),
            flaw("b1", "MEDIUM"),
            flaw("a8", "CRITICAL"),
        ],
    }
    before = {
        "sboms": [look("a1", "misconfiguration", "secret")],
        "weaknesses": [
            flaw("a1", "LOW", "misconfiguration", rule_id="DS-0002"),
            flaw("a1", "CRITICAL", location="a token no rule knows now"),
        ],
    }
    earlier = {**estate.before(), **before}
    return FakeRun(estate.RUN, {**estate.night(), **now}, estate.BEFORE, earlier)


def rows(run: FakeRun, name: str, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in figures.collect(run).figures[name].rows]


def test_images_are_counted_once_and_what_nobody_looked_for_is_counted_too():
    keys = ("kind", "tool", "current_images", "looked_into", "not_looked_into", "found_in")
    severities = ("critical", "high", "medium", "low")
    assert rows(looked(), "weaknesses", *keys, *severities) == [
        ("secret", "trivy", 10, 3, 7, 2, 1, 1, 1, 0),
        ("misconfiguration", "trivy", 10, 1, 9, 1, 0, 0, 0, 1),
    ]


def test_the_listing_names_the_first_place_and_how_many_there_are():
    keys = ("severity", "kind", "part", "location", "places")
    assert rows(looked(), "weaknesses_listed", *keys) == [
        ("CRITICAL", "secret", "file", EVIL, 2),
        ("HIGH", "secret", "file", "=cmd()", 2),
        ("MEDIUM", "secret", "configuration", None, 1),
        ("LOW", "misconfiguration", "configuration", None, 2),
    ]
    (name, *_) = rows(looked(), "weaknesses_listed", "image_name")
    assert name == (f"{estate.ECR}/shop/web@{estate.digest('a1')}",)


def test_what_was_found_where_not_all_could_be_told_is_shown_and_is_no_whole_look():
    """Trivy judged a file in the image, and its own configuration it passed over."""
    now = {
        "sboms": [look("b1", "secret", asked=("misconfiguration", "secret"))],
        "weaknesses": [flaw("b1", "HIGH", "misconfiguration", location="Dockerfile")],
    }
    run = FakeRun(estate.RUN, {**estate.night(), **now}, estate.BEFORE, estate.before())
    keys = ("kind", "looked_into", "not_looked_into", "found_in", "high")
    assert rows(run, "weaknesses", *keys) == [
        ("secret", 1, 9, 0, 0),
        ("misconfiguration", 0, 10, 1, 1),
    ]
    assert rows(run, "weaknesses_listed", "location") == [("Dockerfile",)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_nobody_looked_the_page_says_that_nothing_is_known(tmp_path, language):
    words = load_words(language)
    said = page(estate.second_night(), tmp_path, language)
    assert words("weaknesses.nobody", images=10) in said
    body = said.partition(words("section.figures"))[0]
    assert words("table.weaknesses_listed.title") not in body, "an empty table would read as none"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_how_many_were_looked_into_and_harms_nobody(tmp_path, language):
    words = load_words(language)
    said = page(looked(), tmp_path, language)
    assert words("weaknesses.secret", images=10, looked=3, found=2, missed=7) in said
    assert words("weaknesses.misconfiguration", images=10, looked=1, found=1, missed=9) in said
    assert "<script>alert" not in said
    assert "&lt;script&gt;alert(1)" in said.replace("<wbr>", "")


def test_the_workbook_holds_them_as_text(tmp_path):
    (path,) = PostureXlsx().render(looked(), tmp_path, "en")
    sheet = openpyxl.load_workbook(path)[load_words("en")("sheet.weaknesses_listed")]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    (formula,) = [cell for cell in cells if "cmd()" in str(cell.value)]
    assert formula.data_type == "s"
    assert sheet.max_row == 5


def page(run: FakeRun, folder: Path, language: str) -> str:
    (path,) = PostureHtml().render(run, folder, language)
    return path.read_text("utf-8")
