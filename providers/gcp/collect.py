"""Reads one project, scope by scope."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from audit.errors import BrokenPageError, DisabledError
from audit.model.scope import ScopeOutcome, ScopeRef, ScopeTally
from audit.ports import Sink
from providers.gcp.analysis import Analysis, Shared
from providers.gcp.client import LIST_LOCATIONS, GcpClients
from providers.gcp.inventory import Inventory
from providers.gcp.operations import SERVICES
from providers.gcp.posture import Posture, row_without
from providers.gcp.posture_calls import RegistrySettings
from providers.gcp.rest import RestClient
from providers.gcp.scopes import tallied
from providers.gcp.services import REGISTRY_SERVICE
from providers.gcp.tasks import Read

_SWITCHED_OFF = "SERVICE_DISABLED"  # as the service itself says it


def collect_project(read: Read, shared: Shared, sink: Sink) -> Sequence[ScopeOutcome]:
    """Return an outcome for each scope of a project.

    Raises:
        AccessDeniedError: There are no credentials to open the services with.
    """
    settings = shared.settings
    with ExitStack() as stack:
        clients = stack.enter_context(GcpClients(settings))
        project = _Project(read, shared, sink, clients)
        if settings.posture:
            rest = stack.enter_context(RestClient(settings))
            asked = stack.enter_context(RegistrySettings(settings))
            project.posture = Posture(
                rest,
                asked,
                settings,
                project=read.project,
                # Those that the run before read: the organisation's own, as far as this tool goes.
                known_projects=frozenset(shared.recall.places()),
            )
        return project.collect()


class _Project:
    def __init__(self, read: Read, shared: Shared, sink: Sink, clients: GcpClients) -> None:
        self._read, self._shared = read, shared
        self._sink, self._clients = sink, clients
        self.posture: Posture | None = None

    def collect(self) -> list[ScopeOutcome]:
        """Read settings first: they say whether the service of registries is on at all."""
        services = self.posture.services() if self.posture else None
        off = services is not None and services.enabled(REGISTRY_SERVICE) is False
        outcomes, refs = self._discovered(off=off)
        if self.posture and refs and not off:
            self.posture.prepare(by_search=bool(self._read.root))
        inventory = Inventory(
            self._clients,
            self._sink,
            self._shared.settings,
            run_id=self._shared.context.run_id,
            row_of=self.posture.row if self.posture else row_without,
        )
        for ref in refs:
            outcomes.append(_disabled(ref) if off else inventory.read(ref))
        if self.posture:
            outcomes.append(self.posture.finish())
        if not self._read.empty:
            outcomes.append(self._analysis(inventory).read())
        return outcomes

    def _analysis(self, inventory: Inventory) -> Analysis:
        return Analysis(
            self._clients,
            self._sink,
            self._shared,
            project=self._read.project,
            placed=inventory.placed,
        )

    def _discovered(self, *, off: bool) -> tuple[list[ScopeOutcome], list[ScopeRef]]:
        """Return how the listing of locations ended, and the scopes of those to read."""
        ref, locations = self._read.discovery, self._read.locations
        if ref is None:
            return [], [self._read.inventory(one) for one in locations or ()]
        if off:
            return [_disabled(ref)], [self._read.inventory(one) for one in locations or ()]
        tally = ScopeTally(ref)
        found = self._list_locations(tally) if locations is None else sorted(locations)
        tally.listed = len(found)
        return [tally.finish()], [self._read.inventory(one) for one in found]

    def _list_locations(self, tally: ScopeTally) -> list[str]:
        locations: set[str] = set()
        for page in tallied(self._clients.location_pages(self._read.project), tally):
            locations.update(location.location_id for location in page.locations)
        if "" in locations or (not locations and tally.complete):
            # Google lists the same places for every project: an answer without any is cut short.
            tally.fail(
                BrokenPageError(
                    "a location without an id" if locations else "no location is listed",
                    operation=LIST_LOCATIONS.name,
                )
            )
        return sorted(locations - {""})


def _disabled(ref: ScopeRef) -> ScopeOutcome:
    """Return the outcome of a scope in a project whose Artifact Registry is switched off."""
    tally = ScopeTally(ref)
    tally.fail(
        DisabledError(
            f"{REGISTRY_SERVICE} is switched off in the project",
            operation=SERVICES.name,
            code=_SWITCHED_OFF,
        )
    )
    return tally.finish()
