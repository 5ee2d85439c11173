"""The estate as AWS sees it: one registry for each account and region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from providers.loopback.estate import (
    Estate,
    Fault,
    FaultKind,
    Image,
    Place,
    Registry,
    Repository,
    Statement,
)
from providers.loopback.packages import by_vulnerability

ENHANCED = "ENHANCED"
BASIC = "BASIC"
PUBLIC = "public.ecr.aws/"


@dataclass(frozen=True)
class ImageAt:
    """An image and the repository that holds it: the resource a scanner speaks of."""

    repository: Repository
    image: Image


@dataclass(frozen=True)
class FindingAt:
    """One Inspector finding: a vulnerability of an image, in one or more packages."""

    at: ImageAt
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class RegistryView:
    """The registry of one account and region; ``place`` is None where the estate has none."""

    estate: Estate
    account: str
    region: str
    place: Place | None
    public: bool = False
    """Whether the account's public registry is meant."""
    chosen: dict[str, list[Any]] = field(default_factory=dict, compare=False, repr=False)
    """Filtered listings by operation and filter: a memory, no part of the description."""

    @property
    def registry(self) -> Registry | None:
        """The place's one private registry, or its public one."""
        every = self.place.registries if self.place else ()
        return next((r for r in every if r.registry_id.startswith(PUBLIC) == self.public), None)

    @property
    def scan_type(self) -> str:
        """``BASIC`` or ``ENHANCED``; BASIC when the description does not say."""
        for settings in (
            self.place.settings if self.place else {},
            self.registry.settings if self.registry else {},
        ):
            if "scan_type" in settings:
                return settings["scan_type"]
        return BASIC

    @cached_property
    def repositories(self) -> Mapping[str, Repository]:
        """Repositories by name, in order."""
        return {one.name: one for one in (self.registry.repositories if self.registry else ())}

    @cached_property
    def images(self) -> tuple[ImageAt, ...]:
        """Every manifest of the registry, in listing order."""
        return tuple(
            ImageAt(repository, image)
            for repository in self.repositories.values()
            for image in repository.images
        )

    @cached_property
    def findings(self) -> tuple[FindingAt, ...]:
        """Inspector's findings, image by image; none unless the registry is ENHANCED."""
        if self.scan_type != ENHANCED:
            return ()
        return tuple(
            FindingAt(at, group)
            for at in self.images
            if at.image.scan is not None
            for group in by_vulnerability(at.image.scan.statements)
        )

    @cached_property
    def covered(self) -> tuple[ImageAt, ...]:
        """The images that Inspector has a coverage row for; none unless ENHANCED."""
        if self.scan_type != ENHANCED:
            return ()
        return tuple(at for at in self.images if at.image.scan and at.image.scan.native)

    @cached_property
    def failing_scans(self) -> frozenset[tuple[str, str]]:
        """(repository, digest) whose scan findings fail under the fault ``findings``, BASIC.

        That is every second manifest of kind ``image``, counted over the whole registry in
        listing order, starting with the second.
        """
        images = [at for at in self.images if at.image.kind == "image"]
        return frozenset((at.repository.name, at.image.digest) for at in images[1::2])

    def fault(self, kind: FaultKind) -> Fault | None:
        """Return the first fault of this kind at this account and region."""
        return self.estate.fault(kind, "aws", self.account, self.region)

    def denies(self, action: str, repository: object) -> bool:
        """Whether a fault refuses an IAM action, of all repositories or of this one."""
        return any(
            fault.kind == "posture_denied"
            and (fault.provider, fault.account, fault.region) == ("aws", self.account, self.region)
            and fault.operation == action
            and fault.repository in ("", repository)
            for fault in self.estate.faults
        )

    def page_fails(self, repository: str, page: int) -> bool:
        """Whether a fault breaks this page of the repository's image listing."""
        return any(
            fault.kind == "images_page"
            and (fault.provider, fault.account, fault.region) == ("aws", self.account, self.region)
            and (fault.repository, fault.page) == (repository, page)
            for fault in self.estate.faults
        )

    def repository_arn(self, repository: str) -> str:
        """Return the ARN of a repository."""
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{repository}"


class AwsWorld:
    """Every AWS registry of an estate. Immutable; made anew for each estate shown."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._views = {
            (place.account, place.region, public): RegistryView(
                estate, place.account, place.region, place, public
            )
            for place in estate.of("aws")
            for public in (False, True)
        }
        self.accounts = tuple(dict.fromkeys(place.account for place in estate.of("aws")))
        self.regions = tuple(dict.fromkeys(place.region for place in estate.of("aws")))

    def view(self, account: str, region: str, *, public: bool = False) -> RegistryView:
        """Return the registry of an account and region; an empty one where there is none."""
        known = self._views.get((account, region, public))
        return known or RegistryView(self.estate, account, region, None)
