"""The same measures in plain Python, one exposure and one run after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.judge.deadlines import DeadlineProfile
from tests.unit.measures.history import Exposure, Step, owner, place

Slice = tuple[str, str, str, str | None, str]
ENDS = ("fixed", "removed", "withdrawn", "not_affected", "merged")
_EDGES = ((7, "0-7"), (14, "8-14"), (30, "15-30"), (60, "31-60"), (90, "61-90"), (180, "91-180"))


def slice_of(exposure: Exposure, severity: str) -> Slice:
    where = place(exposure.place)
    return (
        *(where["provider"], where["account"], where["registry_id"]),
        *(owner(exposure.place), severity),
    )


def at(exposure: Exposure, day: int) -> Step | None:
    """The last change up to and with a day."""
    return next((step for step in reversed(exposure.steps) if step.day <= day), None)


def is_open(step: Step | None) -> bool:
    return step is not None and step.state != "closed"


def bucket(age: int) -> str:
    return next((name for most, name in _EDGES if age <= most), ">180")


def stock(exposures: Sequence[Exposure], day: int) -> Counter[tuple[Slice, str, str]]:
    """Count the open after a day's run by slice, age bucket, and open or unconfirmed."""
    found: Counter[tuple[Slice, str, str]] = Counter()
    for exposure in exposures:
        step = at(exposure, day)
        if step is not None and is_open(step):
            age = day - (exposure.clock("first_seen_at") or 0)
            key = slice_of(exposure, step.severity), bucket(age)
            found[*key, "open"] += 1
            if step.state == "unconfirmed":
                found[*key, "unconfirmed"] += 1
    return found


def moves(before: Step | None, now: Step | None) -> Iterator[tuple[str, str]]:
    """Yield (severity, what) for what one run does to one exposure."""
    was, held = is_open(before), is_open(now)
    if was and before is not None:
        yield before.severity, "open_before"
    if held and now is not None:
        yield now.severity, "open_now"
        if now.state == "unconfirmed":
            yield now.severity, "unconfirmed"
        if not was:
            yield now.severity, "opened" if before is None else "reopened"
    if was and before is not None and now is not None:
        if not held:
            yield before.severity, now.reason or "removed"
        elif now.severity != before.severity:
            yield from ((before.severity, "moved_out"), (now.severity, "moved_in"))


def flow(exposures: Sequence[Exposure], day: int) -> dict[Slice, Counter[str]]:
    """Count what a day's run moved, by slice."""
    found: dict[Slice, Counter[str]] = {}
    for exposure in exposures:
        for severity, what in moves(at(exposure, day - 1), at(exposure, day)):
            found.setdefault(slice_of(exposure, severity), Counter())[what] += 1
    return found


@dataclass(frozen=True)
class Outcome:
    """What became of an exposure; days are days after the start."""

    exposure: Exposure
    severity: str
    outcome: str
    until: int

    def days_from(self, clock: str) -> int | None:
        start = self.exposure.clock(clock)
        return None if start is None or start > self.until else self.until - start

    def due(self, profile: DeadlineProfile) -> int | None:
        days = dict(profile.by_severity())[self.severity]
        starts = [s for c in profile.clock if (s := self.exposure.clock(c)) is not None]
        return starts[0] + days if starts and days is not None else None


def outcomes(exposures: Sequence[Exposure], now: int) -> list[Outcome]:
    """Follow each exposure through its states up to the run of day ``now``."""
    found = []
    for exposure in exposures:
        was_open, fixed, told = False, False, None
        for step in (step for step in exposure.steps if step.day <= now):
            if step.state != "closed":
                was_open, told = True, (step.severity, "reopened" if fixed else "still_open", now)
            elif was_open:
                fixed = fixed or step.reason == "fixed"
                was_open, told = False, (step.severity, step.reason or "removed", step.day)
        if told is not None:
            found.append(Outcome(exposure, *told))
    return found


def quantile(values: Sequence[int], share: float) -> float:
    """Interpolate between neighbours."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * share
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def kaplan_meier(pairs: Sequence[tuple[int, bool]]) -> list[tuple[int, int, int, int, float]]:
    """Return (days, at risk, fixed, censored, surviving) of (days, whether fixed)."""
    rows, surviving = [], 1.0
    for day in sorted({days for days, _ in pairs}):
        at_risk = sum(1 for days, _ in pairs if days >= day)
        fixed = sum(1 for days, event in pairs if days == day and event)
        censored = sum(1 for days, event in pairs if days == day and not event)
        surviving *= 1 - fixed / at_risk
        rows.append((day, at_risk, fixed, censored, surviving))
    return rows
