"""Charts of time from the clock: the survival curves, and the times to remediate."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures import Row
from reports.render import text
from reports.render.svg import SEVERITIES
from reports.render.text import Words
from reports.trend.drawing import LEFT, WIDTH, Drawing, round_up
from reports.trend.figures import Trend

_PANEL, _HEIGHT, _COLUMN = 300.0, 74.0, 374.0


def survival(words: Words, trend: Trend) -> Drawing:
    """Draw the share not fixed yet by days, a panel for each severity, its deadline in it."""
    on = Drawing("survival", words("chart.survival_title"), words("chart.survival_desc"))
    days = {row["severity"]: row["deadline_days"] for row in trend.rows("trend_profile")}
    rows = trend.rows("trend_survival")
    longest = max((row["days"] for row in rows), default=0)
    most = round_up(max(longest, 1))
    number = 0
    for severity, _ in SEVERITIES.values():
        curve = [row for row in rows if row["severity"] == severity]
        if curve:
            left = LEFT + _COLUMN * (number % 2)
            top = 24 + (number // 2) * (_HEIGHT + 56)
            _panel(on, words, curve, (left, top, most), days.get(severity))
            number += 1
    on.height = 24.0 + ((number + 1) // 2) * (_HEIGHT + 56) - 14
    return on


def _panel(
    on: Drawing,
    words: Words,
    curve: Sequence[Row],
    frame: tuple[float, float, int],
    deadline: int | None,
) -> None:
    left, top, most = frame
    bottom, unit = top + _HEIGHT, _PANEL / most
    on.text(left, top - 8, _told(words, curve, deadline), look="bar-label")
    for place, label in ((top, "100 %"), (bottom, "0 %")):
        on.line([(left, place), (left + _PANEL, place)], "axis" if place == bottom else "grid")
        on.text(left - 6, place + 4, label, "end", "tick")
    points, height = [(left, top)], top
    for row in curve:
        x, y = left + row["days"] * unit, bottom - _HEIGHT * row["surviving"]
        points += [(x, height), (x, y)]
        height = y
    on.line(points, "line")
    on.text(left, bottom + 15, "0", "middle", "tick")
    on.text(left + _PANEL, bottom + 15, words("chart.days", days=most), "end", "tick")
    if deadline is not None and 0 < deadline <= most:
        x = left + deadline * unit
        on.line([(x, top), (x, bottom + 4)], "deadline")
        if 24 < x - left < _PANEL - 60:
            on.text(x, bottom + 15, str(deadline), "middle", "tick")


def _told(words: Words, curve: Sequence[Row], deadline: int | None) -> str:
    severity, whole = words.word("severity", curve[0]["severity"]), text.number(curve[0]["at_risk"])
    if deadline is None or deadline > curve[-1]["days"]:
        return words("chart.survival_of", severity=severity, whole=whole)
    left = [row["surviving"] for row in curve if row["days"] <= deadline]
    return words(
        "chart.survival_at",
        severity=severity,
        whole=whole,
        days=deadline,
        share=words.ratio(left[-1] if left else 1.0),
    )


def remediation(words: Words, trend: Trend) -> Drawing | None:
    """Draw median, mean and 90th percentile of each severity on one scale; None without a fix."""
    rows = [row for row in trend.rows("trend_remediation") if row["severity"] and row["fixed"]]
    if not rows:
        return None
    on = Drawing("remediation", words("chart.remediation_title"), words("chart.remediation_desc"))
    most = round_up(max(max(row["p90_days"], row["deadline_days"] or 0) for row in rows))
    top = 0.0
    for row in rows:
        top = _range(on, words, row, top, most)
    on.text(0, top + 4, "0", "start", "tick")
    on.text(WIDTH, top + 4, words("chart.days", days=most), "end", "tick")
    on.height = top + 10
    return on


def _range(on: Drawing, words: Words, row: Row, top: float, most: int) -> float:
    said = words(
        "chart.remediation_bar",
        severity=words.word("severity", row["severity"]),
        fixed=text.number(row["fixed"]),
        median=f"{row['median_days']:.1f}",
        mean=f"{row['mean_days']:.1f}",
        p90=f"{row['p90_days']:.1f}",
    )
    on.text(0, top + 14, said, look="bar-label")
    y, unit = top + 32, (WIDTH - 16) / most
    on.line([(8, y), (WIDTH - 8, y)], "grid")
    on.line([(8 + row["median_days"] * unit, y), (8 + row["p90_days"] * unit, y)], "line thick")
    on.dots([(8 + row["median_days"] * unit, y)], "dot large")
    x = 8 + row["p90_days"] * unit
    on.line([(x, y - 6), (x, y + 6)], "line")
    x = 8 + row["mean_days"] * unit
    on.line([(x - 4, y - 4), (x + 4, y + 4)], "line")
    on.line([(x - 4, y + 4), (x + 4, y - 4)], "line")
    if row["deadline_days"] is not None:
        x = 8 + row["deadline_days"] * unit
        on.line([(x, y - 11), (x, y + 11)], "deadline")
    return y + 22
