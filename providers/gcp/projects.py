"""Rows of Cloud Asset and Resource Manager -> projects, and whether each is to be read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from audit.errors import BrokenPageError, DisabledError, SourceError
from providers.gcp.failures import Operation
from providers.gcp.operations import SEARCH_RESOURCES
from providers.gcp.settings import DiscoverySettings

LEFT_OUT = "LeftOut"
PROJECT_TYPE = "cloudresourcemanager.googleapis.com/Project"
REPOSITORY_TYPE = "artifactregistry.googleapis.com/Repository"

_ACTIVE = "ACTIVE"
_CLOSING = frozenset({"DELETE_REQUESTED", "DELETE_IN_PROGRESS"})
_ID = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]*")
_REPOSITORY = re.compile(
    r"^//artifactregistry\.googleapis\.com/projects/([^/]+)/locations/([^/]+)/repositories/[^/]+$"
)


@dataclass(frozen=True)
class Project:
    """One project of a listing.

    Attributes:
        project: Its id.
        number: ``projects/N``; empty when not told.
        state: Life-cycle word, such as ACTIVE.
        folders: ``folders/N`` above it, near and far; None when not told.
        locations: Where its repositories lie; None where the listing does not know.
    """

    project: str
    number: str
    state: str
    folders: frozenset[str] | None = None
    locations: frozenset[str] | None = None


@dataclass(frozen=True)
class LeftOut:
    """Why the configuration leaves a project out."""

    reason: str


def managed_project(
    row: Mapping[str, Any], operation: Operation, folders: Iterable[str] | None
) -> Project:
    """Read a ``Project`` of Resource Manager v3 (``projectId``, ``name``, ``state``).

    Raises:
        BrokenPageError: It does not tell its id.
    """
    found = str(row.get("projectId") or "")
    if not found:
        raise BrokenPageError("a project without an id", operation=operation.name)
    return Project(
        found,
        str(row.get("name") or ""),
        str(row.get("state") or ""),
        None if folders is None else frozenset(folders),
    )


@dataclass
class AssetProjects:
    """Collects the rows of one Cloud Asset search into projects that know their locations.

    A repository may come before its project, and may name it by number.
    """

    _projects: dict[str, Project] = field(default_factory=dict)
    _numbers: dict[str, str] = field(default_factory=dict)
    _repositories: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)

    def take(self, row: Mapping[str, Any]) -> None:
        """Take one ``ResourceSearchResult``.

        Raises:
            BrokenPageError: It is of a type that was not asked for, or lacks its name.
        """
        kind = row.get("assetType")
        if kind == PROJECT_TYPE:
            self._take_project(row)
        elif kind == REPOSITORY_TYPE:
            self._take_repository(row)
        else:
            raise _broken(f"a row of type {kind!r} was not asked for")

    def finish(self) -> tuple[list[Project], list[BrokenPageError]]:
        """Return the projects by id, and what could not be told of repositories."""
        errors: list[BrokenPageError] = []
        located: dict[str, set[str]] = {name: set() for name in self._projects}
        for named, location, folders in self._repositories:
            project = self._numbers.get(named, named)
            if project.isdecimal():
                errors.append(_broken(f"repositories lie in project {project}, of which no id"))
            else:
                self._projects.setdefault(project, Project(project, "", _ACTIVE, folders))
                located.setdefault(project, set()).add(location)
        found = [
            replace(self._projects[name], locations=frozenset(located[name]))
            for name in sorted(self._projects)
        ]
        return found, errors

    def _take_project(self, row: Mapping[str, Any]) -> None:
        more = row.get("additionalAttributes") or {}
        named = str(row.get("name") or "").rpartition("/")[2]
        project = str(more.get("projectId") or named)
        if not _ID.fullmatch(project):
            raise _broken(f"a project does not tell its id ({row.get('name')!r})")
        number = str(row.get("project") or "")
        self._numbers[number.rpartition("/")[2]] = project
        self._projects[project] = Project(
            project, number, str(row.get("state") or ""), _folders(row)
        )

    def _take_repository(self, row: Mapping[str, Any]) -> None:
        found = _REPOSITORY.match(str(row.get("name") or ""))
        if found is None:
            raise _broken(f"{row.get('name')!r} is not the name of a repository")
        self._repositories.append((found[1], found[2], _folders(row)))


def verdict(one: Project, wanted: DiscoverySettings) -> LeftOut | SourceError | None:
    """Say why a project is not read, or None when it is.

    Where the folders above it are not told, no rule about folders can be held against it: it is
    an error then, never left out.
    """
    left_out = _left_out(one, wanted)
    if left_out is not None:
        return left_out
    if one.folders is None and (wanted.include_folders or wanted.exclude_folders):
        return BrokenPageError("the folders above the project are not told", code="FolderNotTold")
    if one.state in _CLOSING:
        return DisabledError(f"the project is being deleted ({one.state})", code=one.state)
    if one.state != _ACTIVE:
        return BrokenPageError(
            f"state {one.state!r} of the project is not known", code="UnknownState"
        )
    return None


def _left_out(one: Project, wanted: DiscoverySettings) -> LeftOut | None:
    if _matches(one.project, wanted.exclude_projects):
        return LeftOut("exclude_projects names it")
    above = one.folders or frozenset()
    if above & set(wanted.exclude_folders):
        return LeftOut("exclude_folders names a folder above it")
    if not (wanted.include_projects or wanted.include_folders):
        return None
    if _matches(one.project, wanted.include_projects) or above & set(wanted.include_folders):
        return None
    if one.folders is None and wanted.include_folders:
        return None
    return LeftOut("no include list names it")


def _matches(project: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(project, pattern) for pattern in patterns)


def _folders(row: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(one) for one in row.get("folders") or ())


def _broken(message: str) -> BrokenPageError:
    return BrokenPageError(message, operation=SEARCH_RESOURCES.name)
