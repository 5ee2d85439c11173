"""Charts: what is not nothing can be seen, nothing overflows, colours stand out enough."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import figures
from reports.render import svg
from reports.render.text import load_words
from tests.unit.reports import estate

COUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=11)


@given(COUNTS, st.integers(0, 10**7))
def test_parts_fit_their_bar_and_only_nothing_is_invisible(counts, more):
    whole = sum(counts) + more
    found = svg.widths(counts, whole, svg.WIDTH)
    assert sum(found) <= svg.WIDTH + 0.01
    for count, width in zip(counts, found, strict=True):
        assert (width >= 2.99) if count else (width == 0)


def test_bars_hold_every_state_by_word_and_count():
    posture = figures.collect(estate.second_night())
    chart = svg.states(load_words("en"), posture)
    assert [[part.label for part in bar.parts] for bar in chart.bars] == [
        ["assessed 3", "pending 1", "denied 1"],
        ["assessed 1", "inferred clean 1", "unknown 2"],
        ["denied 2"],
    ]
    assert {part.fill for bar in chart.bars for part in bar.parts} == {
        pattern.key for pattern in chart.patterns
    }


def test_patterns_tell_severities_apart_without_colour():
    chart = svg.exposures(load_words("en"), figures.collect(estate.second_night()))
    strokes = [pattern.strokes for pattern in chart.patterns]
    assert len(strokes) == len(set(strokes)) == 4


@pytest.mark.parametrize("language", ["en", "ja"])
def test_labels_stay_inside_the_chart(language):
    chart = svg.states(load_words(language), figures.collect(estate.second_night()))
    for bar in chart.bars:
        for part in bar.parts:
            assert part.swatch_x + 18 + svg.text_width(part.label) <= svg.WIDTH
            assert part.swatch_y + 13 < chart.height


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(colour: str, ground: str = "#ffffff") -> float:
    high, low = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_stand_out_from_their_ground():
    looks = [colour for _, (colour, _) in svg.SEVERITIES.values()]
    assert min(map(contrast, [*looks, *(colour for colour, _ in svg._STATES.values())])) >= 3
    style = files("reports").joinpath("templates", "style.html.j2").read_text("utf-8")
    inks = re.findall(r"--(?:ink|soft|mark|bad):(#[0-9a-f]{6})", style)
    assert len(inks) == 4
    assert min(contrast(ink, "#f3f5f8") for ink in inks) >= 4.5
