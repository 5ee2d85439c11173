"""Stacked bars: the age of what is open, and attainment by month."""

from __future__ import annotations

from collections.abc import Mapping

from reports.figures import Row
from reports.render import text
from reports.render.svg import Chart, Series, stacked
from reports.render.text import Words
from reports.trend.figures import Trend

MONTHS = 13
"""Months drawn; the table holds all."""

_AGES: Mapping[str, tuple[int, tuple[str, str]]] = {
    "days_7": (0, ("#00678A", "level")),
    "days_14": (8, ("#1B6E3C", "dots")),
    "days_30": (15, ("#6B4E00", "rising")),
    "days_60": (31, ("#9467BD", "upright")),
    "days_90": (61, ("#D9480F", "falling")),
    "days_180": (91, ("#A40000", "grid")),
    "days_more": (181, ("#7A0403", "solid")),
}
_ATTAINED: Mapping[str, tuple[str, str]] = {
    "in_time": ("#1B6E3C", "solid"),
    "late": ("#D9480F", "rising"),
    "overdue": ("#7A0403", "grid"),
    "removed_late": ("#00678A", "level"),
}


def ageing(words: Words, trend: Trend) -> Chart:
    """Draw what is open of each severity by age; ages wholly past the deadline say so."""
    rows = [row for row in trend.rows("trend_ageing") if row["severity"] is not None]
    most = max((row["open"] for row in rows), default=0)
    # An age and a deadline can be set against each other only where one clock drives both.
    same_clock = trend.rows("trend_profile")[0]["clock"] == ["first_seen_at"]

    def series(row: Row) -> Series:
        parts = []
        for key, (begins, _) in _AGES.items():
            if row[key]:
                late = same_clock and row["deadline_days"] is not None
                past = late and begins > row["deadline_days"]
                label = words(
                    "chart.age_past" if past else "chart.part",
                    word=words(f"age.{key}"),
                    count=text.number(row[key]),
                )
                parts.append((f"ageing-{key}", label, row[key]))
        return Series(words.word("severity", row["severity"]), _beside(words, row), parts)

    fills = {f"ageing-{key}": look for key, (_, look) in _AGES.items()}
    return stacked(words, "ageing", [(series(row), most) for row in rows], fills)


def _beside(words: Words, row: Row) -> str:
    known = row["deadline_days"] is not None
    return words(
        "chart.bar_ageing" if known else "chart.bar_ageing_without",
        open=text.number(row["open"]),
        unconfirmed=text.number(row["unconfirmed"]),
        days=row["deadline_days"],
        overdue=text.number(row["overdue"]),
    )


def attainment(words: Words, trend: Trend) -> Chart:
    """Draw what became of the deadlines of each of the last months, each bar over its own whole."""
    rows = [row for row in trend.rows("trend_attainment") if row["due"]][-MONTHS:]

    def series(row: Row) -> Series:
        parts = [
            (
                f"attainment-{key}",
                words("chart.part", word=words(f"deadline.{key}"), count=text.number(row[key])),
                row[key],
            )
            for key in _ATTAINED
            if row[key]
        ]
        beside = words(
            "chart.bar_attainment",
            share=words.share(row["in_time"], row["due"]),
            left_out=text.number(row["left_out"]),
        )
        return Series(row["due_month"], beside, parts)

    fills = {f"attainment-{key}": look for key, look in _ATTAINED.items()}
    return stacked(words, "attainment", [(series(row), row["due"]) for row in rows], fills)
