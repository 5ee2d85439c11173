"""Random histories: nights with gaps, exposures that open, doubt, change, close and come back."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.unit.measures.history import CLOCKS, SEVERITIES, Exposure, Step
from tests.unit.measures.oracle import ENDS


@dataclass(frozen=True)
class History:
    days: tuple[int, ...]
    exposures: tuple[Exposure, ...]


@st.composite
def steps(draw: st.DrawFn, days: tuple[int, ...]) -> tuple[Step, ...]:
    """Draw changes at some of the nights; the first opens, a closed one can only come back."""
    chosen = sorted(draw(st.sets(st.sampled_from(days), min_size=1, max_size=6)))
    found: list[Step] = []
    for day in chosen:
        if not found or found[-1].state == "closed":
            state = "open"
        else:
            state = draw(st.sampled_from(("open", "unconfirmed", "closed", "closed")))
        closed = state == "closed"
        severity = found[-1].severity if closed else draw(st.sampled_from(SEVERITIES))
        reason = draw(st.sampled_from((*ENDS, "fixed", "fixed"))) if closed else None
        found.append(Step(day, state, severity, reason))
    return tuple(found)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw up to twelve nights within 300 days and up to twelve exposures."""
    days = tuple(sorted(draw(st.sets(st.integers(0, 300), min_size=1, max_size=12))))
    found = []
    for number in range(draw(st.integers(0, 12))):
        changes = draw(steps(days))
        clocks: dict[str, int | None] = {
            name: draw(st.one_of(st.none(), st.integers(-100, 320)))
            for name in CLOCKS
            if name != "first_seen_at"
        }
        if draw(st.booleans()):  # what it was merged with had been seen before
            clocks["first_seen_at"] = draw(st.integers(-50, changes[0].day))
        found.append(Exposure(number, changes, draw(st.integers(0, 5)), clocks))
    return History(days, tuple(found))
