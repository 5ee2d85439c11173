"""The whole adapter with the real SDKs against the loopback Azure; the estate is the oracle."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from audit.model.enums import Outcome, ScopeKind
from providers.azure.provider import AzureProvider
from providers.azure.settings import AzureSettings
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate, Fault, FaultKind, Image, Repository, Scan
from tests.unit.azure.support import CONTEXT, Read, read
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
    native_id,
    statement,
)

FEW = {"max_attempts": 2}
DEFENDER = f"azure/{ONE}/defender"


def images(of: Estate) -> Iterator[tuple[str, str, Image]]:
    for place in of.of("azure"):
        for registry in place.registries:
            for repository in registry.repositories:
                for one in repository.images:
                    yield registry.registry_id, repository.name, one


@pytest.fixture(scope="module")
def calm() -> Iterator[tuple[Estate, Read, Counter[str]]]:
    described = estate()
    with AzureLoopback(described) as cloud:
        yield described, read(cloud.settings()), Counter(cloud.calls)


def test_every_scope_is_complete_and_counted(calm):
    _, run, _ = calm
    told = {scope: (o.outcome, o.expected, o.listed, o.errors) for scope, o in run.outcomes.items()}
    statements = sum(len(one.scan.statements) for one in SCANNED if one.scan)
    assert told == {
        f"azure/{TENANT}": (Outcome.COMPLETE, 3, 3, 0),
        f"azure/{PROD}": (Outcome.COMPLETE, 21, 21, 0),
        f"azure/{OPEN}": (Outcome.COMPLETE, 1, 1, 0),
        f"azure/{BARE}": (Outcome.COMPLETE, 1, 1, 0),
        DEFENDER: (Outcome.COMPLETE, None, statements, 0),
        f"azure/{TWO}/defender": (Outcome.COMPLETE, None, 0, 0),
    }


def test_one_task_a_subscription_promises_its_scopes(calm):
    _, run, _ = calm
    assert {task.task_id: {ref.scope_id for ref in task.scopes} for task in run.plan.tasks} == {
        f"azure/{ONE}": {f"azure/{PROD}", f"azure/{OPEN}", DEFENDER},
        f"azure/{TWO}": {f"azure/{BARE}", f"azure/{TWO}/defender"},
    }
    for task in run.plan.tasks:
        assert all(isinstance(value, str) for value in task.params.values())
        for ref in task.scopes:
            assert ref.parent_scope_id == f"azure/{TENANT}"
            assert ref.account == task.params["subscription"]
            source = "defender" if ref.kind is ScopeKind.FINDINGS else ""
            assert ref.source == source


def test_images_are_those_of_the_estate(calm):
    described, run, _ = calm
    for _, _, one in images(described):
        (row,) = [row for row in run.sink["images"] if row["digest"] == one.digest]
        assert row["kind"] == one.kind
        assert row["media_type"] == one.media_type
        assert (row["os"], row["architecture"]) == (one.os, one.architecture)
        assert row["child_digests"] == list(one.children)
        assert row["subject_digest"] == one.subject
        assert row["size_bytes"] == one.size_bytes
        if one.artifact_type:
            assert row["artifact_type"] == one.artifact_type


def test_placements_and_repositories_are_those_of_the_estate(calm):
    described, run, _ = calm
    assert {
        (row["registry_id"], row["repository"], row["digest"], *row["tags"], row["pushed_at"])
        for row in run.sink["placements"]
    } == {
        (registry, repository, one.digest, *sorted(one.tags), one.pushed_at)
        for registry, repository, one in images(described)
    }
    assert {
        (row["repository"], row["expected_images"], row["listed_images"], row["complete"])
        for row in run.sink["repositories"]
    } == {("team/app", 12, 12, True), ("corners", 9, 9, True)} | {
        (name, 1, 1, True) for name in ("public", "tools")
    }


def test_every_assessable_placement_has_the_state_of_the_estate(calm):
    described, run, _ = calm
    wanted = {
        (repository, one.digest): one.scan.state
        for _, repository, one in images(described)
        if one.scan is not None
    }
    states = run.states()
    assert {place: states[place] for place in wanted} == wanted
    assert states.keys() - wanted.keys() == {
        ("public", image("public").digest),
        ("tools", image("tool").digest),
    }
    assert states["tools", image("tool").digest] == "not_scanned"
    assert states["public", image("public").digest] == "inferred_clean"
    for row in run.sink["assessments"]:
        assert row["reason"].endswith(".")
        looked = row["state"] == "assessed"
        assert (row["content_hash"] is not None) or not looked


def test_findings_are_the_statements_of_the_estate(calm):
    described, run, _ = calm
    wanted = Counter(
        (
            *(registry, repository, one.digest, said.vulnerability_id),
            *(said.package, said.version, said.package_type),
            *(said.native_severity, said.severity, said.fixed_version),
            *(said.cvss_score, said.cvss_vector if said.cvss_score is not None else None),
        )
        for registry, repository, one in images(described)
        if one.scan
        for said in one.scan.statements
    )
    columns = (
        *("registry_id", "repository", "digest", "vulnerability_id"),
        *("package_name", "package_version", "package_type"),
        *("native_severity", "severity", "fixed_version", "cvss_score", "cvss_vector"),
    )
    told = Counter(tuple(row[name] for name in columns) for row in run.sink["findings"])
    assert told == wanted
    assert {row["fix_state"] for row in run.sink["findings"] if row["fixed_version"]} == {
        "available"
    }
    keys = {(row["digest"], row["native_id"]) for row in run.sink["findings"]}
    assert len(keys) == len(run.sink["findings"])


def test_one_vulnerability_row_for_each_one_met(calm):
    _, run, _ = calm
    ids = [row["vulnerability_id"] for row in run.sink["vulnerabilities"]]
    assert sorted(ids) == sorted({row["vulnerability_id"] for row in run.sink["findings"]})


def test_registry_settings_are_those_of_the_estate(calm):
    _, run, _ = calm
    rows = {row["registry_id"]: row for row in run.sink["registries"]}
    prod = rows[PROD]
    assert (prod["sku"], prod["region"], prod["account"]) == ("Premium", "westeurope", ONE)
    assert prod["native_id"] == native_id(ONE, "acmeprod")
    assert (prod["admin_user_enabled"], prod["anonymous_pull_enabled"]) == (True, False)
    assert (prod["public_network_access"], prod["network_default_action"]) == ("Disabled", "Deny")
    assert (prod["export_allowed"], prod["retention_enabled"]) == (False, False)
    assert prod["encryption_type"] == "enabled"
    assert prod["role_assignment_mode"] == "AbacRepositoryPermissions"
    assert prod["private_endpoints_approved"] == 1
    assert prod["scanning_enabled"] is True
    assert rows[BARE]["scanning_enabled"] is False
    assert rows[OPEN]["anonymous_pull_enabled"] is True
    assert rows[BARE]["anonymous_pull_enabled"] is None
    assert any(note.startswith("anonymous_pull_enabled:") for note in rows[BARE]["unread"])


def test_tokens_are_not_asked_for_page_by_page(calm):
    _, _, calls = calm
    assert calls["acr.exchange"] == 3
    repositories, catalogs, documents = 4, 3, 1
    assert calls["acr.token"] == repositories + catalogs + documents


def test_twelve_pages_of_manifests_do_not_cost_forty_eight_requests():
    many = tuple(image(f"many {n}") for n in range(60))
    described = grown(estate(), "many", many)
    with AzureLoopback(described) as cloud:
        run = read(cloud.settings(), include=["many"])
        calls = Counter(cloud.calls)
    assert run.outcomes[f"azure/{PROD}"].listed == 60
    assert calls["acr.manifests"] == 12
    data = sum(count for name, count in calls.items() if name.startswith("acr."))
    assert data <= 12 + 20


def grown(described: Estate, name: str, more: tuple[Image, ...]) -> Estate:
    """Add a repository to the first registry."""
    place, *others = described.places
    registry, *rest = place.registries
    repository = Repository(name, NIGHT - timedelta(days=9), more)
    registry = replace(registry, repositories=(*registry.repositories, repository))
    place = replace(place, registries=(registry, *rest))
    return replace(described, places=(place, *others))


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
    with AzureLoopback(estate()) as cloud:
        run = read(cloud.settings(), subscriptions=[TWO, empty], exclude=["to*"])
    assert {task.task_id for task in run.plan.tasks} == {f"azure/{TWO}", f"azure/{empty}"}
    assert run.sink["placements"] == []
    assert run.outcomes[f"azure/{BARE}"].outcome is Outcome.COMPLETE
    # Nothing at all is visible there, and that is not the same as nothing being there.
    unseen = run.outcomes[f"azure/{empty}/defender"]
    assert unseen.outcome is Outcome.DENIED
    assert "pricings" in str(unseen.missing_permission)


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


def test_importing_the_provider_loads_no_azure_package():
    code = (
        "import sys, providers.azure.provider; "
        "sys.exit(any(m.split('.')[0] in {'azure', 'msal', 'requests'} for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


def test_every_gap_has_a_reason():
    provider = AzureProvider(
        AzureSettings.model_validate({"tenants": [{"tenant_id": "t"}]}), CONTEXT
    )
    assert provider.capabilities.sources == ("defender",)
    for reason in provider.capabilities.gaps.values():
        kind, _, why = reason.partition(": ")
        assert kind in {"notimpl", "notyet", "never"}
        assert why
