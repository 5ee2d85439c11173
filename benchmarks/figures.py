"""What the nights add up to, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

import numpy as np

from audit.tables import HISTORY
from benchmarks.nights import Night

YEAR = 365


def night_line(number: int, night: Night) -> str:
    """Return one line about one night."""
    return (
        f"night {number:2}  {night.run_id}  {night.findings:,} findings  "
        f"(made in {night.generated:.1f} s CPU)  staged {night.staged:.1f} s CPU  "
        f"run {night.cpu:.1f} s CPU, {night.wall:.1f} s wall, peak {night.peak:,.0f} MB  "
        f"{sum(night.sizes.values()) / 1e6:.2f} MB"
    )


def summary(nights: Sequence[Night], columns: dict[str, int]) -> Iterator[str]:
    """Yield what the nights cost; rates are those of their second half.

    Args:
        nights: All nights, oldest first.
        columns: Bytes of each column of the newest findings snapshot, the largest first.
    """
    late = nights[len(nights) // 2 :]
    rows = sum(night.findings for night in late)
    each = sum(night.sizes["findings"] for night in late) / rows
    yield f"bytes a finding-day: {each:.2f} (goal: at most 9)"
    shares = (f"{name} {size / nights[-1].findings:.2f}" for name, size in columns.items())
    yield f"  of these: {', '.join(list(shares)[:5])}"
    yield from _sizes(nights, late)
    for name, told in (("CPU", "s"), ("wall", "s"), ("peak", "MB")):
        values = [getattr(night, name.lower()) for night in nights[1:]]
        if len(values) > 1:
            slope = np.polyfit(np.arange(len(values)), values, 1)[0]
            yield (
                f"{name} a run: {fmean(values):,.1f} {told} on average, "
                f"growing by {slope:+.2f} {told} a night ({100 * slope / fmean(values):+.2f} %)"
            )


def _sizes(nights: Sequence[Night], late: Sequence[Night]) -> Iterator[str]:
    daily = {table: fmean(n.sizes[table] for n in late) for table in nights[0].sizes}
    history = sum(
        nights[0].sizes[table] + daily[table] * (YEAR - 1) for table in daily if table in HISTORY
    )
    full = sum(daily[table] * YEAR for table in daily if table not in HISTORY)
    yield (
        f"a year (first night and {YEAR - 1} at the steady rate): snapshots {full / 1e6:,.0f} MB, "
        f"history {history / 1e6:,.1f} MB = {100 * history / full:.2f} % (goal: at most 5 %)"
    )
    for kind, chosen in (("history", True), ("snapshots", False)):
        told = sorted(
            ((size, t) for t, size in daily.items() if (t in HISTORY) is chosen), reverse=True
        )
        listed = ", ".join(f"{t} {size / 1e3:,.1f}" for size, t in told)
        yield f"  {kind}, kB a night: {listed}"
