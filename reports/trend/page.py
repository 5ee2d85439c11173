"""The trend report as one page: no script, no resource from elsewhere, every text escaped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reports.figures import LISTED, Figure
from reports.render import facts, text, view
from reports.render.html import css_text, environment
from reports.render.text import Words
from reports.trend import bars, charts, curves, said
from reports.trend.columns import TREND_COLUMNS
from reports.trend.figures import TREND, Trend

_NEWEST_FIRST = ("trend_days", "trend_flow", "trend_attainment")
_CURVE_DAYS = (7, 14, 30, 60, 90, 120, 180, 365)


def render(words: Words, trend: Trend) -> bytes:
    """Return the page as UTF-8."""
    template = environment().get_template("trend.html.j2")
    return template.render(_context(words, trend)).lstrip().encode("utf-8")


def _context(words: Words, trend: Trend) -> dict[str, Any]:
    run_id = text.visible(trend.run.run_id)
    drawn = trend.runs > 1
    return {
        "t": words,
        "run_id": run_id,
        "version": text.visible(trend.run.tool_version or words("format.none")),
        "page_left": css_text(words("trend.title") + " · " + trend.run.run_id),
        "page_right": css_text(words("page.classification")),
        "page_word": css_text(words("page.pages")),
        "facts": facts.header(words, trend.run, trend.rows("evidence_dates")),
        "limits": said.limits(words, trend),
        "profile": said.profile(words, trend),
        "coverage": said.coverage(words, trend),
        "tiles": said.tiles(words, trend),
        "drawn": drawn,
        "stock_chart": charts.stock(words, trend) if drawn else None,
        "flow_chart": charts.flow(words, trend) if drawn else None,
        "survival_chart": curves.survival(words, trend) if trend.rows("trend_survival") else None,
        "remediation_chart": curves.remediation(words, trend),
        "ageing_chart": bars.ageing(words, trend),
        "attainment_chart": bars.attainment(words, trend),
        "tables": _tables(words, trend),
        "balances": all(row["balances"] is not False for row in trend.rows("trend_flow")),
        "appendix": facts.sources(words, TREND),
    }


def _tables(words: Words, trend: Trend) -> dict[str, view.TableView]:
    shown = {name: _shown(name, trend.figures[name]) for name in TREND}
    return {name: view.table(words, name, figure, TREND_COLUMNS) for name, figure in shown.items()}


def _shown(name: str, figure: Figure) -> Figure:
    """Cut a figure to what a page can hold: the newest rows, and some points of each curve."""
    if name == "trend_survival":
        last = {
            (row["severity"], most): row
            for row in figure.rows
            for most in _CURVE_DAYS
            if row["days"] <= most
        }
        kept = {(row["severity"], row["days"]): row for row in last.values()}
        order = [row for row in figure.rows if (row["severity"], row["days"]) in kept]
        return replace(figure, rows=tuple(order))
    rows = figure.rows[::-1] if name in _NEWEST_FIRST else figure.rows
    return replace(figure, rows=rows[:LISTED])
