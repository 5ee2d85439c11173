"""Rows of Cloud Asset and Resource Manager, as Google words them."""

from __future__ import annotations

from typing import Any

import pytest

from audit.errors import BrokenPageError
from providers.gcp.operations import LIST_PROJECTS
from providers.gcp.projects import AssetProjects, Project, managed_project

PROJECT = "cloudresourcemanager.googleapis.com/Project"
REPOSITORY = "artifactregistry.googleapis.com/Repository"


def project(named: str = "shop", **more: Any) -> dict[str, Any]:
    return {
        "assetType": PROJECT,
        "name": f"//cloudresourcemanager.googleapis.com/projects/{named}",
        "project": "projects/100",
        "state": "ACTIVE",
        "folders": ["folders/2", "folders/1"],
        "organization": "organizations/9",
        **more,
    }


def repository(named: str, location: str = "us", **more: Any) -> dict[str, Any]:
    parent = f"projects/{named}/locations/{location}"
    return {
        "assetType": REPOSITORY,
        "name": f"//artifactregistry.googleapis.com/{parent}/repositories/apps",
        "project": "projects/100",
        **more,
    }


def read(*rows: dict[str, Any]) -> tuple[list[Project], list[Any]]:
    found = AssetProjects()
    for row in rows:
        found.take(row)
    return found.finish()


def test_a_repository_may_come_before_its_project():
    ((one,), errors) = read(repository("shop"), project(), repository("shop", "asia"))
    assert (one.project, one.number, one.locations) == (
        "shop",
        "projects/100",
        frozenset({"us", "asia"}),
    )
    assert one.folders == frozenset({"folders/1", "folders/2"})
    assert not errors


@pytest.mark.parametrize("told", ["id in the name", "id among the attributes"])
def test_a_repository_may_name_its_project_by_number(told):
    row = project()
    if told == "id among the attributes":
        row = project("100", additionalAttributes={"projectId": "shop"})
    ((one,), errors) = read(repository("100"), row)
    assert (one.project, one.locations, errors) == ("shop", frozenset({"us"}), [])


def test_a_repository_in_a_project_without_an_id_is_an_error():
    projects, (error,) = read(repository("100"))
    assert projects == []
    assert "100" in error.message


def test_a_repository_tells_of_its_project_where_no_row_does():
    ((one,), errors) = read(repository("shop", folders=["folders/7"]))
    assert (one.project, one.state, errors) == ("shop", "ACTIVE", [])
    assert one.folders == frozenset({"folders/7"})


def test_a_domain_scoped_project_keeps_its_domain():
    ((one,), _) = read(project("example.com:shop"), repository("example.com:shop"))
    assert (one.project, one.locations) == ("example.com:shop", frozenset({"us"}))


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"assetType": "compute.googleapis.com/Instance"},
        project("100"),
        project(""),
        {**repository("shop"), "name": "//artifactregistry.googleapis.com/projects/shop"},
        {**repository("shop"), "name": None},
    ],
)
def test_a_row_that_lacks_what_was_promised_is_an_error(row):
    with pytest.raises(BrokenPageError):
        AssetProjects().take(row)


def test_a_project_of_resource_manager():
    row = {"name": "projects/100", "projectId": "shop", "state": "ACTIVE", "parent": "folders/1"}
    one = managed_project(row, LIST_PROJECTS, ["folders/1"])
    assert (one.project, one.number, one.locations) == ("shop", "projects/100", None)
    with pytest.raises(BrokenPageError, match="without an id"):
        managed_project({"name": "projects/100"}, LIST_PROJECTS, [])
