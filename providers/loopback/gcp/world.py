"""The estate as Google Cloud sees it: projects, locations, repositories, images."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from providers.loopback.estate import Estate, Image, Place, Registry, Repository, Statement
from providers.loopback.packages import by_vulnerability

DISABLED = "disabled"
ORGANIZATION = "organizations/4242"
"""The organisation that every project of an estate lies in."""
_FIRST_NUMBER = 100_000_000_001


@dataclass(frozen=True)
class ImageAt:
    """An image and where it lies."""

    registry: Registry
    repository: Repository
    image: Image

    @property
    def resource(self) -> str:
        """``HOST/PROJECT/REPOSITORY/IMAGE@DIGEST``, without a scheme."""
        return f"{self.registry.registry_id}/{self.repository.name}@{self.image.digest}"

    @property
    def url(self) -> str:
        """The resource as occurrences name it."""
        return f"https://{self.resource}"


@dataclass(frozen=True)
class Discovery:
    """A DISCOVERY occurrence; ``older`` marks one that another analysis left behind."""

    at: ImageAt
    older: bool


@dataclass(frozen=True)
class Group:
    """A vulnerability of an image, in one or more packages."""

    at: ImageAt
    statements: tuple[Statement, ...]


Results = tuple[tuple[Statement, ...], datetime]
"""What is stated of an image, and when that last changed."""


@dataclass(frozen=True)
class ProjectView:
    """One project of the estate, all locations together.

    Attributes:
        results: By URL of the image: what is stated of it, and since when.
    """

    estate: Estate
    project: str
    places: tuple[Place, ...]
    number: str
    results: Mapping[str, Results]

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders above it, the outermost first (setting ``folders``, numbers with commas)."""
        numbers = self.setting("folders")
        return tuple(f"folders/{one}" for one in numbers.split(",") if one)

    @property
    def parent(self) -> str:
        """What the project lies right in."""
        return self.folders[-1] if self.folders else ORGANIZATION

    def setting(self, name: str, default: str = "") -> str:
        """Return a setting of the project: that of the first of its places."""
        return self.places[0].settings.get(name, default)

    @property
    def disabled(self) -> bool:
        """Whether the Artifact Registry API is off in each location: off in the project."""
        return all(place.settings.get("api") == DISABLED for place in self.places)

    @cached_property
    def images(self) -> tuple[ImageAt, ...]:
        """Every manifest of the project, in listing order."""
        return tuple(
            ImageAt(registry, repository, image)
            for place in self.places
            for registry in place.registries
            for repository in registry.repositories
            for image in repository.images
        )

    @cached_property
    def unreachable(self) -> tuple[str, ...]:
        """Locations whose occurrences cannot be had."""
        regions = (place.region for place in self.places)
        return tuple(sorted(one for one in regions if self.has_fault("unreachable", one)))

    @cached_property
    def reachable(self) -> tuple[ImageAt, ...]:
        """The manifests of the locations whose occurrences can be had."""
        lost = {one.registry_id for p in self.places for one in self._lost(p)}
        return tuple(at for at in self.images if at.registry.registry_id not in lost)

    def _lost(self, place: Place) -> tuple[Registry, ...]:
        return place.registries if place.region in self.unreachable else ()

    @cached_property
    def by_registry(self) -> Mapping[str, tuple[ImageAt, ...]]:
        """Manifests by registry id, in listing order."""
        found: dict[str, list[ImageAt]] = {}
        for at in self.images:
            found.setdefault(at.registry.registry_id, []).append(at)
        return {registry_id: tuple(images) for registry_id, images in found.items()}

    @cached_property
    def discoveries(self) -> tuple[Discovery, ...]:
        """What DISCOVERY tells of each image that Artifact Analysis knows, in listing order.

        Every second image has an older occurrence too, by turns before and after the one that
        counts, as the order of occurrences means nothing.
        """
        found: list[Discovery] = []
        known = [at for at in self.reachable if at.image.scan and at.image.scan.native]
        for number, at in enumerate(known):
            both = [Discovery(at, older=False)]
            if number % 2 == 0:
                both.insert(number // 2 % 2, Discovery(at, older=True))
            found += both
        return tuple(found)

    @cached_property
    def vulnerabilities(self) -> tuple[Group, ...]:
        """Every vulnerability of every image, in listing order."""
        return tuple(
            Group(at, group)
            for at in self.reachable
            if at.image.scan
            for group in by_vulnerability(at.image.scan.statements)
        )

    def place(self, location: str) -> Place | None:
        """Return the place of a location; None where the project has nothing."""
        return next((one for one in self.places if one.region == location), None)

    def has_fault(self, kind: str, location: str | None = None) -> bool:
        """Whether there is a fault of this kind in the project (in that location, if given)."""
        return any(
            (fault.kind, fault.provider, fault.account) == (kind, "gcp", self.project)
            and location in {None, fault.region}
            for fault in self.estate.faults
        )

    def page_fails(self, registry: Registry, page: int) -> bool:
        """Whether a fault breaks this page of the registry's image listing."""
        return any(
            (fault.kind, fault.provider, fault.account) == ("images_page", "gcp", self.project)
            and (fault.registry_id, fault.page) == (registry.registry_id, page)
            for fault in self.estate.faults
        )


class GcpWorld:
    """Every Google Cloud project of an estate. Immutable; made anew for each estate shown.

    Args:
        estate: What there is.
        refused: IAM permissions that the caller lacks.
        before: What there was: results that are the same stay as old as they were.
    """

    def __init__(
        self, estate: Estate, refused: Collection[str] = (), before: GcpWorld | None = None
    ) -> None:
        self.estate = estate
        self._refused = refused
        by_project: dict[str, list[Place]] = {}
        for place in estate.of("gcp"):
            by_project.setdefault(place.account, []).append(place)
        self.results: dict[str, Results] = {}
        self._views = {
            project: ProjectView(
                estate, project, tuple(places), str(_FIRST_NUMBER + index), self.results
            )
            for index, (project, places) in enumerate(by_project.items())
        }
        self.projects = tuple(self._views)
        known = before.results if before else {}
        for view in self._views.values():
            self._date(view, known)

    def _date(self, view: ProjectView, known: Mapping[str, Results]) -> None:
        for at in view.images:
            scan = at.image.scan
            if scan is not None:
                since = scan.scanned_at or at.image.pushed_at
                was = known.get(at.url, (scan.statements, since))
                if was[0] != scan.statements:
                    was = (scan.statements, since if since > was[1] else self.estate.moment)
                self.results[at.url] = was

    def view(self, project: str) -> ProjectView | None:
        """Return a project, if the estate has it."""
        return self._views.get(project)

    def below(self, scope: str) -> list[ProjectView]:
        """Return the projects of an organisation, a folder or a project, near and far."""
        return [
            view
            for view in self._views.values()
            if scope in {ORGANIZATION, f"projects/{view.project}", *view.folders}
        ]

    def refuses(self, permission: str, resource: str = "") -> bool:
        """Whether a permission is refused, everywhere or on this resource (``p@resource``)."""
        return bool({permission, f"{permission}@{resource}"} & set(self._refused))


def repository_id(registry: Registry) -> str:
    """Return the id of an Artifact Registry repository: the last part of its registry id."""
    return registry.registry_id.rpartition("/")[2]


def bindings_of(settings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the IAM bindings of a place's or registry's setting ``iam``, a JSON list."""
    found: list[dict[str, Any]] = json.loads(settings.get("iam", "[]"))
    return found
