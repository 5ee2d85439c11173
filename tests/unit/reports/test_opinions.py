"""The report's two sections on several opinions and on own scans, by numbers worked out by hand."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from audit.judge.opinions import opinion_views
from reports import figures
from reports.posture import PostureHtml, PostureXlsx
from reports.render import facts
from reports.render.text import LANGUAGES, load_words
from tests.unit.docs.pages import blocks, section
from tests.unit.reports import estate
from tests.unit.reports.fake_run import FakeRun

ENGLISH = load_words("en")
KNOWN = estate.MOMENT - timedelta(days=1)


def changed(**tables: list[dict[str, Any]]) -> FakeRun:
    return FakeRun(estate.RUN, estate.night() | tables, estate.BEFORE, estate.before())


def rows(run: FakeRun, name: str, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in figures.collect(run).figures[name].rows]


def page(run: FakeRun, folder: Path, language: str = "en") -> str:
    (path,) = PostureHtml().render(run, folder, language)
    return path.read_text("utf-8")


@cache
def two_scanners() -> FakeRun:
    """shop/web@a1, judged by two: one hole under two names, one alone each, 120 alone of Trivy."""
    place, more = estate.WEB_1, {"package_type": "OS", "severity": "HIGH"}
    trivy = more | {"source": "trivy"}
    found = [
        estate.finding(place, "CVE-2026-0001", "tar", **more | {"severity": "CRITICAL"}),
        estate.finding(place, "GHSA-1", "tar", **trivy, aliases=["CVE-2026-0001"]),
        estate.finding(place, "CVE-2026-0002", "bash", **more, fix_state="not_available"),
        estate.finding(place, "CVE-2026-0003", "lodash", **trivy | {"package_type": "node-pkg"}),
        *(estate.finding(place, f"CVE-2026-1{n:03}", "curl", **trivy) for n in range(120)),
    ]
    group = {"vulnerability_id": "GHSA-1", "leading_id": "CVE-2026-0001"}
    return changed(findings=found, vulnerability_groups=[group])


@cache
def scanned() -> FakeRun:
    """Trivy was to look at three images: one it pulled, one it knew, one it could not pull."""
    ours: dict[str, Any] = {"source": "trivy", "scanner_version": "0.76.0", "db_updated_at": KNOWN}
    states = ("assessed", "assessed", "denied")
    places = (estate.API_1, estate.API_2, estate.TEAM_3)
    looks = [
        estate.judged(place, state=state, **ours)
        for place, state in zip(places, states, strict=True)
    ]
    scope = estate.scope("aws", "scan/trivy/x", "scan", "partial", observed_run_id=estate.RUN)
    sbom = {"digest": estate.API_1["digest"], "tool": "trivy", "pull_traced": True}
    return changed(
        scopes=[*estate.SCOPES, scope | {"source": "trivy"}],
        assessments=[*estate.ASSESSMENTS, *looks],
        sboms=[sbom],
    )


def test_the_images_that_are_compared_and_those_that_are_not_are_current_ones_once():
    # Eleven placements of images; shop/web@a1 lies in team/mirror too, where nobody looked at it.
    keys = ("images", "compared", "by_one", "by_none")
    assert rows(estate.second_night(), "opinions_basis", *keys) == [(10, 1, 3, 6)]
    old = [place | {"current": False} for place in estate.PLACEMENTS]
    assert rows(changed(placements=old), "opinions_basis", *keys) == [(0, 0, 0, 0)]


def test_a_pair_agrees_on_what_both_state_under_whatever_name():
    run = two_scanners()
    keys = ("first_source", "second_source", "images", "alike_images", "stated", "by_both")
    assert rows(run, "opinions", *keys, "first_alone", "second_alone") == [
        ("inspector", "trivy", 1, 0, 123, 1, 1, 121)
    ]
    assert rows(run, "opinions_severity", "by_both", "same_severity", "first_higher") == [(1, 0, 1)]


def test_an_image_that_lies_in_two_clouds_is_one_image_with_two_opinions():
    looks = [*estate.ASSESSMENTS, estate.judged(estate.MIRROR, "defender", "assessed")]
    told = estate.finding(estate.MIRROR, "CVE-2026-0001", "package1", source="defender")
    run = changed(assessments=looks, findings=[*estate.FINDINGS, told])
    keys = ("first_source", "second_source", "images", "stated", "by_both")
    assert rows(run, "opinions", *keys) == [
        ("defender", "inspector", 1, 1, 1),
        ("defender", "trivy", 1, 1, 1),
        ("inspector", "trivy", 1, 1, 1),
    ]


def test_what_one_alone_states_is_told_by_reason_kind_and_fix():
    keys = ("source", "silent", "reason", "kind", "fixable", "stated", "images")
    assert rows(two_scanners(), "opinions_alone", *keys) == [
        ("inspector", "trivy", "not_stated", "os", "no", 1, 1),
        ("trivy", "inspector", "not_stated", "language", "yes", 1, 1),
        ("trivy", "inspector", "not_stated", "os", "yes", 120, 1),
    ]


def test_the_page_lists_a_part_of_what_one_alone_states_and_the_workbook_all(tmp_path):
    run = two_scanners()
    assert "100 of 122 rows are shown; the workbook holds them all." in page(run, tmp_path)
    (path,) = PostureXlsx().render(run, tmp_path, "en")
    sheet = openpyxl.load_workbook(path)[ENGLISH("sheet.opinions_listed")]
    assert sheet.max_row == 1 + 122


def test_statements_are_counted_by_source_and_never_over_sources():
    keys = ("provider", "source", "statements", "distinct_statements", "images")
    assert rows(two_scanners(), "statements_by_source", *keys) == [
        ("aws", "inspector", 2, 2, 1),
        ("aws", "trivy", 122, 122, 1),
    ]
    distinct = {
        (row["provider"], row["severity"]): row["distinct_statements"]
        for row in figures.collect(two_scanners()).figures["exposures_open"].rows
    }
    assert distinct[None, None] == distinct["aws", None] == 123


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_two_opinions_the_page_says_so_and_claims_no_agreement(tmp_path, language):
    looks = [row for row in estate.ASSESSMENTS if row["source"] != "trivy"]
    words, run = load_words(language), changed(assessments=looks)
    said = page(run, tmp_path, language)
    assert words("opinions.none", images=10, by_one=4, by_none=6) in said
    assert words("opinions.never_added") in said
    assert words("table.opinions.title") not in said.partition(words("section.figures"))[0]
    sentences = facts.opinions(words, figures.collect(estate.empty_run()))
    assert sentences == (words("opinions.no_images"),)


def test_two_that_state_nothing_are_in_agreement_of_no_percentage(tmp_path):
    said = page(changed(findings=[]), tmp_path)
    section = said[said.index('id="opinions"') : said.index('id="kinds"')]
    assert ENGLISH("format.nothing_stated") in section
    assert "100 %" not in section


def test_own_scans_tell_scanner_database_images_and_pulls():
    keys = ("source", "scanner_version", "db_updated_at", "images", "looked_at", "not_looked_at")
    pulls = ("pulled", "traced", "untraced", "trace_unknown")
    assert rows(scanned(), "own_scans", *keys, *pulls) == [
        ("trivy", "0.76.0", KNOWN, 3, 2, 1, 1, 1, 0, 0)
    ]
    left = ("source", "state", "reason", "images")
    assert rows(scanned(), "own_scans_left", *left) == [("trivy", "denied", "because denied", 1)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_own_scans_are_shown_only_where_a_scanner_was_run(tmp_path, language):
    heading = f'<h2 id="scans">{load_words(language)("section.scans")}</h2>'
    shown, hidden = (page(run, tmp_path, language) for run in (scanned(), estate.second_night()))
    for part in (heading, 'href="#scans"'):
        assert part in shown
        assert part not in hidden


def test_a_scan_of_an_earlier_run_is_none_of_this_one():
    scope = estate.scope("aws", "scan/trivy/x", "scan", "complete", observed_run_id=estate.BEFORE)
    assert rows(changed(scopes=[scope | {"source": "trivy"}]), "own_scans", "source") == []


def test_every_reason_and_kind_is_a_sentence_in_both_languages():
    views = opinion_views()
    reasons = set(re.findall(r"(?:THEN|ELSE) '(\w+)'", views["opinions"].partition("NULL\n")[2]))
    kinds = set(re.findall(r"'(os|language|unknown)'", views["source_statements"]))
    wanted = {f"silence.{word}" for word in reasons} | {f"package_kind.{word}" for word in kinds}
    for language in LANGUAGES:
        told = {
            key for key in load_words(language).texts if key.startswith(("silence.", "package_k"))
        }
        assert told == wanted


PAGE = "docs/compliance.md"
TITLE = "Two opinions on one image"


def test_the_guide_explains_every_reason():
    reasons = re.findall(r"^\| `(\w+)` \|", section(PAGE, TITLE), re.MULTILINE)
    assert {f"silence.{reason}" for reason in reasons} == {
        key for key in ENGLISH.texts if key.startswith("silence.")
    }


def test_the_guides_query_gives_the_row_of_the_report():
    (query,) = [block.text for block in blocks(PAGE, "sql") if "first_alone" in block.text]
    run = two_scanners()
    (ours,) = run.rows(query)
    (row,) = figures.collect(run).figures["opinions"].rows
    assert ours == {key: row[key] for key in ours}
    assert ours["stated"] == 123
