"""Charts over the days: stock by severity, and flow; the line of coverage is part of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.figures import Row
from reports.render import text
from reports.render.svg import SEVERITIES, STROKES, Pattern, text_width
from reports.render.text import Words
from reports.trend.drawing import (
    LEFT,
    PLOT,
    WIDTH,
    Days,
    Drawing,
    Scale,
    apart,
    round_up,
    unbroken,
)
from reports.trend.figures import Trend

_DOTTED_UP_TO = 62
_BARS, _THINNEST = 210.0, 1.5
_FLOW: Mapping[str, tuple[str, str]] = {
    "opened": ("#D9480F", "rising"),
    "reopened": ("#7A0403", "cross"),
    "fixed": ("#1B6E3C", "solid"),
    "removed": ("#00678A", "level"),
    "ended": ("#9467BD", "dots"),
}
_UP, _DOWN = ("opened", "reopened"), ("fixed", "removed", "ended")


def stock(words: Words, trend: Trend) -> Drawing:
    """Draw what is open by day: all, then each severity on a scale of its own."""
    on = _drawing(words, "stock")
    axis = Days([row["day"] for row in trend.rows("trend_days")])
    top = 18.0
    for key, height in (("open", 110), *((key, 52) for key in SEVERITIES)):
        if key == "open" or any(row[key] for row in trend.rows("trend_days")):
            top = _panel(on, words, trend, axis, key, Scale(top + 18, height, 0))
    _finish(on, words, trend, axis, (12.0, top))
    return on


def _panel(on: Drawing, words: Words, trend: Trend, axis: Days, key: str, frame: Scale) -> float:
    rows = trend.rows("trend_days")
    scale = Scale(frame.top, frame.height, round_up(max((row[key] or 0) for row in rows)))
    name = (
        words("chart.all_severities") if key == "open" else words(f"severity.{SEVERITIES[key][0]}")
    )
    on.text(LEFT, scale.top - 7, name, look="bar-label")
    scale.draw(on, text.number(int(scale.most)))
    _series(on, axis, rows, key, scale, "line")
    said = [words("chart.open_now", count=text.number(rows[-1][key]))]
    places = [scale.y(rows[-1][key]) + 4]
    if key == "open":
        _series(on, axis, rows, "unconfirmed", scale, "line dashed")
        said.append(words("chart.unconfirmed_now", count=text.number(rows[-1]["unconfirmed"])))
        places.append(scale.y(rows[-1]["unconfirmed"]) + 4)
    for label, place in zip(said, apart(places, 15), strict=True):
        on.text(LEFT + PLOT + 6, place, label)
    return scale.bottom + 14


def _series(
    on: Drawing, axis: Days, rows: Sequence[Row], key: str, scale: Scale, look: str
) -> None:
    points = [
        (axis.middle(row["day"]), None if row[key] is None else scale.y(row[key])) for row in rows
    ]
    for part in unbroken(points):
        on.line(part, look if len(part) > 1 else "dot")
        if len(rows) <= _DOTTED_UP_TO:
            on.dots(part, "dot")


def flow(words: Words, trend: Trend) -> Drawing:
    """Draw what came above the line and what went below it, by day, week or month."""
    on = _drawing(words, "flow")
    axis = Days([row["day"] for row in trend.rows("trend_days")])
    rows = [_joined(row) for row in trend.rows("trend_flow")]
    on.patterns += [Pattern(f"flow-{k}", c, STROKES[s]) for k, (c, s) in _FLOW.items()]
    head = _legend(on, words, rows) + 14
    top = head + 12
    up, down = (max(sum(row[k] or 0 for k in keys) for row in rows) for keys in (_UP, _DOWN))
    unit = _BARS / ((up + down) or 1)
    zero = top + up * unit
    for row in rows:
        _bars(on, axis, row, zero, unit)
    on.line([(LEFT, zero), (LEFT + PLOT, zero)], "axis")
    for place, count in ((top, up), (zero, 0), (zero + down * unit, down)):
        if count or place == zero:
            on.text(LEFT - 6, place + 4, text.number(count), "end", "tick")
    on.text(LEFT + PLOT + 6, zero - 6, words("chart.came"))
    on.text(LEFT + PLOT + 6, zero + 14, words("chart.went"))
    _finish(on, words, trend, axis, (head, max(zero + down * unit, zero + 16) + 10))
    return on


def _joined(row: Row) -> Row:
    ended = (
        None
        if not row["runs"]
        else sum(row[key] for key in ("withdrawn", "not_affected", "merged"))
    )
    return {**row, "ended": ended}


def _bars(on: Drawing, axis: Days, row: Row, zero: float, unit: float) -> None:
    left, right = axis.left(row["first_day"]), axis.left(row["last_day"]) + axis.band
    inset = min(1.5, (right - left) * 0.15)
    for keys, sign in ((_UP, -1), (_DOWN, 1)):
        place = zero
        for key in keys:
            height = max(row[key] * unit, _THINNEST) if row[key] else 0.0
            if height:
                y = place - height if sign < 0 else place
                on.rect(left + inset, y, right - left - 2 * inset, height, f"flow-{key}")
                place += sign * height


def _legend(on: Drawing, words: Words, rows: Sequence[Row]) -> float:
    x, y = 0.0, 4.0
    for key in (*_UP, *_DOWN):
        total = sum(row[key] or 0 for row in rows)
        label = words("chart.part", word=words(f"move.{key}"), count=text.number(total))
        taken = 18 + text_width(label) + 14
        if x and x + taken > WIDTH:
            x, y = 0.0, y + 20
        on.rect(x, y, 12, 12, f"flow-{key}")
        on.text(x + 18, y + 11, label)
        x += taken
    return y + 16


def _drawing(words: Words, key: str) -> Drawing:
    return Drawing(key, words(f"chart.{key}_title"), words(f"chart.{key}_desc"))


def _finish(on: Drawing, words: Words, trend: Trend, axis: Days, span: tuple[float, float]) -> None:
    """Draw coverage below ``span``, the days' names, days without a run, and changes of method."""
    head, top = span
    rows = trend.rows("trend_days")
    scale = Scale(top + 24, 40, 1)
    on.text(LEFT, scale.top - 7, words("chart.coverage"), look="bar-label")
    scale.draw(on, "100 %", "0 %")
    shares = [{"day": row["day"], "share": _share(row)} for row in rows]
    _series(on, axis, shares, "share", scale, "line")
    _coverage_now(on, words, rows[-1], scale)
    for row in rows:
        if not row["runs"]:
            left = axis.left(row["day"])
            on.line([(left, scale.bottom), (left + axis.band, scale.bottom)], "gap")
    on.height = axis.draw(on, scale.bottom)
    _methods(on, trend, axis, (head, scale.bottom))


def _share(row: Row) -> float | None:
    return row["assessed"] / row["assessable"] if row["assessable"] else None


def _coverage_now(on: Drawing, words: Words, now: Row, scale: Scale) -> None:
    if not now["assessable"]:
        on.text(LEFT + PLOT + 6, scale.top + 10, words("format.not_kept"))
        return
    part, whole = now["assessed"], now["assessable"]
    on.text(LEFT + PLOT + 6, scale.top + 10, words.rate(part, whole))
    on.text(LEFT + PLOT + 6, scale.top + 26, words.part_of(part, whole), look="tick")


def _methods(on: Drawing, trend: Trend, axis: Days, span: tuple[float, float]) -> None:
    head, bottom = span
    named = 0.0
    for day, mark in {row["day"]: row["mark"] for row in trend.rows("trend_methods")}.items():
        x = axis.left(day)
        on.line([(x, head), (x, bottom)], "method")
        if x > named:
            on.text(x + 2, head - 1, str(mark), look="tick")
            named = x + 16
