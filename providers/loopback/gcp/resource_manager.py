"""Cloud Resource Manager v3: folders and projects, and the policy of a project."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from providers.loopback.gcp.rest import Answer, Asked, Route
from providers.loopback.gcp.wire import denied
from providers.loopback.gcp.world import ORGANIZATION, ProjectView, bindings_of

SERVICE = "cloudresourcemanager.googleapis.com"
_MOST = 300


def list_folders(asked: Asked) -> Answer:
    """ListFolders: those right below a parent."""
    parent = asked.request.query.get("parent", "")
    asked.need("resourcemanager.folders.list", parent)
    found = {}
    for view in asked.world.below(ORGANIZATION):
        path = (ORGANIZATION, *view.folders)
        for above, folder in pairwise(path):
            if above == parent:
                found[folder] = {"name": folder, "parent": above, "state": "ACTIVE"}
    items, more = asked.page(list(found.values()), f"ListFolders {parent}", cap=_MOST)
    return {"folders": list(items), **more}


def list_projects(asked: Asked) -> Answer:
    """ListProjects: those right below a parent; those being deleted only when asked for."""
    parent = asked.request.query.get("parent", "")
    asked.need("resourcemanager.projects.list", parent)
    deleted = asked.request.query.get("showDeleted") == "true"
    found = [
        view
        for view in asked.world.below(ORGANIZATION)
        if view.parent == parent and (deleted or view.setting("state", "ACTIVE") == "ACTIVE")
    ]
    return _page(asked, found, f"ListProjects {parent}")


def search_projects(asked: Asked) -> Answer:
    """SearchProjects: those that the caller may see; the others are left out without a word."""
    permission = "resourcemanager.projects.get"
    found = [
        view
        for view in asked.world.below(ORGANIZATION)
        if not asked.world.refuses(permission, f"projects/{view.project}")
    ]
    return _page(asked, found, "SearchProjects")


def get_project(asked: Asked) -> Answer:
    """GetProject."""
    view = _view(asked, "resourcemanager.projects.get")
    return _project(view)


def get_iam_policy(asked: Asked) -> Answer:
    """GetIamPolicy of a project; bindings under a condition only for policy version 3."""
    view = _view(asked, "resourcemanager.projects.getIamPolicy")
    version = asked.request.json().get("options", {}).get("requestedPolicyVersion", 1)
    bindings = bindings_of(view.places[0].settings)
    shown = [one for one in bindings if version >= 3 or "condition" not in one]
    return {"version": version, "etag": "BwXhqDVn1Uo=", "bindings": shown}


def _view(asked: Asked, permission: str) -> ProjectView:
    asked.need(permission, f"projects/{asked.named}")
    view = asked.world.view(asked.named)
    if view is None:
        raise denied(permission, f"projects/{asked.named}")
    return view


def _page(asked: Asked, views: Iterable[ProjectView], what: str) -> Answer:
    items, more = asked.page([_project(view) for view in views], what, cap=_MOST)
    return {"projects": list(items), **more}


def _project(view: ProjectView) -> Answer:
    return {
        "name": f"projects/{view.number}",
        "parent": view.parent,
        "projectId": view.project,
        "state": view.setting("state", "ACTIVE"),
    }


_PROJECT = "/v3/projects/((?:[^/:]+:)?[^/:]+)"  # example.com:project is one too
ROUTES = (
    Route(SERVICE, "ListFolders", "GET", re.compile("/v3/folders"), list_folders),
    Route(SERVICE, "ListProjects", "GET", re.compile("/v3/projects"), list_projects),
    Route(SERVICE, "SearchProjects", "GET", re.compile("/v3/projects:search"), search_projects),
    Route(SERVICE, "GetProject", "GET", re.compile(_PROJECT), get_project),
    Route(
        SERVICE,
        "GetIamPolicy",
        "POST",
        re.compile(f"{_PROJECT}:getIamPolicy"),
        get_iam_policy,
    ),
)
