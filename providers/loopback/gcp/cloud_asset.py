"""Cloud Asset v1: searches for projects, repositories and the IAM policies set on them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from providers.loopback.gcp.rest import Answer, Asked, Route
from providers.loopback.gcp.wire import denied, invalid
from providers.loopback.gcp.world import (
    ORGANIZATION,
    ProjectView,
    bindings_of,
    repository_id,
)

SERVICE = "cloudasset.googleapis.com"
_MOST = 500
_PROJECT = "cloudresourcemanager.googleapis.com/Project"
_REPOSITORY = "artifactregistry.googleapis.com/Repository"


def search_resources(asked: Asked) -> Answer:
    """SearchAllResources: what the index holds, of the types asked for."""
    views = _below(asked, "cloudasset.assets.searchAllResources")
    rows = [row for view in views for row in _resources(view) if row["assetType"] in _types(asked)]
    items, more = asked.page(rows, "SearchAllResources", cap=_MOST)
    return {"results": list(items), **more}


def search_policies(asked: Asked) -> Answer:
    """SearchAllIamPolicies: policies set on resources; one without a policy is not in it."""
    views = _below(asked, "cloudasset.assets.searchAllIamPolicies")
    rows = [row for view in views for row in _policies(view) if row["assetType"] in _types(asked)]
    items, more = asked.page(rows, "SearchAllIamPolicies", cap=_MOST)
    return {"results": list(items), **more}


def _below(asked: Asked, permission: str) -> list[ProjectView]:
    asked.need(permission, asked.named)
    found = asked.world.below(asked.named)
    if not found:
        raise denied(permission, asked.named)
    return [view for view in found if view.setting("unindexed") != "true"]


def _types(asked: Asked) -> set[str]:
    found = set(asked.each("assetTypes"))
    if not found or not found <= {_PROJECT, _REPOSITORY}:
        raise invalid("asset types other than projects and repositories are not served here")
    return found


def _resources(view: ProjectView) -> Iterator[Answer]:
    """The repositories first: a result may come before the project it lies in."""
    if not view.disabled:
        for name in _repositories(view):
            yield {**_row(view, _REPOSITORY, name), "displayName": name.rpartition("/")[2]}
    yield {
        **_row(view, _PROJECT, f"//cloudresourcemanager.googleapis.com/projects/{view.project}"),
        "state": view.setting("state", "ACTIVE"),
        "additionalAttributes": {"projectId": view.project},
    }


def _policies(view: ProjectView) -> Iterator[Answer]:
    named = {f"//cloudresourcemanager.googleapis.com/projects/{view.project}": view.places[0]}
    for resource, place in named.items():
        if bindings := bindings_of(place.settings):
            yield _policy(view, _PROJECT, resource, bindings)
    for place in view.places:
        for registry in place.registries:
            if bindings := bindings_of(registry.settings):
                resource = _resource(view, place.region, repository_id(registry))
                yield _policy(view, _REPOSITORY, resource, bindings)


def _policy(view: ProjectView, kind: str, resource: str, bindings: list[Answer]) -> Answer:
    row = _row(view, kind, resource)
    row["resource"] = row.pop("name")
    return {**row, "policy": {"bindings": bindings}}


def _repositories(view: ProjectView) -> Iterator[str]:
    for place in view.places:
        for registry in place.registries:
            yield _resource(view, place.region, repository_id(registry))


def _resource(view: ProjectView, location: str, name: str) -> str:
    parent = f"projects/{view.project}/locations/{location}"
    return f"//artifactregistry.googleapis.com/{parent}/repositories/{name}"


def _row(view: ProjectView, kind: str, name: str) -> Answer:
    return {
        "name": name,
        "assetType": kind,
        "project": f"projects/{view.number}",
        "folders": list(reversed(view.folders)),
        "organization": ORGANIZATION,
    }


_SCOPE = r"/v1/((?:organizations|folders|projects)/(?:[^/:]+:)?[^/:]+)"
ROUTES = (
    Route(
        SERVICE,
        "SearchAllResources",
        "GET",
        re.compile(f"{_SCOPE}:searchAllResources"),
        search_resources,
    ),
    Route(
        SERVICE,
        "SearchAllIamPolicies",
        "GET",
        re.compile(f"{_SCOPE}:searchAllIamPolicies"),
        search_policies,
    ),
)
