"""An organisation for the tests of discovery: projects in folders, served by the loopback cloud."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from audit.model.scope import Plan, ScopeOutcome
from audit.ports import RunContext
from providers.gcp.provider import GcpProvider
from providers.gcp.settings import GcpSettings
from providers.loopback.estate import Estate, Place
from providers.loopback.gcp import GcpLoopback
from tests.support.kept import Kept
from tests.unit.gcp.parts import Rows
from tests.unit.loopback import estates

ORGANIZATION = "organizations/4242"
ROOT = f"gcp/{ORGANIZATION}"
TEAM, LAB = "folders/10", "folders/20"


def place(project: str, location: str = "us", *, holds: bool = True, **settings: str) -> Place:
    """Return a place, with one repository of six manifests if it holds any."""
    registries = (estates.gcp_registry(location, project),) if holds else ()
    return Place("gcp", project, location, registries, {"api": "enabled", **settings})


PLACES = (
    place("shop", "us"),
    place("shop", "europe-west1"),
    place("data", "asia", folders="10"),
    place("bare", "us", holds=False, folders="10"),
    place("off", "us", holds=False, folders="10", api="disabled"),
    place("play", "us", folders="10,20"),
)


def estate(*places: Place, page_size: int = 2) -> Estate:
    return replace(
        estates.small_estate(page_size=page_size), name="organisation", places=places or PLACES
    )


@dataclass
class Seen:
    """What a plan and a collection gave."""

    plan: Plan
    rows: Rows
    outcomes: dict[str, ScopeOutcome]
    calls: Mapping[str, int]

    def words(self) -> dict[str, str]:
        return {name: str(outcome.outcome) for name, outcome in self.outcomes.items()}

    def places(self) -> set[tuple[str, str]]:
        """Return where something was placed."""
        return {(row["account"], row["region"]) for row in self.rows.tables["placements"]}


@dataclass
class Cloud:
    """The loopback cloud, and a way to plan and collect from it."""

    server: GcpLoopback
    moment: Any
    messages: list[str] = field(default_factory=list)

    def provider(self, remembered: Sequence[tuple[str, str]] = (), **more: Any) -> GcpProvider:
        found = more.pop("discovery", {})
        discovery = None if found is None else {"scopes": [ORGANIZATION], **found}
        given = {**self.server.settings(), "projects": [], "discovery": discovery, **more}
        places = [{"provider": "gcp", "account": one, "region": at} for one, at in remembered]
        memory, log = Kept({"registries": places}), logging.getLogger("test")
        context = RunContext("run-1", self.moment, log, memory)
        return GcpProvider(GcpSettings.model_validate({"max_attempts": 2, **given}), context)

    def plan(self, remembered: Sequence[tuple[str, str]] = (), **more: Any) -> Plan:
        return self.provider(remembered, **more).plan()

    def read(self, remembered: Sequence[tuple[str, str]] = (), **more: Any) -> Seen:
        before = self.server.calls.copy()
        provider = self.provider(remembered, **more)
        plan, rows = provider.plan(), Rows()
        outcomes = [*plan.outcomes]
        for task in plan.tasks:
            found = provider.collect(task, rows)
            assert {ref.scope_id for ref in task.scopes} <= {one.ref.scope_id for one in found}
            outcomes += found
        by_id = {one.ref.scope_id: one for one in outcomes}
        assert len(by_id) == len(outcomes), "every scope has one outcome"
        return Seen(plan, rows, by_id, self.server.calls - before)


@contextmanager
def organisation(
    *places: Place, refused: Collection[str] = (), page_size: int = 2
) -> Iterator[Cloud]:
    shown = estate(*places, page_size=page_size)
    with GcpLoopback(shown, refused) as server:
        yield Cloud(server, shown.moment)
