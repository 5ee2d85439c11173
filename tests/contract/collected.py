"""One collection as the core does it: tasks pickled, rows kept in lists, every log line."""

from __future__ import annotations

import logging
import pickle
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from audit import plugins
from audit.log import LOGGER, JsonFormatter
from audit.model.columns import Columns
from audit.model.scope import Plan, ScopeOutcome, Task
from audit.ports import RegistryProvider, RunContext
from audit.store.staging import to_arrow
from audit.tables import COLLECTED

MOMENT = datetime(2026, 11, 22, 2, tzinfo=UTC)
RUN_ID = "20261122T020000Z"
Row = dict[str, Any]
Where = tuple[str, str, str]


class KeepingSink:
    """Keeps rows as they come; a block that the store could not stage is an error at once."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = defaultdict(list)

    def write(self, columns: Columns) -> None:
        assert columns.table in COLLECTED
        staged = to_arrow(columns)
        assert staged.num_rows == columns.rows
        self.tables[columns.table] += staged.to_pylist()


@dataclass
class Collected:
    """What one collection gave."""

    plan: Plan
    outcomes: list[ScopeOutcome] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    log: list[str] = field(default_factory=list)

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables.get(table, [])

    def outcome(self, scope_id: str) -> ScopeOutcome:
        (found,) = [o for o in self.outcomes if o.ref.scope_id == scope_id]
        return found

    def states(self) -> dict[Where, str]:
        return {where(row): row["state"] for row in self["assessments"]}

    def kinds(self) -> dict[str, str]:
        return {row["digest"]: row["kind"] for row in self["images"]}


def where(row: Mapping[str, Any]) -> Where:
    """Return the placement that a row is about."""
    return row["registry_id"], row["repository"], row["digest"]


def opened(name: str, settings: Mapping[str, Any]) -> RegistryProvider:
    """Open a provider as the app does."""
    provider = plugins.provider(name)
    checked = provider.settings_model.model_validate(settings)
    return provider(checked, RunContext(RUN_ID, MOMENT, logging.getLogger(LOGGER)))


def collect(name: str, settings: Mapping[str, Any], workers: int = 1) -> Collected:
    """Plan and collect everything; another provider than planned gets the tasks, pickled.

    A task that raises is a broken contract here: all faults of the loopback clouds are faults
    that an adapter must account for itself.
    """
    with recorded_log() as lines:
        plan, provider = opened(name, settings).plan(), opened(name, settings)
        got = Collected(plan, list(plan.outcomes))
        with ThreadPoolExecutor(workers) as pool:
            done = list(pool.map(lambda task: _collect_one(provider, task), plan.tasks))
    for sink, outcomes in done:
        got.outcomes += outcomes
        for table, rows in sink.tables.items():
            got.tables[table] += rows
    got.log = lines
    return got


def _collect_one(provider: RegistryProvider, task: Task) -> tuple[KeepingSink, list[ScopeOutcome]]:
    sink, there = KeepingSink(), pickle.loads(pickle.dumps(task))  # noqa: S301  our own task
    assert there == task
    return sink, list(provider.collect(there, sink))


@contextmanager
def recorded_log() -> Iterator[list[str]]:
    """Yield the lines that the tool's logger writes at DEBUG, as one JSON text each."""
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    logger, handler = logging.getLogger(LOGGER), Keeping()
    handler.setFormatter(JsonFormatter())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
