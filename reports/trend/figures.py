"""Every figure of the trend report: the queries run once, their answers frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from audit.errors import WarehouseError
from audit.ports import RunReader
from reports import queries
from reports.figures import Figure, Row, RunFacts, facts_of

TREND = (
    *("trend_days", "trend_flow", "trend_accounts", "trend_ageing", "trend_remediation"),
    *("trend_attainment", "trend_deadlines", "trend_survival", "trend_coverage"),
    *("trend_methods", "trend_profile"),
)
"""Figures of this report alone, in the order of the appendix."""


@dataclass(frozen=True)
class Trend:
    """All figures of the trend up to one run, each by the name of its query."""

    run: RunFacts
    figures: Mapping[str, Figure]

    def rows(self, name: str) -> tuple[Row, ...]:
        """Return a figure's rows."""
        return self.figures[name].rows

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return sum(row["runs"] for row in self.rows("trend_days"))

    @property
    def latest(self) -> Row:
        """The day of this run."""
        return self.rows("trend_days")[-1]

    @property
    def gap_days(self) -> int:
        """How many days have no run."""
        return sum(row["runs"] == 0 for row in self.rows("trend_days"))


@lru_cache(maxsize=1)  # all files of a run tell the same figures: they are asked for once
def collect(run: RunReader) -> Trend:
    """Run every query of the trend report over ``run``.

    Raises:
        WarehouseError: The run has no row in ``runs``: it was never published.
    """
    figures = {name: _ask(run, name) for name in ("run", "evidence_dates", *TREND)}
    if not figures["run"].rows:
        raise WarehouseError(f"run {run.run_id} has no row in the table runs")
    return Trend(facts_of(RunFacts, figures["run"].rows[0]), figures)


def _ask(run: RunReader, name: str) -> Figure:
    query = queries.load(name)
    rows = tuple(run.rows(query.sql))
    return Figure(query, rows, len(rows))
