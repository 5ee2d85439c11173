"""What the tests of the AWS adapter share: a sink that keeps rows, a run, a way to collect."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
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
        return next(o for i, o in self.outcomes.items() if not i.endswith("/findings"))

    @property
    def findings(self) -> ScopeOutcome:
        return next(o for i, o in self.outcomes.items() if i.endswith("/findings"))


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

    def rows(self, table: str, columns: Sequence[str], **where: str) -> list[tuple[Any, ...]]:
        return [
            tuple(row.get(name) for name in columns)
            for row in self.tables.get(table, [])
            if all(row.get(name) == value for name, value in where.items())
        ]


def next_night(before: Collected, days: float = 1) -> RunContext:
    """Return the context of the run that follows ``before``."""
    return replace(CONTEXT, moment=CONTEXT.moment + timedelta(days), memory=Remembered(before))


def memory_of(context: RunContext) -> Remembered:
    """Return the memory that ``next_night`` made."""
    assert isinstance(context.memory, Remembered)
    return context.memory


def collect(settings: Mapping[str, Any], context: RunContext = CONTEXT) -> Collected:
    """Run every task of a provider with these settings."""
    provider = AwsProvider(AwsSettings.model_validate(settings), context)
    sink, outcomes = ListSink(), {}
    for task in provider.plan().tasks:
        for outcome in provider.collect(task, sink):
            outcomes[outcome.ref.scope_id] = outcome
    return Collected(sink, outcomes)
