"""Registries whose catalogue is denied, that anyone may read, or that lie below a group."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from audit.model.enums import Outcome
from audit.ports import Memory, NoMemory
from providers.azure.acr_tokens import BATCH
from providers.azure.settings import AzureSettings
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Fault
from tests.support.kept import Kept
from tests.unit.azure.acr_inventory import BROKEN, IMAGE, listed, serve
from tests.unit.azure.acr_inventory import read as read_registry
from tests.unit.azure.support import grown, read
from tests.unit.azure.test_unchanged import PROPERTIES, ROWS, context, first, served
from tests.unit.loopback.azure_estates import NIGHT, ONE, OPEN, PROD, TENANT, TWO, estate, image

SERVER = "acme.azurecr.io"
DEFAULT = AzureSettings.model_fields["count_check"].default
ONE_IMAGE = {"a": {"manifestCount": 1}, "a_manifests": listed(IMAGE)}


@pytest.mark.parametrize("abac", [True, False])
def test_abac_403_on_the_catalogue_but_repositories_known_by_configuration(abac):
    outcome, sink = read_registry(
        serve(catalog=BROKEN, **ONE_IMAGE), abac=abac, repositories={SERVER: ["a"]}
    )
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.PARTIAL, None, 1)
    assert outcome.error is not None
    assert outcome.error.startswith("acr:ListRepositories")
    assert ("Catalog Lister" in str(outcome.missing_permission)) is abac
    assert [row["complete"] for row in sink["repositories"]] == [True]


def test_abac_403_on_the_catalogue_but_repositories_known_from_the_run_before():
    outcome, sink = read_registry(
        served(catalog=BROKEN), abac=True, context=context(Kept(first().tables), NIGHT)
    )
    assert (outcome.outcome, outcome.listed) == (Outcome.PARTIAL, 3)
    assert len(sink["placements"]) == 3


def test_an_empty_catalogue_under_repository_permissions_is_no_empty_registry():
    outcome, _ = read_registry(
        serve(catalog={"repositories": []}, **ONE_IMAGE), abac=True, repositories={SERVER: ["a"]}
    )
    assert (outcome.outcome, outcome.listed) == (Outcome.PARTIAL, 1)
    assert "catalogue is empty" in str(outcome.error)


def test_a_known_repository_that_is_not_there_any_more_is_not_complete():
    gone = {"b": BROKEN, "b_manifests": BROKEN}
    outcome, sink = read_registry(
        serve(catalog=BROKEN, **ONE_IMAGE, **gone), repositories={SERVER: ["a", "b"]}
    )
    assert outcome.errors == 3
    assert {r["repository"]: r["complete"] for r in sink["repositories"]} == {"a": True, "b": False}


def test_a_catalogue_that_can_be_read_is_believed_over_what_is_known():
    outcome, sink = read_registry(
        serve(catalog={"repositories": ["a"]}, **ONE_IMAGE), repositories={SERVER: ["b"]}
    )
    assert outcome.outcome is Outcome.COMPLETE
    assert [row["repository"] for row in sink["repositories"]] == ["a"]


def test_an_anonymous_registry_is_read_and_says_what_stays_unknown():
    hidden = estate(Fault("invisible", "azure", ONE))
    with AzureLoopback(hidden) as cloud:
        settings = cloud.settings()
        run = read(settings, anonymous_registries=[OPEN, PROD], max_attempts=1)
        exchanged = cloud.calls["acr.exchange"]
    outcome = run.outcomes[f"azure/{OPEN}"]
    assert (outcome.outcome, outcome.listed) == (Outcome.COMPLETE, 1)
    assert run.states()["public", image("public").digest] == "unknown"
    (row,) = [row for row in run.sink["registries"] if row["registry_id"] == OPEN]
    assert row["anonymous_pull_enabled"] is None
    assert row["unread"]
    assert run.outcomes[f"azure/{PROD}"].outcome is Outcome.DENIED
    assert exchanged == 1  # of the registry that the tenant shows


def test_an_anonymous_registry_that_a_tenant_shows_is_read_with_its_credential():
    with AzureLoopback(estate()) as cloud:
        run = read(cloud.settings(), anonymous_registries=[OPEN.upper()])
    assert [task.task_id for task in run.plan.tasks] == [f"azure/{ONE}", f"azure/{TWO}"]


def test_only_what_lies_below_the_management_groups_is_looked_for():
    with AzureLoopback(estate()) as cloud:
        settings = cloud.settings()
        (tenant,) = settings["tenants"]
        whole = read(settings | {"tenants": [tenant | {"management_groups": [TENANT]}]})
        other = read(settings | {"tenants": [tenant | {"management_groups": ["other"]}]})
    assert whole.outcomes[f"azure/{PROD}"].outcome is Outcome.COMPLETE
    assert other.outcomes[f"azure/{TENANT}"].outcome is Outcome.DENIED


@pytest.mark.parametrize("count_check", ["always", "spread", "in_doubt"])
def test_requests_stay_within_105_a_page_one_exchange_a_registry_and_one_token_a_repository(
    count_check,
):
    described = estate()
    for n in range(12):
        described = grown(described, f"grown/{n}", tuple(image(f"{n} {i}") for i in range(n * 4)))
    with AzureLoopback(described) as cloud:
        run = read(cloud.settings(), include=["grown/*"], count_check=count_check)
        calls = dict(cloud.calls)
    repositories, registries = 12, 3
    pages = calls["acr.manifests"]
    assert pages == sum(max(1, math.ceil(n * 4 / 5)) for n in range(12))
    assert calls["acr.exchange"] == registries
    assert calls["acr.token"] <= registries + math.ceil(repositories / BATCH)
    catalogues = calls["acr.catalog"]
    assert catalogues == registries + 2  # three pages of the large one
    assert run.outcomes[f"azure/{PROD}"].listed == sum(n * 4 for n in range(12))
    counted = calls.get("acr.repository", 0)
    at_most = {
        "always": repositories,
        "spread": repositories - 3,
        "in_doubt": 1,
    }  # 1: the empty one
    assert 1 <= counted <= at_most[count_check]
    total = sum(count for name, count in calls.items() if name.startswith("acr."))
    assert total - catalogues <= 1.05 * pages + 2 * registries + repositories
    if count_check == "in_doubt":
        assert pages + counted <= 1.05 * pages


def test_by_default_a_first_night_stays_within_what_is_allowed_its_catalogues_included():
    """1.05 requests a page of manifests, an exchange a registry and a token a repository."""
    described, repositories, registries = estate(), 60, 3
    for n in range(repositories):
        described = grown(described, f"grown/{n}", (image(f"{n}"),))
    with AzureLoopback(replace(described, page_size=100)) as cloud:
        read(cloud.settings(), include=["grown/*"], count_check=DEFAULT)
        first = Counter(cloud.calls)
    assert first["acr.manifests"] == repositories
    allowed = 1.05 * first["acr.manifests"] + registries + repositories
    assert sum(count for name, count in first.items() if name.startswith("acr.")) <= allowed
    assert first["acr.repository"] == pytest.approx(repositories / 2, abs=repositories / 5)


def test_what_was_not_counted_on_the_first_night_is_on_the_second():
    names = "abcdef"
    answers = dict.fromkeys(names, PROPERTIES) | {f"{name}_manifests": ROWS for name in names}
    answer = served(catalog={"repositories": [*names]}, **answers)
    told = []
    memory: Memory = NoMemory()
    for day in (0, 1):
        when = context(memory, NIGHT + timedelta(days=day))
        outcome, sink = read_registry(answer, context=when, count_check=DEFAULT)
        counted = sum(row["expected_images"] is not None for row in sink["repositories"])
        told.append((outcome.outcome, outcome.expected, outcome.listed, counted))
        memory = Kept(sink.tables)
    assert told == [(Outcome.COMPLETE, None, 18, 3), (Outcome.COMPLETE, 18, 18, 6)]


def test_in_doubt_a_repository_is_counted_when_something_of_it_is_not_listed_any_more():
    fewer = listed(IMAGE | {"tags": ["v1"]})
    kept = Kept(first().tables)
    outcome, sink = read_registry(
        served(a_manifests=fewer), context=context(kept, NIGHT), count_check="in_doubt"
    )
    assert (outcome.outcome, outcome.listed) == (Outcome.PARTIAL, 1)
    assert "lists 1 manifests and counts 3" in str(outcome.error)
    assert sink["repositories"][0]["complete"] is False


def test_in_doubt_a_repository_that_lists_all_it_had_is_not_counted():
    outcome, sink = read_registry(served(a=BROKEN), count_check="in_doubt")
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.COMPLETE, None, 3)
    assert sink["repositories"][0]["unread"] == []
