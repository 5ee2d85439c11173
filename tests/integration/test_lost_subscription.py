"""A subscription that is no longer shown is not one without registries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config
from audit.store.reader import StoredRun, Warehouse
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate, Fault
from providers.loopback.story import first_night, next_night, places
from tests.support.strategies import SMALL

AZURE = tuple(place for place in places() if place.provider == "azure")
KEPT, LOST = (place.account for place in AZURE)
SCOPE, REGISTRY = "azure/acmepublic.azurecr.io", "acmepublic.azurecr.io"
UNSEEN = (Fault("invisible", "azure", LOST),)
BOTH = {"subscriptions": [KEPT, LOST]}


def nights(count: int) -> list[Estate]:
    found = [first_night(5, SMALL, AZURE)]
    while len(found) < count:
        found.append(next_night(found[-1], len(found), SMALL))
    return found


@dataclass(frozen=True)
class Night:
    """What one night's run left of the registry in question, and of the run as a whole."""

    result: RunResult
    scopes: dict[str, dict[str, Any]]
    placements: dict[str, str]
    events: set[tuple[str, str]]
    states: dict[str, int]

    def lost(self) -> dict[str, Any]:
        """Return the row of the registry's scope."""
        return self.scopes[SCOPE]


def look(result: RunResult, run: StoredRun) -> Night:
    scopes = run.rows("SELECT * FROM scopes")
    mine = f"WHERE registry_id = '{REGISTRY}'"
    placements = run.rows(f"SELECT repository, digest, observed_run_id FROM placements {mine}")
    events = run.rows(f"SELECT event, reason FROM exposures {mine} AND run_id = '{run.run_id}'")
    states = run.rows(f"SELECT state, count(*) AS n FROM exposures_now {mine} GROUP BY state")
    return Night(
        result,
        {row["scope_id"]: row for row in scopes},
        {f"{p['repository']}@{p['digest']}": p["observed_run_id"] for p in placements},
        {(row["event"], row["reason"]) for row in events},
        {row["state"]: row["n"] for row in states},
    )


def run(root: Path, shows: Sequence[tuple[Estate, dict[str, Any]]]) -> Iterator[Night]:
    """Run each night, an estate and what the configuration adds, and look at what it left."""
    with AzureLoopback(shows[0][0]) as cloud:
        for estate, more in shows:
            cloud.show(estate)
            azure = {**cloud.settings(), "max_attempts": 2, **more}
            config = Config(version=1, warehouse=str(root), providers={"azure": azure})
            with shown(bars=False) as planned:
                result = App(config, estate.moment).run(planned)
            with Warehouse.at(str(root)).open_run() as published:
                yield look(result, published)


def assert_not_believed_gone(before: Night, after: Night, run_id: str) -> None:
    """Everything of the registry is still on record, as of the run that last saw it."""
    assert before.states["open"] > 0
    assert before.placements
    assert after.result.incomplete
    assert after.lost()["outcome"] != "complete"
    assert after.placements == dict.fromkeys(before.placements, run_id)
    assert {event for event, _ in after.events} == {"unconfirmed"}
    assert after.states == {
        "unconfirmed": sum(n for state, n in before.states.items() if state != "closed"),
        **{state: n for state, n in before.states.items() if state == "closed"},
    }


# What the second night shows and is asked for, and how the scope of the registry then ends.
CASES: dict[str, tuple[tuple[Fault, ...], dict[str, Any], dict[str, Any], tuple[str, str]]] = {
    "identity": (UNSEEN, {}, {}, ("disabled", "NotPlanned")),
    "identity, both configured": (UNSEEN, BOTH, BOTH, ("failed", "ParentIncomplete")),
    "configuration": ((), BOTH, {"subscriptions": [KEPT]}, ("disabled", "NotPlanned")),
    "configuration, first of any": ((), {}, {"subscriptions": [KEPT]}, ("disabled", "NotPlanned")),
}


@pytest.mark.parametrize("case", CASES)
def test_a_subscription_out_of_sight_keeps_its_registries(tmp_path: Path, case: str):
    faults, at_first, then, ending = CASES[case]
    one, two, three = nights(3)
    shows = [(one, at_first), (replace(two, faults=faults), then), (three, at_first)]
    first, second, third = run(tmp_path, shows)
    assert first.lost()["outcome"] == "complete"
    assert first.lost()["parent_scope_id"] == f"azure/{LOST}"
    assert_not_believed_gone(first, second, first.result.run_id)
    assert (second.lost()["outcome"], second.lost()["error_code"]) == ending
    assert second.scopes["azure/acmeprod.azurecr.io"]["outcome"] == "complete"
    told = second.scopes.get(f"azure/{LOST}")
    assert (told and told["error_code"]) == (
        "SubscriptionNotVisible" if LOST in then.get("subscriptions", ()) else None
    )
    assert third.lost()["outcome"] == "complete"
    assert set(third.placements.values()) == {third.result.run_id}
    assert "confirmed" in {event for event, _ in third.events}


def test_a_tenant_that_lets_nobody_in_keeps_its_registries(tmp_path: Path):
    one, two = nights(2)
    stranger = {"tenant_id": two.tenant, "client_id": "stranger", "client_secret": "wrong"}
    first, second = run(tmp_path, [(one, {}), (two, {"tenants": [stranger]})])
    assert_not_believed_gone(first, second, first.result.run_id)
    assert second.scopes[f"azure/{two.tenant}"]["outcome"] == "denied"


def test_out_of_sight_for_two_nights_is_not_gone_either(tmp_path: Path):
    one, two, three = nights(3)
    first, second, third = run(
        tmp_path, [(one, {}), *((replace(each, faults=UNSEEN), {}) for each in (two, three))]
    )
    assert third.placements == second.placements == first.placements
    assert third.states == second.states
    assert third.events == set()
    assert third.lost()["error_code"] == "NotPlanned"
    assert third.result.incomplete


def test_a_registry_deleted_from_a_visible_subscription_is_removed(tmp_path: Path):
    one, two = nights(2)
    emptied = tuple(
        replace(place, registries=()) if place.account == LOST else place for place in two.places
    )
    first, second = run(tmp_path, [(one, {}), (replace(two, places=emptied), {})])
    assert first.states["open"] > 0
    assert second.scopes[f"azure/{LOST}"]["outcome"] == "complete"
    assert second.placements == {}
    assert second.events == {("closed", "removed")}
    assert set(second.states) == {"closed"}
    assert SCOPE not in second.scopes
