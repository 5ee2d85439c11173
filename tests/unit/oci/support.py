"""A registry that runs, and what the adapter tells of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from audit.model.columns import Columns
from audit.model.scope import ScopeOutcome
from audit.ports import RunContext
from providers.loopback.oci import OciLoopback
from providers.oci.provider import OciProvider
from providers.oci.settings import OciSettings
from tests.support.kept import Kept

CONTEXT = RunContext("run-1", datetime(2026, 11, 23, 2, tzinfo=UTC), logging.getLogger("test"))


@dataclass
class Collected:
    """All that the adapter delivered, and the outcome of its one scope."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    outcome: ScopeOutcome | None = None

    def write(self, columns: Columns) -> None:
        names = list(columns.data)
        for cells in zip(*columns.data.values(), strict=True):
            row = {**columns.constants, **dict(zip(names, cells, strict=True))}
            self.tables.setdefault(columns.table, []).append(row)

    def __getitem__(self, table: str) -> list[dict[str, Any]]:
        return self.tables.get(table, [])

    def image(self, digest: str) -> dict[str, Any]:
        (row,) = [row for row in self["images"] if row["digest"] == digest]
        return row

    def kinds(self) -> dict[str, str]:
        return {row["digest"]: row["kind"] for row in self["images"]}

    def placed(self, repository: str) -> dict[str, list[str]]:
        rows = [row for row in self["placements"] if row["repository"] == repository]
        return {row["digest"]: row["tags"] for row in rows}

    def whole(self) -> dict[str, bool]:
        return {row["repository"]: row["complete"] for row in self["repositories"]}


def collect(settings: dict[str, Any], before: Collected | None = None) -> Collected:
    """Run the adapter's one task."""
    context = replace(CONTEXT, memory=Kept(before.tables)) if before else CONTEXT
    provider = OciProvider(OciSettings.model_validate({"max_attempts": 2, **settings}), context)
    (task,) = provider.plan().tasks
    got = Collected()
    (got.outcome,) = provider.collect(task, got)
    return got


def told(got: Collected) -> tuple[str, str | None]:
    assert got.outcome
    return str(got.outcome.outcome), got.outcome.error_code


def read(registry: OciLoopback, before: Collected | None = None, **more: Any) -> Collected:
    """Read a registry that runs."""
    return collect(registry.settings(**more), before)
