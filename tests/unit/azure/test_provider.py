"""The whole adapter with the real SDKs against the loopback Azure; the estate is the oracle."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from audit.model.enums import Outcome, ScopeKind
from providers.azure.provider import AzureProvider
from providers.azure.settings import AzureSettings
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate, Image
from tests.unit.azure.support import CONTEXT, Read, grown, read
from tests.unit.loopback.azure_estates import (
    BARE,
    ONE,
    OPEN,
    PROD,
    SCANNED,
    TENANT,
    TWO,
    estate,
    image,
    native_id,
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
        f"azure/{TENANT}": (Outcome.COMPLETE, 2, 2, 0),
        f"azure/{ONE}": (Outcome.COMPLETE, None, 2, 0),
        f"azure/{TWO}": (Outcome.COMPLETE, None, 1, 0),
        f"azure/{PROD}": (Outcome.COMPLETE, 21, 21, 0),
        f"azure/{OPEN}": (Outcome.COMPLETE, 1, 1, 0),
        f"azure/{BARE}": (Outcome.COMPLETE, 1, 1, 0),
        f"azure/{ONE}/settings": (Outcome.COMPLETE, None, 0, 0),
        f"azure/{TWO}/settings": (Outcome.COMPLETE, None, 0, 0),
        DEFENDER: (Outcome.COMPLETE, None, statements, 0),
        f"azure/{TWO}/defender": (Outcome.COMPLETE, None, 0, 0),
    }


def test_one_task_a_subscription_promises_its_scopes(calm):
    _, run, _ = calm
    assert {task.task_id: {ref.scope_id for ref in task.scopes} for task in run.plan.tasks} == {
        f"azure/{ONE}": {f"azure/{PROD}", f"azure/{OPEN}", DEFENDER, f"azure/{ONE}/settings"},
        f"azure/{TWO}": {f"azure/{BARE}", f"azure/{TWO}/defender", f"azure/{TWO}/settings"},
    }
    for task in run.plan.tasks:
        assert all(isinstance(value, str) for value in task.params.values())
        for ref in task.scopes:
            assert ref.parent_scope_id == f"azure/{ref.account}"
            assert ref.account == task.params["subscription"]
            source = "defender" if ref.kind is ScopeKind.FINDINGS else ""
            assert ref.source == source


def test_discovery_is_a_tree_that_two_reads_a_tenant_found(calm):
    _, run, _ = calm
    assert {one.ref.scope_id: one.ref.parent_scope_id for one in run.plan.outcomes} == {
        f"azure/{TENANT}": "",
        f"azure/{ONE}": f"azure/{TENANT}",
        f"azure/{TWO}": f"azure/{TENANT}",
    }
    for one in run.plan.outcomes:
        assert one.ref.kind is ScopeKind.DISCOVERY
        assert one.ref.account == one.ref.scope_id.removeprefix("azure/").replace(TENANT, "")
    assert sum(one.api_calls for one in run.plan.outcomes) == 2


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
    shared_by_repositories, catalogs, documents = 3, 3, 1
    assert calls["acr.token"] == shared_by_repositories + catalogs + documents


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


def test_importing_the_provider_loads_no_azure_package():
    code = (
        "import sys, providers.azure.provider; "
        "sys.exit(any(m.split('.')[0] in {'azure', 'msal', 'requests'} for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_gap_has_a_reason():
    provider = AzureProvider(
        AzureSettings.model_validate({"tenants": [{"tenant_id": "t"}]}), CONTEXT
    )
    assert provider.capabilities.sources == ("defender",)
    for reason in provider.capabilities.gaps.values():
        kind, _, why = reason.partition(": ")
        assert kind in {"notimpl", "notyet", "never"}
        assert why
