"""The adapter against the loopback cloud: what an estate says is what the rows must say."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from audit.model.scope import ScopeOutcome
from audit.ports import RunContext
from providers.gcp.provider import GcpProvider
from providers.gcp.settings import GcpSettings
from providers.loopback.estate import Estate, Fault, Image, Place
from providers.loopback.gcp import GcpLoopback
from tests.unit.gcp.parts import Rows
from tests.unit.loopback import estates

REGISTRY_ID = f"{estates.LOCATION}-docker.pkg.dev/{estates.PROJECT}/apps"
INVENTORY = f"gcp/{estates.PROJECT}/{estates.LOCATION}"
FINDINGS = f"gcp/{estates.PROJECT}/artifact-analysis"


def collect(estate: Estate, **more: Any) -> tuple[Rows, dict[str, ScopeOutcome]]:
    with GcpLoopback(estate) as cloud:
        settings = GcpSettings.model_validate({**cloud.settings(), **more})
        context = RunContext("run-1", estate.moment, logging.getLogger("test"))
        provider = GcpProvider(settings, context)
        rows = Rows()
        outcomes = [o for task in provider.plan().tasks for o in provider.collect(task, rows)]
    return rows, {outcome.ref.scope_id: outcome for outcome in outcomes}


def manifests(estate: Estate) -> dict[tuple[str, str, str], Image]:
    return {
        (registry.registry_id, repository.name, image.digest): image
        for place in estate.of("gcp")
        for registry in place.registries
        for repository in registry.repositories
        for image in repository.images
    }


def where(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["registry_id"], row["repository"], row["digest"]


@pytest.mark.parametrize(("page_size", "findings_page_size"), [(1, 1), (3, 2), (1000, 1000)])
def test_every_fact_of_the_estate_arrives(page_size, findings_page_size):
    estate = estates.small_estate(page_size=page_size, findings_page_size=findings_page_size)
    truth = manifests(estate)
    rows, outcomes = collect(estate)
    placed = {where(row): row for row in rows.tables["placements"]}
    assert placed.keys() == truth.keys()
    for key, image in truth.items():
        assert placed[key]["tags"] == sorted(image.tags)
        assert placed[key]["pushed_at"] == image.pushed_at
    kinds = {row["digest"]: row["kind"] for row in rows.tables["images"]}
    assert kinds == {image.digest: image.kind for image in truth.values()}
    states = {where(row): row["state"] for row in rows.tables["assessments"]}
    assert states == {key: image.scan.state for key, image in truth.items() if image.scan}
    stated = sorted(
        (*key, s.vulnerability_id, s.package, s.version, s.severity, s.fixed_version, s.cvss_score)
        for key, image in truth.items()
        for s in (image.scan.statements if image.scan else ())
    )
    read = sorted(
        (
            *where(row),
            *(row[name] for name in ("vulnerability_id", "package_name", "package_version")),
            *(row[name] for name in ("severity", "fixed_version", "cvss_score")),
        )
        for row in rows.tables["findings"]
    )
    assert [tuple(map(str, row)) for row in read] == [tuple(map(str, row)) for row in stated]
    assert len(stated) == outcomes[FINDINGS].listed > 0


def test_children_of_an_index_have_their_platform():
    rows, _ = collect(estates.small_estate())
    platforms = {row["digest"]: (row["os"], row["architecture"]) for row in rows.tables["images"]}
    assert platforms[estates.digest(301)] == ("linux", "amd64")
    assert platforms[estates.digest(302)] == ("linux", "arm64")
    (index,) = (row for row in rows.tables["images"] if row["kind"] == "index")
    assert index["child_digests"] == [estates.digest(number) for number in (301, 302, 303)]
    reasons = {row["digest"]: row["reason"] for row in rows.tables["assessments"]}
    assert "linux/arm64" in reasons[estates.digest(302)]


def test_the_posture_of_a_registry_arrives():
    rows, _ = collect(estates.small_estate())
    (row,) = (row for row in rows.tables["registries"] if row["region"] == estates.LOCATION)
    assert row["registry_id"] == REGISTRY_ID
    assert (row["tag_mutability"], row["kms_key"]) == ("IMMUTABLE", "projects/p/keys/k")
    assert row["retention_enabled"] is False


def test_a_disabled_project_is_not_an_empty_one():
    _, outcomes = collect(estates.small_estate())
    assert {key: str(outcome.outcome) for key, outcome in outcomes.items()} == {
        f"gcp/{estates.PROJECT}": "complete",
        INVENTORY: "complete",
        f"gcp/{estates.PROJECT}/{estates.OTHER_LOCATION}": "complete",
        FINDINGS: "complete",
        f"gcp/{estates.PROJECT}/posture": "complete",
        f"gcp/{estates.OTHER_PROJECT}/posture": "complete",
        f"gcp/{estates.OTHER_PROJECT}": "disabled",
        f"gcp/{estates.OTHER_PROJECT}/artifact-analysis": "complete",
    }


def test_a_denied_location_is_denied_alone():
    fault = Fault("denied", "gcp", estates.PROJECT, estates.LOCATION)
    rows, outcomes = collect(estates.small_estate(fault))
    assert str(outcomes[INVENTORY].outcome) == "denied"
    assert outcomes[INVENTORY].missing_permission == "artifactregistry.repositories.list"
    assert str(outcomes[f"gcp/{estates.PROJECT}/{estates.OTHER_LOCATION}"].outcome) == "complete"
    assert not rows.tables["placements"]
    assert not rows.tables["findings"]


def test_a_page_of_images_that_fails_keeps_the_others():
    fault = Fault("images_page", "gcp", estates.PROJECT, estates.LOCATION, REGISTRY_ID)
    rows, outcomes = collect(estates.small_estate(fault), max_attempts=2)
    assert str(outcomes[INVENTORY].outcome) == "partial"
    assert len(rows.tables["placements"]) == outcomes[INVENTORY].listed == 3
    assert {row["complete"] for row in rows.tables["repositories"]} == {False}


@pytest.mark.parametrize(
    ("kind", "state", "outcome"),
    [("findings", "unknown", "partial"), ("findings_denied", "denied", "denied")],
)
def test_findings_that_fail_vouch_for_no_image(kind, state, outcome):
    estate = estates.small_estate(Fault(kind, "gcp", estates.PROJECT))
    rows, outcomes = collect(estate, max_attempts=2)
    assert str(outcomes[FINDINGS].outcome) == outcome
    assessable = [image for image in manifests(estate).values() if image.scan]
    assert [row["state"] for row in rows.tables["assessments"]] == [state] * len(assessable)
    assert bool(rows.tables["findings"]) == (kind == "findings")


@pytest.mark.parametrize(
    ("native", "state"),
    [
        ((), "not_scanned"),
        (("PENDING",), "pending"),
        (("SCANNING", "ACTIVE"), "pending"),
        (("FINISHED_SUCCESS", "ACTIVE"), "assessed"),
        (("FINISHED_SUCCESS", "INACTIVE"), "stale"),
        (("FINISHED_FAILED", "ACTIVE"), "failed"),
        (("FINISHED_UNSUPPORTED", "ACTIVE"), "unsupported"),
        (("SOMETHING_NEW", "ACTIVE"), "unknown"),
    ],
)
def test_every_native_status_becomes_its_state(native, state):
    image = estates.image(1, scan=estates.scan(*native, state=state))
    registry = estates.gcp_registry()
    repository = replace(registry.repositories[1], images=(image,))
    place = Place(
        "gcp",
        estates.PROJECT,
        estates.LOCATION,
        (replace(registry, repositories=(repository,)),),
        {"api": "enabled"},
    )
    rows, _ = collect(replace(estates.small_estate(), places=(place,)))
    assert [row["state"] for row in rows.tables["assessments"]] == [state]
