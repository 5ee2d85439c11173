"""The estate as AWS sees it: one registry for each account and region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from providers.loopback.aws.past import FindingAt, ImageAt, Key, Past
from providers.loopback.estate import (
    Estate,
    Fault,
    FaultKind,
    Place,
    Registry,
    Repository,
    Statement,
)
from providers.loopback.packages import by_vulnerability

ENHANCED = "ENHANCED"
BASIC = "BASIC"
PUBLIC = "public.ecr.aws/"


SUPPRESSED = "suppressed"
"""Setting of a repository: the vulnerability ids, apart by blanks, that a filter suppresses."""
ADMINISTRATOR = "inspector_administrator"
"""Setting of a place: the account that is Inspector's delegated administrator in its region."""
MEMBERSHIP = "inspector_membership"
"""Setting of a place: the account's relationship status there; ENABLED unless told, empty for an
account that is not associated with the administrator at all."""


@dataclass(frozen=True)
class RegistryView:
    """The registry of one account and region; ``place`` is None where the estate has none."""

    estate: Estate
    account: str
    region: str
    place: Place | None
    public: bool = False
    """Whether the account's public registry is meant."""
    past: Past = field(default_factory=Past, compare=False, repr=False)
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
        """Inspector's open findings, image by image; none unless the registry is ENHANCED."""
        if self.scan_type != ENHANCED:
            return ()
        return tuple(
            self._finding(at, group)
            for at in self.images
            if at.image.scan is not None
            for group in by_vulnerability(at.image.scan.statements)
        )

    def _finding(self, at: ImageAt, group: tuple[Statement, ...]) -> FindingAt:
        vulnerability = group[0].vulnerability_id
        suppressed = vulnerability in at.repository.settings.get(SUPPRESSED, "").split()
        key = (self.account, self.region, at.repository.name, at.image.digest, vulnerability)
        status = "SUPPRESSED" if suppressed else "ACTIVE"
        return FindingAt(at, group, status, self.past.times.get(key))

    @cached_property
    def closed(self) -> tuple[FindingAt, ...]:
        """Inspector's closed findings that it has not deleted yet."""
        ours = self.past.closed_in(self.account, self.region)
        return tuple(FindingAt(one.at, one.statements, "CLOSED", one.when) for one in ours)

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
    """Every AWS registry of an estate; made anew for each estate shown. But for pulls immutable.

    Args:
        estate: What is shown.
        before: The world that was shown until now: what went since then Inspector has closed.

    Attributes:
        pulled: When images (account, region, repository, digest) were pulled from the server.
    """

    def __init__(self, estate: Estate, before: AwsWorld | None = None) -> None:
        self.estate = estate
        self.pulled: dict[tuple[str, str, str, str], datetime] = before.pulled if before else {}
        self.past = _past(before, estate) if before else Past()
        self._views = {
            (place.account, place.region, public): RegistryView(
                estate, place.account, place.region, place, public, self.past
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

    def views(self, region: str = "") -> tuple[RegistryView, ...]:
        """Return the private registries in a region, or in all, in order."""
        views = self._views.items()
        return tuple(v for (_, at, public), v in views if region in ("", at) and not public)

    def administrator(self, region: str) -> str:
        """Return Inspector's delegated administrator in a region; empty where there is none."""
        told = (v.place.settings.get(ADMINISTRATOR, "") for v in self.views(region) if v.place)
        return next(filter(None, told), "")

    def members(self, region: str) -> dict[str, str]:
        """Return the relationship status of each account associated with the administrator."""
        admin = self.administrator(region)
        statuses = {
            view.account: view.place.settings.get(MEMBERSHIP, "ENABLED")
            for view in self.views(region)
            if view.place and admin and view.account != admin
        }
        return {account: status for account, status in statuses.items() if status}

    def overseen(self, account: str, region: str) -> tuple[RegistryView, ...]:
        """Return the registries whose findings an account sees: its own and its members'."""
        own = self.view(account, region)
        if account != self.administrator(region):
            return (own,)
        enabled = {member for member, word in self.members(region).items() if word == "ENABLED"}
        return (own, *(view for view in self.views(region) if view.account in enabled))


def _past(before: AwsWorld, estate: Estate) -> Past:
    """Tell what became of every finding between two estates."""
    was = [one for view in before.views() for one in _keyed(view)]
    after = AwsWorld(estate)
    now = {key: one for view in after.views() for key, one in _keyed(view)}
    scanned = {
        (view.account, view.region, at.repository.name, at.image.digest): at.image.scan
        for view in after.views()
        if view.scan_type == ENHANCED
        for at in view.images
    }
    return before.past.followed_by(was, now, scanned, (before.estate.moment, estate.moment))


def _keyed(view: RegistryView) -> list[tuple[Key, FindingAt]]:
    return [
        (
            (
                view.account,
                view.region,
                one.at.repository.name,
                one.at.image.digest,
                one.statements[0].vulnerability_id,
            ),
            one,
        )
        for one in view.findings
    ]
