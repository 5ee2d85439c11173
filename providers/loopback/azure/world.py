"""One estate as its Azure side sees it: tables of Resource Graph, registries, what goes wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from providers.loopback.azure.assessments import assessment_rows
from providers.loopback.azure.exemptions import exemption_rows, lasting
from providers.loopback.azure.older import detail_row
from providers.loopback.azure.resources import pricing_rows, registry_row, subscription_row
from providers.loopback.estate import Estate, Fault, FaultKind, Place, Registry, Repository


@dataclass(frozen=True, eq=False)  # one world is itself: what was computed for it can be kept
class World:
    """The Azure side of an estate. Read by many threads; nothing in it changes.

    Attributes:
        changed: When a repository (registry, name) was last seen to change in what it lists.
    """

    estate: Estate
    changed: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    def after(self, estate: Estate) -> World:
        """Return the world of the next estate: what differs in it changed at its moment."""
        before, now = self.listings, World(estate).listings
        differs = {place for place, listed in now.items() if before.get(place, listed) != listed}
        return World(estate, {**self.changed, **dict.fromkeys(differs, estate.moment)})

    @cached_property
    def listings(self) -> Mapping[tuple[str, str], tuple[tuple[str, tuple[str, ...]], ...]]:
        """What each repository (registry, name) lists: digests and tags."""
        return {
            (name, repository.name): tuple((one.digest, one.tags) for one in repository.images)
            for name, registry in self.registries.items()
            for repository in registry.repositories
        }

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The subscriptions, in order."""
        return self.estate.of("azure")

    @cached_property
    def subscriptions(self) -> tuple[str, ...]:
        """The ids of the subscriptions the principal may see."""
        hidden = {fault.account for fault in self._faults("invisible")}
        accounts = dict.fromkeys(place.account for place in self.places)
        return tuple(account for account in accounts if account not in hidden)

    @cached_property
    def registries(self) -> Mapping[str, Registry]:
        """Every registry by login server."""
        return {one.registry_id: one for place in self.places for one in place.registries}

    @cached_property
    def tables(self) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
        """Rows of Resource Graph by table name."""
        tenant, places = self.estate.tenant, self.places
        return {
            "resourcecontainers": tuple(subscription_row(place, tenant) for place in places),
            "resources": tuple(
                registry_row(registry, place, tenant)
                for place in places
                for registry in place.registries
            ),
            "securityresources": (
                *(row for place in places for row in pricing_rows(place, tenant)),
                *(row for place in places for row in self._findings(place)),
                *(detail_row(one, tenant) for one in self.estate.cve_details),
                *exemption_rows(self.estate),
            ),
        }

    def _findings(self, place: Place) -> Iterable[Mapping[str, Any]]:
        if self.fails("findings_silent", (place.account,)):
            return ()
        bare = self.fails("findings_bare", (place.account,))
        last = lasting(self.estate)
        return assessment_rows(place, self.estate.tenant, bare=bare, exemptions=last)

    def repository(self, login_server: str, name: str) -> Repository | None:
        """Return a repository of a registry, None when there is no such thing."""
        registry = self.registries.get(login_server)
        found = [one for one in registry.repositories if one.name == name] if registry else []
        return found[0] if found else None

    def fails(self, kind: FaultKind, subscriptions: Collection[str]) -> bool:
        """Whether a fault of this kind lies on any of the subscriptions."""
        return any(fault.account in subscriptions for fault in self._faults(kind))

    def posture_denied(self, account: str, operation: str) -> bool:
        """Whether reading one kind of setting is refused in a subscription."""
        faults = self._faults("posture_denied")
        return any((one.account, one.operation) == (account, operation) for one in faults)

    def denied(self, login_server: str) -> bool:
        """Whether the data plane of a registry is refused."""
        return any(fault.registry_id == login_server for fault in self._faults("denied"))

    def broken_page(self, login_server: str, repository: str, page: int) -> bool:
        """Whether this page (from 1) of a repository's manifests always fails."""
        return any(
            (fault.registry_id, fault.repository, fault.page) == (login_server, repository, page)
            for fault in self._faults("images_page")
        )

    def _faults(self, kind: FaultKind) -> list[Fault]:
        faults = self.estate.faults
        return [fault for fault in faults if (fault.kind, fault.provider) == (kind, "azure")]
