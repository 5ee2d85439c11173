"""What the tests of the AWS adapter share: a sink that keeps rows, a run, a way to collect."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from audit.model.columns import Columns
from audit.model.scope import ScopeOutcome
from audit.ports import RunContext
from providers.aws.provider import AwsProvider
from providers.aws.settings import AwsSettings
from tests.support.kept import Kept

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


def next_night(before: Collected, days: float = 1) -> RunContext:
    """Return the context of the run that follows ``before``."""
    return replace(CONTEXT, moment=CONTEXT.moment + timedelta(days), memory=Kept(before.sink.rows))


def memory_of(context: RunContext) -> Kept:
    """Return the memory that ``next_night`` made."""
    assert isinstance(context.memory, Kept)
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
