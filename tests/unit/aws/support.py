"""What the tests of the AWS adapter share: a sink that keeps rows, a run, a way to collect."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from audit.model.columns import Columns
from audit.model.scope import ScopeOutcome
from audit.ports import RunContext
from providers.aws.provider import AwsProvider
from providers.aws.settings import AwsSettings

CONTEXT = RunContext("run-1", datetime(2026, 11, 23, 2, tzinfo=UTC), logging.getLogger("test"))


class ListSink:
    """Keeps every row as a dict, by table."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def write(self, columns: Columns) -> None:
        names = list(columns.data)
        for cells in zip(*columns.data.values(), strict=True):
            row = {**columns.constants, **dict(zip(names, cells, strict=True))}
            self.rows.setdefault(columns.table, []).append(row)

    def sorted(self) -> dict[str, list[str]]:
        """Return the rows in an order of their own, as text."""
        return {table: sorted(map(repr, rows)) for table, rows in self.rows.items()}


@dataclass
class Collected:
    """All that a provider delivered."""

    sink: ListSink
    outcomes: dict[str, ScopeOutcome]

    def table(self, name: str) -> list[dict[str, Any]]:
        return self.sink.rows.get(name, [])

    def states(self) -> dict[tuple[str, str], str]:
        return {(r["repository"], r["digest"]): r["state"] for r in self.table("assessments")}

    @property
    def inventory(self) -> ScopeOutcome:
        return self._of("inventory")

    @property
    def posture(self) -> ScopeOutcome:
        return self._of("configuration")

    @property
    def findings(self) -> ScopeOutcome:
        return self._of("findings")

    def _of(self, kind: str) -> ScopeOutcome:
        return next(one for one in self.outcomes.values() if one.ref.kind == kind)


class Remembered:
    """The memory of a run in which all was read that was collected before."""

    def __init__(self, before: Collected) -> None:
        self.previous_run_id = "run-0"
        self.tables = {
            table: [{**row, "observed_run_id": "run-0"} for row in rows]
            for table, rows in before.sink.rows.items()
        }
        for row in self.tables["assessments"]:
            row |= {"told_state": row["state"], "read_run_id": "run-0"}

    def rows(
        self, table: str, columns: Sequence[str], *, placed_in: str = "", **where: str
    ) -> list[tuple[Any, ...]]:
        placements = self.tables.get("placements", [])
        held = {row["digest"] for row in placements if row["registry_id"] == placed_in}
        return [
            tuple(row.get(name) for name in columns)
            for row in self.tables.get(table, [])
            if (not placed_in or row["digest"] in held)
            and all(row.get(name) == value for name, value in where.items())
        ]


def next_night(before: Collected, days: float = 1) -> RunContext:
    """Return the context of the run that follows ``before``."""
    return replace(CONTEXT, moment=CONTEXT.moment + timedelta(days), memory=Remembered(before))


def memory_of(context: RunContext) -> Remembered:
    """Return the memory that ``next_night`` made."""
    assert isinstance(context.memory, Remembered)
    return context.memory


def collect(
    settings: Mapping[str, Any], night: RunContext | Collected = CONTEXT, workers: int = 1
) -> Collected:
    """Run every task of a provider with these settings.

    Args:
        night: The run, or what one before it collected.
    """
    context = next_night(night, days=0) if isinstance(night, Collected) else night
    provider = AwsProvider(AwsSettings.model_validate(settings), context)
    sink, outcomes = ListSink(), {}
    with ThreadPoolExecutor(workers) as pool:
        for done in pool.map(lambda task: provider.collect(task, sink), provider.plan().tasks):
            outcomes.update({outcome.ref.scope_id: outcome for outcome in done})
    return Collected(sink, outcomes)
