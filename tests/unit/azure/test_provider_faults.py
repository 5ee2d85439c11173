"""The whole adapter against a loopback Azure that refuses, breaks, hides and changes."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from audit.model.enums import Outcome
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Fault, FaultKind, Place, Repository, Scan
from tests.unit.azure.support import Read, grown, read
from tests.unit.loopback.azure_estates import (
    BARE,
    CORNERS,
    NIGHT,
    ONE,
    OPEN,
    PROD,
    SCANNED,
    TENANT,
    TWO,
    estate,
    image,
    statement,
)

FEW = {"max_attempts": 2}
DEFENDER = f"azure/{ONE}/defender"


def faulty(kind: FaultKind, **changes) -> Read:
    with AzureLoopback(estate(Fault(kind, "azure", ONE, **changes))) as cloud:
        return read(cloud.settings(), **FEW)


def test_a_denied_registry_is_denied_by_itself():
    run = faulty("denied", registry_id=PROD)
    outcome = run.outcomes[f"azure/{PROD}"]
    assert outcome.outcome is Outcome.DENIED
    assert "Catalog Lister" in str(outcome.missing_permission)
    assert run.outcomes[f"azure/{OPEN}"].outcome is Outcome.COMPLETE
    assert not [row for row in run.sink["placements"] if row["registry_id"] == PROD]
    assert not [row for row in run.sink["findings"] if row["registry_id"] == PROD]
    assert run.outcomes[DEFENDER].listed == 36
    assert {row["registry_id"] for row in run.sink["registries"]} == {PROD, OPEN, BARE}


def test_a_registry_open_to_anyone_is_not_read_anonymously_when_it_refuses():
    run = faulty("denied", registry_id=OPEN)
    assert run.outcomes[f"azure/{OPEN}"].outcome is Outcome.DENIED
    assert not [row for row in run.sink["placements"] if row["registry_id"] == OPEN]


def test_a_page_that_fails_keeps_what_was_listed_and_goes_on():
    run = faulty("images_page", registry_id=PROD, repository="team/app", page=2)
    outcome = run.outcomes[f"azure/{PROD}"]
    assert (outcome.outcome, outcome.expected, outcome.errors) == (Outcome.PARTIAL, 21, 1)
    assert outcome.listed == 5 + len(CORNERS)
    complete = {row["repository"]: row["complete"] for row in run.sink["repositories"]}
    assert (complete["team/app"], complete["corners"]) == (False, True)
    placed = [row for row in run.sink["placements"] if row["repository"] == "team/app"]
    assert len(placed) == 5
    assert run.outcomes[DEFENDER].listed == 36
    assert len(run.sink["findings"]) == 15


@pytest.mark.parametrize(
    ("kind", "outcome", "state"),
    [
        ("findings", Outcome.PARTIAL, "unknown"),
        ("findings_denied", Outcome.DENIED, "denied"),
    ],
)
def test_without_the_whole_of_the_findings_no_image_counts_as_looked_at(kind, outcome, state):
    run = faulty(kind)
    told = run.outcomes[DEFENDER]
    assert told.outcome is outcome
    assert told.error
    assert ("Security Reader" in str(told.missing_permission)) is (kind == "findings_denied")
    rows = [row for row in run.sink["assessments"] if row["registry_id"] != BARE]
    assert {row["state"] for row in rows} == {state}
    assert bool(run.sink["findings"]) is (kind == "findings")
    assert run.states()["tools", image("tool").digest] == "not_scanned"


def test_the_same_digest_in_two_registries_is_told_apart():
    twin = SCANNED[1]
    described = estate()
    place, *others = described.places
    first, second = place.registries
    copies = Repository("team/app", NIGHT - timedelta(days=9), (replace(twin, scan=None),))
    second = replace(second, repositories=(*second.repositories, copies))
    described = replace(described, places=(replace(place, registries=(first, second)), *others))
    with AzureLoopback(described) as cloud:
        run = read(cloud.settings())
    findings = [row for row in run.sink["findings"] if row["digest"] == twin.digest]
    states = {
        row["registry_id"]: row["state"]
        for row in run.sink["assessments"]
        if row["digest"] == twin.digest
    }
    registries = {row["registry_id"] for row in findings}
    # A statement without a registry goes to both; one with a registry to its own alone.
    assert registries in ({PROD}, {PROD, OPEN})
    assert states[PROD] == "assessed"
    assert states[OPEN] == ("assessed" if OPEN in registries else "inferred_clean")
    assert len([row for row in run.sink["images"] if row["digest"] == twin.digest]) == 1


def test_times_decide_what_no_row_means():
    ages = {"new": {"minutes": 5}, "young": {"days": 2}, "old": {"days": 40}}
    silent = {
        name: image(name, Scan((), "x"), pushed_at=NIGHT - timedelta(**age))
        for name, age in ages.items()
    }
    described = grown(estate(), "silent", tuple(silent.values()))
    with AzureLoopback(described) as cloud:
        states = read(cloud.settings()).states()
        longer = read(cloud.settings(), rescan_window_days=60, pending_hours=0).states()
    of = {name: states["silent", one.digest] for name, one in silent.items()}
    assert of == {"new": "pending", "young": "inferred_clean", "old": "stale"}
    assert {longer["silent", one.digest] for one in silent.values()} == {"inferred_clean"}


def test_a_subscription_without_a_single_row_is_not_clean():
    described = estate()
    place, *others = described.places
    quiet = Repository("quiet", NIGHT - timedelta(days=9), (image("quiet"), image("quieter")))
    registry = replace(place.registries[0], repositories=(quiet,))
    described = replace(described, places=(replace(place, registries=(registry,)), *others))
    with AzureLoopback(described) as cloud:
        run = read(cloud.settings())
    assert {state for (name, _), state in run.states().items() if name == "quiet"} == {"unknown"}


def test_patterns_choose_repositories_and_configured_subscriptions_have_a_task():
    empty = "00000000-0000-4000-8000-00000000000e"
    described = estate()
    described = replace(described, places=(*described.places, Place("azure", empty, "", ())))
    with AzureLoopback(described) as cloud:
        run = read(cloud.settings(), subscriptions=[TWO, empty.upper()], exclude=["to*"])
    assert {task.task_id for task in run.plan.tasks} == {f"azure/{TWO}", f"azure/{empty}"}
    assert run.sink["placements"] == []
    assert run.outcomes[f"azure/{BARE}"].outcome is Outcome.COMPLETE
    told = run.outcomes[f"azure/{empty}"]
    assert (told.outcome, told.listed) == (Outcome.COMPLETE, 0)
    assert f"azure/{empty}/defender" in run.outcomes
    assert f"azure/{ONE}" not in run.outcomes


def test_a_second_night_is_read_afresh():
    with AzureLoopback(estate()) as cloud:
        assert len(read(cloud.settings()).sink["findings"]) == 36
        fixed = image("fixed", Scan(("Unhealthy",), "assessed", NIGHT, (statement(0, "zlib"),)))
        cloud.show(grown(estate(), "later", (fixed,)))
        later = read(cloud.settings())
    assert len([row for row in later.sink["findings"] if row["repository"] == "later"]) == 1


@pytest.mark.parametrize("kind", ["OS", "python", "npm", "nuget"])
def test_package_types_come_through(kind):
    said = statement(1, "left-pad", package_type=kind, native_severity="Critical")
    found = image("typed", Scan(("Unhealthy",), "assessed", NIGHT, (said,)))
    with AzureLoopback(grown(estate(), "typed", (found,))) as cloud:
        run = read(cloud.settings())
    (row,) = [row for row in run.sink["findings"] if row["repository"] == "typed"]
    assert (row["package_type"], row["severity"]) == (kind, "CRITICAL")


def test_refused_credentials_are_an_outcome_of_the_discovery():
    with AzureLoopback(estate()) as cloud:
        settings = cloud.settings()
        settings["tenants"][0] |= {"client_secret": "not the secret"}
        run = read(settings, **FEW)
    (outcome,) = run.outcomes.values()
    assert outcome.outcome is Outcome.DENIED
    assert run.plan.tasks == ()
    assert (outcome.error_code, outcome.missing_permission) == ("AADSTS7000215", None)
    assert "not the secret" not in str(outcome.error)


def test_a_tenant_that_cannot_be_read_does_not_stop_the_others():
    with AzureLoopback(estate()) as cloud:
        settings = cloud.settings()
        known = settings["tenants"][0]
        strange = {"tenant_id": "not a tenant", "client_id": "c", "client_secret": "s"}
        run = read(settings | {"tenants": [strange, known]}, **FEW)
    assert run.outcomes["azure/not a tenant"].outcome is Outcome.DENIED
    assert run.outcomes[f"azure/{TENANT}"].outcome is Outcome.COMPLETE
    assert len(run.plan.tasks) == 2


def test_an_authority_that_is_not_there_is_unavailable_not_denied():
    with socket.create_server(("127.0.0.1", 0)) as bound, AzureLoopback(estate()) as cloud:
        settings = cloud.settings()
        port = bound.getsockname()[1]
        bound.close()
        settings["endpoints"]["authority"] = f"https://127.0.0.1:{port}"
        run = read(settings, **FEW)
    (outcome,) = run.outcomes.values()
    assert (outcome.outcome, outcome.error_code) == (Outcome.FAILED, "ClientAuthenticationError")
    assert outcome.missing_permission is None


def test_a_configured_subscription_that_has_become_invisible_is_denied_and_not_asked_again(caplog):
    with AzureLoopback(estate(Fault("invisible", "azure", TWO))) as cloud:
        run = read(cloud.settings(), subscriptions=[ONE, TWO])
        calls = cloud.calls["resource_graph.resources"]
    told = run.outcomes[f"azure/{TWO}"]
    assert (told.outcome, told.error_code) == (Outcome.DENIED, "SubscriptionNotVisible")
    assert "Microsoft.Resources/subscriptions/read" in str(told.missing_permission)
    assert run.outcomes[f"azure/{ONE}"].outcome is Outcome.COMPLETE
    assert {task.task_id for task in run.plan.tasks} == {f"azure/{ONE}"}
    assert f"azure/{TWO}" in caplog.text
    listings, defender_pages = 2, 1 + run.outcomes[DEFENDER].api_calls - 1
    assert calls == listings + defender_pages


def test_an_invisible_subscription_that_nobody_asked_for_has_no_outcome():
    with AzureLoopback(estate(Fault("invisible", "azure", TWO))) as cloud:
        run = read(cloud.settings())
    assert {one.ref.scope_id for one in run.plan.outcomes} == {f"azure/{TENANT}", f"azure/{ONE}"}


def test_when_nothing_that_was_asked_for_is_visible_the_refusal_is_everyones():
    with AzureLoopback(estate(Fault("invisible", "azure", TWO))) as cloud:
        run = read(cloud.settings(), subscriptions=[TWO])
    assert {scope: one.outcome for scope, one in run.outcomes.items()} == {
        f"azure/{TENANT}": Outcome.DENIED,
        f"azure/{TWO}": Outcome.DENIED,
    }
