"""Nights over an organisation of Google Cloud: what leaves it, what is left out, what hides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config
from audit.store.reader import Warehouse
from providers.loopback.estate import Estate, Place, Scan
from providers.loopback.gcp import GcpLoopback
from tests.unit.loopback import estates

ORGANIZATION = "organizations/4242"
FOUND = Scan(
    ("FINISHED_SUCCESS", "ACTIVE"),
    "assessed",
    estates.MOMENT - timedelta(days=1),
    (estates.statement(1), estates.statement(2, "zlib1g")),
)


def place(project: str, number: int, **settings: str) -> Place:
    """Return a project with one image, of which two vulnerabilities are stated."""
    base = estates.gcp_registry("us", project)
    image = estates.image(number, tags=("v1",), scan=FOUND)
    repository = replace(base.repositories[1], images=(image,))
    registries = (replace(base, repositories=(repository,)),)
    return Place("gcp", project, "us", registries, {"api": "enabled", **settings})


ALL = {name: place(name, number) for number, name in enumerate(("shop", "data", "play"), 1)}


@dataclass
class Nights:
    """One warehouse and one cloud, night after night."""

    cloud: GcpLoopback
    root: Path
    count: int = 0

    def run(self, *places: Place, **discovery: Any) -> Night:
        moment = estates.MOMENT + timedelta(days=self.count)
        self.count += 1
        estate = replace(
            estates.small_estate(page_size=2),
            name=f"night {self.count}",
            moment=moment,
            places=places,
        )
        self.cloud.show(estate)
        found = {"scopes": [ORGANIZATION], **discovery}
        gcp = {**self.cloud.settings(), "projects": [], "discovery": found, "max_attempts": 2}
        config = Config(version=1, warehouse=str(self.root), providers={"gcp": gcp})
        with shown(bars=False) as planned:
            result = App(config, moment).run(planned)
        return self.look(result, estate)

    def look(self, result: RunResult, estate: Estate) -> Night:
        with Warehouse.at(str(self.root)).open_run() as run:
            scopes = run.rows("SELECT scope_id, outcome, error_code, exhaustive FROM scopes")
            placed = run.rows("SELECT account, observed_run_id FROM placements")
            events = run.rows(
                "SELECT account, event, reason FROM exposures "
                f"WHERE run_id = '{run.run_id}' AND event <> 'confirmed'"
            )
        assert estate.moment.strftime("%Y%m%dT%H%M%SZ") == run.run_id
        return Night(
            result,
            run.run_id,
            {row["scope_id"]: row for row in scopes},
            {row["account"]: row["observed_run_id"] for row in placed},
            {(row["account"], row["event"], row["reason"]) for row in events},
        )


@dataclass(frozen=True)
class Night:
    result: RunResult
    run_id: str
    scopes: dict[str, dict[str, Any]]
    placed: dict[str, str]
    events: set[tuple[str, str, str | None]]

    def words(self, project: str) -> set[str]:
        mine = (f"gcp/{project}", f"gcp/{project}/")
        return {
            row["outcome"]
            for name, row in self.scopes.items()
            if name == mine[0] or name.startswith(mine[1])
        }


@pytest.fixture
def nights(tmp_path):
    with GcpLoopback(replace(estates.small_estate(), places=tuple(ALL.values()))) as cloud:
        yield Nights(cloud, tmp_path / "warehouse")


def opened(night: Night) -> set[str]:
    return {account for account, event, _ in night.events if event == "opened"}


def test_a_project_that_left_the_organisation_is_gone_and_nothing_of_it_reads_as_fixed(nights):
    first = nights.run(*ALL.values())
    assert not first.result.incomplete
    assert opened(first) == set(ALL)
    second = nights.run(ALL["shop"], ALL["play"])
    assert second.scopes[f"gcp/{ORGANIZATION}"]["exhaustive"], "Resource Manager confirmed it"
    assert set(second.placed) == {"shop", "play"}
    assert second.events == {("data", "closed", "removed")}
    assert not second.result.incomplete
    assert not second.words("data")


def test_a_project_that_is_left_out_keeps_what_is_known_and_breaks_no_run(nights):
    first = nights.run(*ALL.values())
    second = nights.run(*ALL.values(), exclude_projects=["play"])
    assert second.words("play") == {"left_out"}
    assert second.placed["play"] == first.run_id
    assert second.placed["shop"] == second.run_id
    assert {event for account, event, _ in second.events if account == "play"} == {"unconfirmed"}
    assert str(second.result.outcome) == "complete"


Hiding = Callable[[GcpLoopback], None]


def refuse(*permissions: str) -> Hiding:
    return lambda cloud: cloud.refused.update(permissions)


@pytest.mark.parametrize(
    ("hide", "how"),
    [
        (refuse("resourcemanager.folders.list", "resourcemanager.projects.list"), {}),
        (refuse("resourcemanager.projects.get@projects/data"), {"scopes": ["visible"]}),
    ],
    ids=["an index that lags and nobody who confirms", "a search that leaves out"],
)
def test_a_project_that_hides_is_not_gone(nights, hide, how):
    first = nights.run(*ALL.values(), **({"scopes": ["visible"]} if how else {}))
    hide(nights.cloud)
    second = nights.run(ALL["shop"], ALL["play"], replace(ALL["data"], settings={
        "api": "enabled", "unindexed": "true"}), **how)  # fmt: skip
    assert second.placed["data"] == first.run_id, "as it was last seen"
    assert second.result.incomplete
    assert {row["error_code"] for name, row in second.scopes.items() if "/data" in name} == {
        "NotPlanned"
    }
    assert {(e, r) for account, e, r in second.events if account == "data"} == {
        ("unconfirmed", "scope_disabled")
    }


def test_a_project_whose_service_is_switched_off_keeps_what_is_known(nights):
    first = nights.run(*ALL.values())
    off = replace(ALL["data"], settings={"api": "disabled"})
    second = nights.run(ALL["shop"], ALL["play"], off)
    assert second.scopes["gcp/data"]["outcome"] == "disabled"
    assert second.placed["data"] == first.run_id
    assert {event for account, event, _ in second.events if account == "data"} == {"unconfirmed"}
    assert second.result.incomplete


def test_a_location_that_the_index_no_longer_names_is_read_before_it_is_believed_empty(nights):
    nights.run(*ALL.values())
    bare = replace(ALL["data"], registries=())
    second = nights.run(ALL["shop"], ALL["play"], bare)
    assert second.scopes["gcp/data/us"]["outcome"] == "complete"
    assert {(e, r) for account, e, r in second.events if account == "data"} == {
        ("closed", "removed")
    }
    third = nights.run(ALL["shop"], ALL["play"], bare)
    assert "gcp/data/us" not in third.scopes
    assert not third.result.incomplete
