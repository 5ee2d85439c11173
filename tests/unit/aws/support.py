"""What the tests of the AWS adapter share: a sink that keeps rows, a run, a way to collect."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
        return self._of("inventory")

    @property
    def posture(self) -> ScopeOutcome:
        return self._of("configuration")

    @property
    def findings(self) -> ScopeOutcome:
        return self._of("findings")

    def _of(self, kind: str) -> ScopeOutcome:
        return next(one for one in self.outcomes.values() if one.ref.kind == kind)


def collect(settings: Mapping[str, Any]) -> Collected:
    """Run every task of a provider with these settings."""
    provider = AwsProvider(AwsSettings.model_validate(settings), CONTEXT)
    sink, outcomes = ListSink(), {}
    for task in provider.plan().tasks:
        for outcome in provider.collect(task, sink):
            outcomes[outcome.ref.scope_id] = outcome
    return Collected(sink, outcomes)
