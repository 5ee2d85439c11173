"""The page: safe against what it shows, whole without any other file, right in both languages."""

from __future__ import annotations

import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from audit.errors import UsageError
from reports.figures import FIGURES, LISTINGS
from reports.posture import PostureHtml
from reports.render import html
from reports.render.text import LANGUAGES, load_words
from tests.unit.reports import estate
from tests.unit.reports.fake_run import FakeRun
from tests.unit.reports.hostile import NAMES, SCRIPT, hostile_run

CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
VOID = {"meta", "rect", "path", "br"}


class Page(HTMLParser):
    """What a browser would make of the page: tags with attributes, and the text by section."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()
        self.unclosed = self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def write(run: FakeRun, folder: Path, language: str = "en") -> Path:
    (path,) = PostureHtml().render(run, folder, language)
    return path


@pytest.fixture(params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture
def page(tmp_path, language):
    return Page(write(estate.second_night(), tmp_path, language).read_text("utf-8"))


def test_the_file_is_named_after_its_run_and_private(tmp_path):
    path = write(estate.second_night(), tmp_path / "new", "ja")
    assert path == tmp_path / "new" / f"posture-{estate.RUN}.ja.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_an_earlier_file_loses_its_wider_mode(tmp_path):
    path = tmp_path / f"posture-{estate.RUN}.en.html"
    path.write_text("old")
    path.chmod(0o644)
    write(estate.second_night(), tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_same_run_same_bytes(tmp_path, language):
    first = write(estate.second_night(), tmp_path / "a", language).read_bytes()
    assert first == write(estate.second_night(), tmp_path / "b", language).read_bytes()


def test_the_page_is_well_formed_and_says_its_language(page, language):
    assert page.unclosed == []
    assert page.named("html") == [{"lang": language}]


def test_nothing_is_loaded_or_run(page):
    assert {"script", "link", "img", "iframe", "object", "form", "base"}.isdisjoint(
        name for name, _ in page.tags
    )
    loading = {"src", "srcset", "action", "data", "poster", "background", "xlink:href", "style"}
    for _, attrs in page.tags:
        assert loading.isdisjoint(attrs)
        assert not [name for name in attrs if name.startswith("on")]
        assert attrs.get("href", "#").startswith("#")


def test_no_style_reaches_out(tmp_path):
    source = write(estate.second_night(), tmp_path).read_text("utf-8")
    assert "http" not in source.replace("http-equiv", "")
    assert "@import" not in source
    assert set(re.findall(r"url\((.)", source)) == {"#"}


def test_the_policy_forbids_everything_but_its_own_style(page):
    policies = [attrs["content"] for attrs in page.named("meta") if "http-equiv" in attrs]
    assert policies == [CSP]


def test_links_lead_somewhere_and_ids_are_unique(page):
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {attrs["href"][1:] for attrs in page.named("a")}
    wanted |= {i for _, a in page.tags for i in a.get("aria-labelledby", "").split()}
    assert wanted <= set(ids)
    assert page.named("a")[0]["class"] == "skip"


def test_tables_have_captions_and_scopes_and_charts_have_titles(page):
    tables = len(page.named("table"))
    assert tables > 15
    assert tables == len(page.named("caption")) == len(page.named("thead"))
    assert all(attrs.get("scope") in {"col", "row"} for attrs in page.named("th"))
    charts = page.named("svg")
    assert len(charts) == 2
    assert all(attrs["role"] == "img" for attrs in charts)
    assert len(page.named("desc")) == 2


def test_sections_come_in_their_order(page, language):
    words = load_words(language)
    names = (
        "coverage",
        "glance",
        "uncovered",
        "assessed",
        "exposures",
        "opinions",
        "weaknesses",
        "kinds",
        "repositories",
        "controls",
    )
    keys = [f"section.{name}" for name in (*names, "changes", "figures")]
    headings = [a["id"] for a in page.named("h2")]
    assert headings == [*names, "changes", "figures"]
    assert all(words(key) in page.text for key in keys)


def test_the_head_tells_what_an_auditor_asks(page, language):
    for told in (estate.RUN, estate.BEFORE, "c0" * 32, "ab" * 32, "cd" * 32, "newest_tagged = 3"):
        assert told in page.text
    assert load_words(language)("page.classification") in page.text
    assert "17:30:00 UTC" in page.text
    assert "02:30:00 JST" in page.text


def test_the_box_names_each_gap_with_its_whole(tmp_path):
    said = Page(write(estate.second_night(), tmp_path).read_text("utf-8")).text
    for line in (
        "3 of 8 scopes were not listed to their end.",
        "6 of 11 assessable images were not assessed by any source.",
        "2 of 7 repositories were listed incompletely or not in this run.",
        "1 of 13 placements was carried forward",
        "1 of 11 assessable images counts as clean by inference only",
        "2 of 6 control results are unknown",
        "ecr:DescribeRepositories: AccessDeniedException: not authorised",
    ):
        assert line in said
    assert "Nothing is missing" not in said


def test_a_run_without_gaps_says_so_in_the_box(tmp_path, language):
    said = Page(write(estate.whole_run(), tmp_path, language).read_text("utf-8")).text
    words = load_words(language)
    assert words("coverage.nothing") in said
    assert words("coverage.always") in said


def test_remediation_is_told_apart_from_other_improvement(tmp_path):
    said = Page(write(estate.second_night(), tmp_path).read_text("utf-8")).text
    assert "Open exposures: 6 before, 6 now. Fixed: 1," in said
    assert "no longer current: 1; because the vulnerability was withdrawn: 1;" in said
    assert "newly unconfirmed in this run: 2; unconfirmed in all: 2." in said


def test_an_empty_first_run_says_so_and_claims_nothing(tmp_path, language):
    said = Page(write(estate.empty_run(), tmp_path, language).read_text("utf-8")).text
    words = load_words(language)
    for key in (
        "coverage.scopes_zero",
        "changes.first",
        "header.previous_none",
        "format.no_images",
    ):
        assert words(key) in said
    assert words("exposures.caution_none") in said
    assert words("coverage.nothing") not in said
    assert "100 %" not in said
    assert "0 %" not in said


def test_what_nobody_assessed_is_never_shown_as_clean(tmp_path):
    rows = estate.night()
    rows["assessments"] = [row | {"state": "INACTIVE"} for row in estate.ASSESSMENTS]
    rows["exposures"], rows["findings"] = [], []
    said = Page(write(FakeRun(estate.RUN, rows), tmp_path).read_text("utf-8")).text
    assert "11 of 11 assessable images were not assessed by any source." in said
    assert "No image was assessed: the figures say nothing about how safe the images are." in said
    assert said.count("No image was assessed: no statement is possible.") == 3
    assert "0 % (0 of 11)" in said
    blind = said[said.index("Repositories in which nothing was assessed") :]
    for repository in ("shop/web", "shop/api", "legacy/batch", "team/mirror", "pay"):
        assert repository in blind


def test_a_flow_that_does_not_add_up_raises_an_alarm(tmp_path):
    rows = estate.night()
    rows["exposures"] = [*estate.CHANGES, estate.closed(1, estate.WEB_1, "vanished")]
    run = FakeRun(estate.RUN, rows, estate.BEFORE, estate.before())
    said = Page(write(run, tmp_path).read_text("utf-8"))
    assert [a for a in said.named("p") if a.get("role") == "alert"]


def test_cut_tables_tell_their_full_count(tmp_path):
    rows = estate.night()
    rows["exposures"] = [estate.exposure(n, estate.WEB_1, "opened") for n in range(1100, 2500)]
    run = FakeRun(estate.RUN, rows, estate.BEFORE, estate.before())
    said = Page(write(run, tmp_path).read_text("utf-8")).text
    assert "100 of 1,400 rows are shown; the workbook holds them all." in said


def test_the_appendix_holds_every_statement_that_was_run(page):
    assert len(page.named("details")) == len(FIGURES) + len(LISTINGS)
    assert "-- Answers: what share of the images was looked at" in page.text


def test_hostile_names_are_text_and_nothing_else(tmp_path, language):
    source = write(hostile_run(), tmp_path, language).read_text("utf-8")
    page = Page(source)
    assert page.unclosed == []
    assert SCRIPT not in source
    assert not page.named("script")
    assert not page.named("img")
    assert "\u202e" not in source
    assert "team/[U+202E]gpj.exe" in page.text
    for name in NAMES:
        assert name.replace("\u202e", "[U+202E]") in page.text


def test_a_run_id_cannot_break_out_of_the_style_sheet():
    assert html.css_text('x"}</style><script>') == "x/stylescript"


def test_an_unknown_language_writes_nothing(tmp_path):
    with pytest.raises(UsageError):
        write(estate.second_night(), tmp_path, "fr")
    assert not list(tmp_path.iterdir())
