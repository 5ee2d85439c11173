"""What the tests of the Azure adapter share: a sink that keeps rows, and one run over a cloud."""

from __future__ import annotations

import logging
import pickle
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from audit.model.columns import Columns
from audit.model.scope import Plan, ScopeOutcome
from audit.ports import RunContext
from audit.tables import TABLES
from providers.azure.provider import AzureProvider
from providers.azure.settings import AzureSettings
from providers.loopback.estate import Estate, Image, Repository
from tests.unit.loopback.azure_estates import NIGHT

CONTEXT = RunContext("run-1", NIGHT, logging.getLogger("tests.azure"))

Row = dict[str, Any]


def rows_of(block: Columns) -> list[Row]:
    """Unfold a block into one dictionary a row."""
    cells = {name: block.data.get(name) for name in TABLES[block.table].stored_names}
    return [
        {
            name: block.constants.get(name) if values is None else values[n]
            for name, values in cells.items()
        }
        for n in range(len(block))
    ]


@dataclass
class KeepingSink:
    tables: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def write(self, columns: Columns) -> None:
        self.tables[columns.table].extend(rows_of(columns))

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]


@dataclass
class Read:
    """One run: the plan, every outcome by scope, every row by table."""

    plan: Plan
    outcomes: dict[str, ScopeOutcome]
    sink: KeepingSink

    def states(self) -> dict[tuple[str, str], str]:
        return {
            (row["repository"], row["digest"]): row["state"] for row in self.sink["assessments"]
        }


COUNTED = {"count_check": "always"}
"""Settings under which a first night counts every repository, not every other."""


def read(settings: Mapping[str, Any], **changes: Any) -> Read:
    told = {**COUNTED, **settings, **changes}
    provider = AzureProvider(AzureSettings.model_validate(told), CONTEXT)
    plan, sink = provider.plan(), KeepingSink()
    outcomes = {outcome.ref.scope_id: outcome for outcome in plan.outcomes}
    for task in plan.tasks:
        there = pickle.loads(pickle.dumps(task))  # noqa: S301  our own task, as a worker gets it
        for outcome in provider.collect(there, sink):
            assert outcome.ref.scope_id not in outcomes
            outcomes[outcome.ref.scope_id] = outcome
        assert {ref.scope_id for ref in task.scopes} <= outcomes.keys()
    return Read(plan, outcomes, sink)


def grown(described: Estate, name: str, more: tuple[Image, ...]) -> Estate:
    """Add a repository to the first registry."""
    place, *others = described.places
    registry, *rest = place.registries
    repository = Repository(name, NIGHT - timedelta(days=9), more)
    registry = replace(registry, repositories=(*registry.repositories, repository))
    place = replace(place, registries=(registry, *rest))
    return replace(described, places=(place, *others))
