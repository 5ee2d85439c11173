"""What the trend report says in words: its limits, its deadlines, its key figures."""

from __future__ import annotations

from reports.render import text
from reports.render.facts import Tile
from reports.render.text import Words
from reports.trend.figures import Trend


def limits(words: Words, trend: Trend) -> tuple[str, ...]:
    """Say what no trend of this history can show."""
    rows = trend.rows("trend_days")
    found = [
        words("trend.first")
        if trend.runs == 1
        else words(
            "trend.runs",
            runs=text.number(trend.runs),
            first=rows[0]["day"].isoformat(),
            last=rows[-1]["day"].isoformat(),
            days=text.number(len(rows)),
        )
    ]
    if trend.gap_days:
        found.append(words("trend.gaps", days=text.number(trend.gap_days)))
    incomplete = sum(row["runs"] > 0 and row["outcome"] != "complete" for row in rows)
    if incomplete:
        found.append(words("trend.incomplete", days=text.number(incomplete)))
    uncovered = sum(row["runs"] > 0 and not row["assessable"] for row in rows)
    if uncovered:
        found.append(words("trend.uncovered", days=text.number(uncovered)))
    changes = len({row["mark"] for row in trend.rows("trend_methods")})
    found.append(words("trend.methods", changes=changes) if changes else words("trend.no_methods"))
    return (*found, words("trend.always"))


def coverage(words: Words, trend: Trend) -> str:
    """Say how much had been looked at: now, and at its lowest."""
    now = trend.latest
    known = [row for row in trend.rows("trend_days") if row["assessable"]]
    if not now["assessable"] or not known:
        return words("trend.coverage_none")
    lowest = min(known, key=lambda row: row["assessed"] / row["assessable"])
    return words(
        "trend.coverage",
        share=words.share(now["assessed"], now["assessable"]),
        lowest=words.share(lowest["assessed"], lowest["assessable"]),
        day=lowest["day"].isoformat(),
    )


def profile(words: Words, trend: Trend) -> tuple[str, ...]:
    """Name the deadline profile in force, its clock, and what it does not express."""
    row = trend.rows("trend_profile")[0]
    clock = words("trend.then").join(words.word("clock", name) for name in row["clock"])
    named = words(
        "trend.profile",
        id=text.visible(row["profile_id"]),
        version=text.visible(row["version"]),
        title=text.visible(row["title"]),
        clock=clock,
    )
    note = text.prose(row["note"])
    return (named, note) if note else (named,)


def tiles(words: Words, trend: Trend) -> tuple[Tile, ...]:
    """Return the key figures, each with its denominator."""
    now, number = trend.latest, text.number
    whole = trend.rows("trend_remediation")[0]
    deadlines = trend.rows("trend_deadlines")
    in_time = sum(row["in_time"] for row in trend.rows("trend_attainment"))
    due = sum(row["due"] for row in trend.rows("trend_attainment"))
    overdue = sum(row["overdue"] for row in deadlines)
    days = words("format.none") if whole["median_days"] is None else f"{whole['median_days']:.1f}"
    p90 = words("format.none") if whole["p90_days"] is None else f"{whole['p90_days']:.1f}"
    return (
        Tile(
            words("trend.tile_open"),
            number(now["open"]),
            words("trend.tile_open_of", unconfirmed=number(now["unconfirmed"])),
        ),
        Tile(
            words("trend.tile_overdue"),
            number(overdue),
            words("trend.tile_overdue_of", open=number(now["open"])),
        ),
        Tile(
            words("trend.tile_attained"),
            words.rate(in_time, due) if due else words("format.none_due"),
            words("trend.tile_attained_of", part=number(in_time), whole=number(due)),
        ),
        Tile(
            words("trend.tile_median"),
            days,
            words("trend.tile_median_of", fixed=number(whole["fixed"]), p90=p90),
        ),
        Tile(
            words("trend.tile_assessed"),
            words.rate(now["assessed"], now["assessable"])
            if now["assessable"]
            else words("format.not_kept"),
            words.part_of(now["assessed"] or 0, now["assessable"] or 0)
            if now["assessable"]
            else words("trend.tile_not_kept"),
        ),
    )
