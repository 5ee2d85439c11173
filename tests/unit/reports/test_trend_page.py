"""The trend's page and workbook: safe, whole, drawn with gaps, the same bytes for the same run."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from reports.figures import LISTED
from reports.render.svg import text_width
from reports.render.text import LANGUAGES, load_words
from reports.trend import TrendHtml, TrendXlsx, charts, curves, figures, page
from reports.trend.drawing import WIDTH, Days, Drawing, apart, round_up, unbroken
from reports.trend.figures import TREND
from tests.unit.measures.history import Exposure, Step
from tests.unit.reports.hostile import FORMULA, SCRIPT, STYLE, TURNED
from tests.unit.reports.test_posture_html import CSP, Page
from tests.unit.reports.trend_run import TrendRun, method, story

ENGLISH = load_words("en")


def write(run: TrendRun, folder: Path, language: str = "en") -> Path:
    (path,) = TrendHtml().render(run, folder, language)
    return path


def hostile() -> TrendRun:
    changes = [method(1, before=SCRIPT, after=STYLE, account=TURNED, registry_id=FORMULA)]
    odd = Exposure(1, (Step(0, "open", SCRIPT), Step(1, "unconfirmed", STYLE)))
    return TrendRun([0, 1], [odd], methods=changes)


RUNS: dict[str, Callable[[], TrendRun]] = {
    "story": story,
    "hostile": hostile,
    "first": partial(TrendRun, [0], [Exposure(1, (Step(0, "open"),))]),
    "empty": partial(TrendRun, [0, 1]),
    "unknown": partial(TrendRun, [0, 40], [Exposure(1, (Step(0, "open"),))], coverage=[]),
}


@pytest.fixture(params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(params=sorted(RUNS))
def run(request):
    return RUNS[request.param]()


def test_the_page_is_private_whole_and_the_same_each_time(tmp_path, run, language):
    path = write(run, tmp_path, language)
    assert path.name == f"trend-{run.run_id}.{language}.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_bytes()
    assert write(run, tmp_path / "again", language).read_bytes() == first
    seen = Page(first.decode("utf-8"))
    assert seen.unclosed == []
    assert not seen.named("script")
    assert not {name for _, attrs in seen.tags for name in attrs if name.startswith("on")}
    (policy,) = [a for a in seen.named("meta") if "http-equiv" in a]
    assert policy["content"] == CSP
    links = [attrs["href"] for attrs in seen.named("a")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not [attrs for _, attrs in seen.tags if "src" in attrs or "xlink:href" in attrs]
    ids = [attrs["id"] for _, attrs in seen.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert not re.search(r"None(?!\.| on record)", seen.text), "a value that is missing"


def test_what_others_wrote_is_shown_and_does_nothing(tmp_path):
    source = write(hostile(), tmp_path).read_text("utf-8")
    seen = Page(source)
    assert SCRIPT in seen.text
    assert SCRIPT not in source
    assert not seen.named("img")
    assert "team/[U+202E]gpj.exe" in seen.text


def test_every_chart_has_title_and_description_and_a_table_behind_it(tmp_path, language):
    seen = Page(write(story(), tmp_path, language).read_text("utf-8"))
    drawn = seen.named("svg")
    assert len(drawn) == 5  # nothing has fallen due yet
    labels = {part for attrs in drawn for part in attrs["aria-labelledby"].split()}
    assert labels <= {attrs["id"] for _, attrs in seen.tags if "id" in attrs}
    assert all(attrs["role"] == "img" for attrs in drawn)
    tables = {attrs["id"] for _, attrs in seen.tags if attrs.get("id", "").startswith("table-")}
    assert {f"table-{name.replace('_', '-')}" for name in TREND} <= tables


def test_a_first_run_says_that_a_trend_needs_more(tmp_path):
    seen = Page(write(RUNS["first"](), tmp_path).read_text("utf-8"))
    assert "a trend needs more runs" in seen.text
    titles = {attrs["aria-labelledby"] for attrs in seen.named("svg")}
    assert not [title for title in titles if "stock" in title or "flow" in title]


def test_each_chart_has_its_coverage_with_the_denominator(tmp_path):
    trend = figures.collect(story())
    for chart in (charts.stock(ENGLISH, trend), charts.flow(ENGLISH, trend)):
        assert {"Images assessed, of the assessable", "75.0 %", "3 of 4"} <= {
            text.said for text in chart.texts
        }
    seen = Page(write(story(), tmp_path).read_text("utf-8"))
    assert seen.text.count("75.0 % (3 of 4) assessable images") == 5


def lines(chart: Drawing, look: str) -> list[int]:
    """Count the points of each line of a look."""
    return [path.d.count(".") // 2 for path in chart.paths if path.look == look]


def test_gaps_are_drawn_as_gaps_and_changes_of_method_as_lines():
    trend = figures.collect(story())
    chart = charts.stock(ENGLISH, trend)
    assert lines(chart, "line")[:2] == [3, 3], "days 0 to 2, then 5 to 7; nothing between"
    assert len(lines(chart, "gap")) == 2
    (line,) = [path for path in chart.paths if path.look == "method"]
    axis = Days([row["day"] for row in trend.rows("trend_days")])
    assert line.d.startswith(f"M{axis.left(axis.days[2]):.1f} ")
    assert "1" in {text.said for text in chart.texts}


def test_bars_of_the_flow_stand_for_their_counts():
    chart = charts.flow(ENGLISH, figures.collect(story()))
    bars = [rect for rect in chart.rects if rect.height != 12]
    by_fill: dict[str, list[float]] = {}
    for rect in bars:
        by_fill.setdefault(rect.fill, []).append(rect.height)
    unit = by_fill["flow-reopened"][0]
    assert [height / unit for height in by_fill["flow-opened"]] == pytest.approx([3, 1, 1], 0.01)
    assert [height / unit for height in by_fill["flow-fixed"]] == pytest.approx([1, 2], 0.01)
    assert [height / unit for height in by_fill["flow-ended"]] == pytest.approx([2, 1], 0.01)
    legend = {text.said for text in chart.texts}
    assert {"New 5", "Reopened 1", "Fixed 3", "Removed with their images 1"} <= legend


def test_the_survival_curve_falls_to_what_is_left():
    chart = curves.survival(ENGLISH, figures.collect(story()))
    steps = [path for path in chart.paths if path.look == "line"]
    high = re.findall(r"[\d.]+ ([\d.]+)", steps[1].d)
    assert high[0] == "24.0", "all are open at first"
    assert high[-1] == "98.0", "both were fixed"


def test_nothing_is_written_beyond_the_edge(language):
    words, trend = load_words(language), figures.collect(story())
    drawn = [charts.stock(words, trend), charts.flow(words, trend), curves.survival(words, trend)]
    for chart in [*drawn, curves.remediation(words, trend)]:
        assert chart is not None
        assert chart.patterns or not chart.rects
        for text in chart.texts:
            if text.anchor == "start":
                assert text.x + text_width(text.said) <= WIDTH + 8, text.said
            assert 0 < text.y <= chart.height, text.said


def test_a_flow_that_does_not_balance_raises_an_alarm():
    trend = figures.collect(story())
    figure = trend.figures["trend_flow"]
    rows = tuple({**row, "balances": False} for row in figure.rows)
    broken = type(trend)(
        trend.run, {**trend.figures, "trend_flow": type(figure)(figure.query, rows, len(rows))}
    )
    alarm = ENGLISH("changes.unbalanced").encode()
    assert alarm in page.render(ENGLISH, broken)
    assert alarm not in page.render(ENGLISH, trend)


def test_a_long_table_shows_its_newest_rows_and_says_so(tmp_path):
    run = TrendRun(range(LISTED + 5), [Exposure(1, (Step(0, "open"),))])
    seen = Page(write(run, tmp_path).read_text("utf-8"))
    assert f"{LISTED} of {LISTED + 5} rows are shown" in seen.text
    assert "2026-04-15" in seen.text
    assert run.run_id in seen.text


def test_the_workbook_holds_every_row_and_nothing_that_acts(tmp_path, language):
    run, words = hostile(), load_words(language)
    (path,) = TrendXlsx().render(run, tmp_path, language)
    (again,) = TrendXlsx().render(run, tmp_path / "again", language)
    assert path.read_bytes() == again.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    book = openpyxl.load_workbook(path)
    wanted = [words(f"sheet.{name}") for name in ("summary", *TREND, "figures")]
    assert book.sheetnames == wanted
    trend = figures.collect(run)
    for name in TREND:
        sheet = book[words(f"sheet.{name}")]
        assert sheet.max_row == len(trend.rows(name)) + 1
        assert sheet.freeze_panes == "A2"
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert FORMULA in {cell.value for cell in cells}
    first = book[words("sheet.trend_days")]["A2"]
    assert first.value == datetime(2026, 1, 1)  # noqa: DTZ001  a spreadsheet knows no zone


def test_lines_break_where_nothing_is_known():
    points = [(0.0, 1.0), (1.0, None), (2.0, 0.0), (3.0, 2.0)]
    assert unbroken(points) == [[(0.0, 1.0)], [(2.0, 0.0), (3.0, 2.0)]]
    assert unbroken([(0.0, None)]) == []


def test_scales_end_at_round_numbers_and_labels_keep_apart():
    assert [round_up(n) for n in (0, 1, 7, 11, 274, 999, 1001)] == [1, 1, 8, 20, 300, 1000, 2000]
    assert apart([5, 6, 40], 15) == [5, 20, 40]
