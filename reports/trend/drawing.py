"""Shapes of a chart, and axes that place them; ``templates/drawing.html.j2`` draws them.

Lengths are user units of a page 720 wide. What a chart means lies in position, dash, pattern and
word, never in colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from reports.render.svg import Pattern

WIDTH = 720
LEFT, RIGHT = 46, 132
PLOT = WIDTH - LEFT - RIGHT


@dataclass(frozen=True)
class Path:
    """A line; ``look`` is its class in the style sheet."""

    d: str
    look: str


@dataclass(frozen=True)
class Rect:
    """A filled rectangle; ``fill`` names a pattern."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True)
class Text:
    """A text; ``anchor`` is start, middle or end."""

    x: float
    y: float
    said: str
    anchor: str = "start"
    look: str = ""


@dataclass
class Drawing:
    """A chart being laid out, top down."""

    key: str
    title: str
    desc: str
    height: float = 0.0
    patterns: list[Pattern] = field(default_factory=list)
    rects: list[Rect] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    @property
    def areas(self) -> list[tuple[str, str]]:
        """Each fill with its rectangles as one path: a printer draws a pattern once a path."""
        found: dict[str, str] = {}
        for r in self.rects:
            piece = f"M{r.x} {r.y}h{r.width}v{r.height}h-{r.width}z"
            found[r.fill] = found.get(r.fill, "") + piece
        return list(found.items())

    def text(self, x: float, y: float, said: str, anchor: str = "start", look: str = "") -> None:
        """Add a text."""
        self.texts.append(Text(round(x, 1), round(y, 1), said, anchor, look))

    def line(self, points: Sequence[tuple[float, float]], look: str) -> None:
        """Add a line; of a single point it is a dot."""
        steps = " ".join(f"{x:.1f} {y:.1f}" for x, y in points)
        dot = "h.01" if len(points) == 1 else ""
        self.paths.append(Path(f"M{steps}{dot}", look))

    def dots(self, points: Iterable[tuple[float, float]], look: str) -> None:
        """Add a dot at each point."""
        marks = "".join(f"M{x:.1f} {y:.1f}h.01" for x, y in points)
        if marks:
            self.paths.append(Path(marks, look))

    def rect(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """Add a rectangle."""
        placed = Rect(round(x, 1), round(y, 1), round(width, 1), round(height, 1), fill)
        self.rects.append(placed)


@dataclass(frozen=True)
class Days:
    """The axis of time: a band for each day from the first to the last."""

    days: Sequence[date]

    @property
    def band(self) -> float:
        """Width of a day."""
        return PLOT / len(self.days)

    def left(self, day: date) -> float:
        """Return where a day's band begins."""
        return LEFT + (day - self.days[0]).days * self.band

    def middle(self, day: date) -> float:
        """Return the middle of a day's band."""
        return self.left(day) + self.band / 2

    def ticks(self) -> list[date]:
        """Return at most six days to be named, evenly apart, the first among them."""
        steps = (1, 2, 5, 7, 14, 28, 56, 91, 182)
        most = next((s for s in steps if len(self.days) <= s * 6), math.ceil(len(self.days) / 6))
        return list(self.days[::most])

    def draw(self, on: Drawing, top: float) -> float:
        """Write the days' names below ``top`` and return where the space below them begins."""
        for day in self.ticks():
            on.line([(self.middle(day), top), (self.middle(day), top + 4)], "axis")
            on.text(self.middle(day), top + 16, day.isoformat(), "middle", "tick")
        return top + 24


@dataclass(frozen=True)
class Scale:
    """An upright axis from 0 at the bottom to ``most`` at the top."""

    top: float
    height: float
    most: float

    @property
    def bottom(self) -> float:
        """Where 0 lies."""
        return self.top + self.height

    def y(self, value: float) -> float:
        """Return where a value lies."""
        return self.bottom - (self.height * value / self.most if self.most else 0.0)

    def draw(self, on: Drawing, label: str, zero: str = "0", left: float = LEFT) -> None:
        """Draw the lines of 0 and of the most, with their labels."""
        right = left + PLOT
        on.line([(left, self.bottom), (right, self.bottom)], "axis")
        on.line([(left, self.top), (right, self.top)], "grid")
        on.text(left - 6, self.top + 4, label, "end", "tick")
        on.text(left - 6, self.bottom + 4, zero, "end", "tick")


def round_up(value: float) -> int:
    """Return the next round number, such as 3, 40 or 600."""
    if value <= 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return int(next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if value <= step * power))


def unbroken(
    points: Iterable[tuple[float, float | None]],
) -> list[list[tuple[float, float]]]:
    """Split a line where a value is missing: a gap is not drawn over."""
    return [
        [(x, y) for x, y in group if y is not None]
        for held, group in groupby(points, key=lambda point: point[1] is not None)
        if held
    ]


def apart(places: Sequence[float], least: float) -> list[float]:
    """Move labels down until no two of them, in their given order, are closer than ``least``."""
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + least) if found else place)
    return found
