"""Geometry of the stacked bar charts; ``templates/chart.html.j2`` draws it.

Nothing is told by colour alone: every part has a pattern and, under its bar, its word and count.
Colours differ under the three forms of colour blindness and stand 3:1 or more against white; all
text is black on white.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.figures import Posture
from reports.render.text import Words, number

WIDTH = 720
_BAR, _LINE, _HEAD, _GAP, _FONT = 24, 20, 22, 16, 13
_LEAST = 3.0
STROKES = {
    "solid": "",
    "rising": "M-2 2l4-4M0 8l8-8M6 10l4-4",
    "falling": "M-2 6l4 4M0 0l8 8M6-2l4 4",
    "dots": "M2 2h.01M6 6h.01",
    "level": "M0 4h8",
    "upright": "M4 0v8",
    "cross": "M0 8l8-8M0 0l8 8",
    "grid": "M0 4h8M4 0v8",
}
SEVERITIES: Mapping[str, tuple[str, tuple[str, str]]] = {
    "critical": ("CRITICAL", ("#7A0403", "solid")),
    "high": ("HIGH", ("#D9480F", "rising")),
    "medium": ("MEDIUM", ("#9467BD", "dots")),
    "low": ("LOW", ("#00678A", "level")),
    "negligible": ("NEGLIGIBLE", ("#5F6368", "upright")),
    "unrated": ("UNKNOWN", ("#6B7280", "cross")),
}
"""Each severity's column: its word, and its colour and strokes."""

_STATES: Mapping[str, tuple[str, str]] = {
    "assessed": ("#1B6E3C", "solid"),
    "inferred_clean": ("#00678A", "level"),
    "pending": ("#6B4E00", "dots"),
    "stale": ("#9467BD", "rising"),
    "expired": ("#9467BD", "falling"),
    "archived": ("#5F6368", "upright"),
    "failed": ("#A40000", "cross"),
    "denied": ("#7A0403", "grid"),
    "unsupported": ("#6B7280", "rising"),
    "not_scanned": ("#D9480F", "falling"),
    "unknown": ("#4B3F8F", "cross"),
}


@dataclass(frozen=True)
class Pattern:
    """A fill: a colour with white strokes."""

    key: str
    colour: str
    strokes: str


@dataclass(frozen=True)
class Part:
    """One part of a bar, and where its swatch and label lie (user units)."""

    fill: str
    label: str
    x: float
    width: float
    swatch_x: float
    swatch_y: float


@dataclass(frozen=True)
class Bar:
    """One bar with its heading; without parts, ``beside`` says why."""

    label: str
    beside: str
    y: float
    bar_y: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Chart:
    """A stacked bar chart, ready to be drawn."""

    key: str
    title: str
    desc: str
    height: float
    patterns: tuple[Pattern, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Series:
    """What one bar shows: heading, text beside, and (fill, label, count) of each part."""

    label: str
    beside: str
    parts: Sequence[tuple[str, str, int]]


def text_width(text: str) -> float:
    """Estimate the width of a line: half an em for Latin letters, one for the wide ones."""
    return sum(0.56 if character.isascii() else 1.0 for character in text) * _FONT


def widths(counts: Sequence[int], whole: int, room: float) -> list[float]:
    """Share ``room`` out by count; what is not nothing is never too thin to be seen."""
    if not whole:
        return [0.0 for _ in counts]
    raw = [max(room * count / whole, _LEAST) if count else 0.0 for count in counts]
    allowed = room * min(1.0, sum(counts) / whole)
    excess = sum(raw) - max(allowed, _LEAST * sum(1 for count in counts if count))
    slack = sum(width - _LEAST for width in raw if width > _LEAST)
    if excess <= 0 or slack <= 0:
        return raw
    return [w - excess * (w - _LEAST) / slack if w > _LEAST else w for w in raw]


def _place(series: Series, whole: int, top: float) -> tuple[Bar, float]:
    bar_y = top + _HEAD
    room = widths([count for _, _, count in series.parts], whole, WIDTH)
    parts: list[Part] = []
    x, label_x, label_y = 0.0, 0.0, bar_y + _BAR + 6
    for (fill, label, _), width in zip(series.parts, room, strict=True):
        taken = 18 + text_width(label) + 14
        if label_x and label_x + taken > WIDTH:
            label_x, label_y = 0.0, label_y + _LINE
        parts.append(
            Part(fill, label, round(x, 1), round(max(width - 1, 1), 1), round(label_x, 1), label_y)
        )
        x, label_x = x + width, label_x + taken
    bottom = (label_y + _LINE if parts else bar_y) + _GAP
    return Bar(series.label, series.beside, top, bar_y, tuple(parts)), bottom


def stacked(
    words: Words,
    key: str,
    rows: Iterable[tuple[Series, int]],
    fills: Mapping[str, tuple[str, str]],
) -> Chart:
    """Lay out a chart of stacked bars, each over its own whole.

    Args:
        words: The language; holds the title and description as ``chart.<key>_title``, ``_desc``.
        key: Name of the chart, unique on its page.
        rows: Each bar and the count that the whole width stands for.
        fills: Colour and name of the strokes of each fill that a part may name.
    """
    bars: list[Bar] = []
    height = 0.0
    for series, whole in rows:
        bar, height = _place(series, whole, height)
        bars.append(bar)
    used = {part.fill for bar in bars for part in bar.parts}
    patterns = [Pattern(k, c, STROKES[s]) for k, (c, s) in fills.items() if k in used]
    return Chart(
        key=key,
        title=words(f"chart.{key}_title"),
        desc=words(f"chart.{key}_desc"),
        height=height,
        patterns=tuple(patterns),
        bars=tuple(bars),
    )


def exposures(words: Words, posture: Posture) -> Chart:
    """Draw the open exposures of each cloud by severity, all clouds on one scale."""
    rows = posture.figures["exposures_by_cloud"].rows
    most = max((row["open"] for row in rows), default=0)

    def series(row: Mapping[str, int]) -> Series:
        parts = [
            (f"exposures-{name}", _label(words, "severity", word, row[name]), row[name])
            for name, (word, _) in SEVERITIES.items()
            if row[name]
        ]
        beside = words(
            "chart.bar_exposures",
            open=number(row["open"]),
            unconfirmed=number(row["unconfirmed"]),
            share=words.share(row["assessed"], row["assessable"]),
        )
        if not parts and not row["assessed"]:
            beside = words("chart.nothing_looked_at")
        return Series(words.word("provider", row["provider"]), beside, parts)

    fills = {f"exposures-{name}": look for name, (_, look) in SEVERITIES.items()}
    return stacked(words, "exposures", [(series(row), most) for row in rows], fills)


def states(words: Words, posture: Posture) -> Chart:
    """Draw the assessable images of each cloud by state, each bar over the whole of its cloud."""
    rows = posture.figures["states"].rows
    clouds = [row for row in posture.figures["share"].rows if row["provider"] is not None]

    def series(cloud: Mapping[str, int]) -> Series:
        parts = [
            (f"states-{s}", _label(words, "state", s, row["placements"]), row["placements"])
            for row in rows
            if row["provider"] == cloud["provider"] and (s := row["state"])
        ]
        beside = words("chart.bar_states", assessable=number(cloud["assessable"]))
        return Series(
            words.word("provider", cloud["provider"]),
            beside if parts else words("format.no_images"),
            parts,
        )

    fills = {f"states-{name}": look for name, look in _STATES.items()}
    return stacked(
        words, "states", [(series(cloud), cloud["assessable"]) for cloud in clouds], fills
    )


def _label(words: Words, vocabulary: str, word: str, count: int) -> str:
    return words("chart.part", word=words.word(vocabulary, word), count=number(count))
