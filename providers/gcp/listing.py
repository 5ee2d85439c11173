"""Lists projects: by one search of Cloud Asset, or down the tree of Resource Manager."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from audit.errors import BrokenPageError, SourceError
from audit.model.scope import ScopeTally
from providers.gcp.failures import Operation
from providers.gcp.operations import (
    GET_PROJECT,
    LIST_FOLDERS,
    LIST_PROJECTS,
    SEARCH_PROJECTS,
    SEARCH_RESOURCES,
)
from providers.gcp.projects import (
    PROJECT_TYPE,
    REPOSITORY_TYPE,
    AssetProjects,
    Project,
    managed_project,
)
from providers.gcp.rest import Answer, RestClient
from providers.gcp.scopes import root_scope
from providers.gcp.settings import VISIBLE

_ASSET_PAGE = 500  # the most that a search gives
_MANAGER_PAGE = 300
_FIELDS = "name,assetType,project,folders,state,additionalAttributes"
_DEEPEST = 20  # Google allows ten levels of folders


class Listed(NamedTuple):
    """What a listing found.

    Attributes:
        exhaustive: A project that it does not name, if it was listed to its end, is gone.
        lagging: It is an index that follows the truth with a delay.
    """

    projects: list[Project]
    exhaustive: bool
    lagging: bool = False


def searched(rest: RestClient, root: str, tally: ScopeTally) -> Listed:
    """Search Cloud Asset below ``root`` for projects and repositories.

    Raises:
        SourceError: The search was refused or broke: what it gave is not used.
    """
    parameters = {
        "assetTypes": (PROJECT_TYPE, REPOSITORY_TYPE),
        "pageSize": _ASSET_PAGE,
        "readMask": _FIELDS,
    }
    found = AssetProjects()
    path = f"/v1/{root}:searchAllResources"
    for row in rest.rows(tally, SEARCH_RESOURCES, path, parameters, "results"):
        _noted(tally, found, row)
    projects, errors = found.finish()
    for error in errors:
        tally.fail(error)
    return Listed(projects, exhaustive=False, lagging=True)


def managed(rest: RestClient, root: str, tally: ScopeTally) -> Listed:
    """List the projects below ``root`` with Resource Manager; errors are in the tally.

    Lists of a folder are refused as a whole, so that a whole one leaves out nothing. A search
    leaves out, without a word, what the identity may not see.
    """
    projects: list[Project] = []
    if root.startswith("projects/"):
        _get(rest, root, tally, projects)
    elif root == VISIBLE:
        path = "/v3/projects:search"
        _list(rest, SEARCH_PROJECTS, path, {}, (tally, projects, None))
    else:
        above = [root] if root.startswith("folders/") else []
        _descend(rest, root, above, tally, projects)
    return Listed(sorted(projects, key=lambda one: one.project), exhaustive=root != VISIBLE)


def _noted(tally: ScopeTally, found: AssetProjects, row: Answer) -> None:
    try:
        found.take(row)
    except BrokenPageError as error:
        tally.fail(error)


def _get(rest: RestClient, root: str, tally: ScopeTally, projects: list[Project]) -> None:
    try:
        row = rest.get(tally, GET_PROJECT, f"/v3/{root}", {})
        projects.append(managed_project(row, GET_PROJECT, None))
    except SourceError as error:
        tally.fail(error)


def _descend(
    rest: RestClient, parent: str, above: list[str], tally: ScopeTally, projects: list[Project]
) -> None:
    """Read the projects right below a parent, then each folder in it."""
    more = {"parent": parent, "showDeleted": "true"}
    _list(rest, LIST_PROJECTS, "/v3/projects", more, (tally, projects, above))
    for folder in _folders(rest, parent, tally):
        if len(above) >= _DEEPEST or folder in above:
            tally.fail(BrokenPageError(f"{folder} lies in itself", operation=LIST_FOLDERS.name))
            return
        _descend(rest, folder, [*above, folder], tally, projects)


def _folders(rest: RestClient, parent: str, tally: ScopeTally) -> list[str]:
    found = []
    try:
        parameters = {"parent": parent, "pageSize": _MANAGER_PAGE}
        for row in rest.rows(tally, LIST_FOLDERS, "/v3/folders", parameters, "folders"):
            name = str(row.get("name") or "")
            if not name.startswith("folders/"):
                raise BrokenPageError("a folder without a name", operation=LIST_FOLDERS.name)
            found.append(name)
    except SourceError as error:
        tally.fail(error)
    return found


def _list(
    rest: RestClient,
    operation: Operation,
    path: str,
    parameters: dict[str, str],
    into: tuple[ScopeTally, list[Project], Iterable[str] | None],
) -> None:
    tally, projects, above = into
    asked = {**parameters, "pageSize": _MANAGER_PAGE}
    try:
        for row in rest.rows(tally, operation, path, asked, "projects"):
            projects.append(managed_project(row, operation, above))
    except SourceError as error:
        tally.fail(error)


def probe(rest: RestClient, root: str, by: str) -> Iterator[tuple[Operation, Callable[[], object]]]:
    """Yield each call that finds projects below ``root``, to be made for one row of it."""

    def asked(operation: Operation, path: str, **parameters: object) -> Callable[[], object]:
        tally, asked_for = ScopeTally(root_scope(root)), {**parameters, "pageSize": 1}
        return lambda: rest.get(tally, operation, path, asked_for)

    if root != VISIBLE and by != "resource-manager":
        kinds = (PROJECT_TYPE, REPOSITORY_TYPE)
        path = f"/v1/{root}:searchAllResources"
        yield SEARCH_RESOURCES, asked(SEARCH_RESOURCES, path, assetTypes=kinds)
    if root == VISIBLE:
        yield SEARCH_PROJECTS, asked(SEARCH_PROJECTS, "/v3/projects:search")
    elif by != "cloud-asset" and root.startswith("projects/"):
        yield (
            GET_PROJECT,
            lambda: rest.get(ScopeTally(root_scope(root)), GET_PROJECT, f"/v3/{root}", {}),
        )
    elif by != "cloud-asset":
        yield LIST_FOLDERS, asked(LIST_FOLDERS, "/v3/folders", parent=root)
        yield LIST_PROJECTS, asked(LIST_PROJECTS, "/v3/projects", parent=root)
