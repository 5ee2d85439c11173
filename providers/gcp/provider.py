"""The Google Cloud adapter. Importing this module imports no Google library; collecting does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from audit.errors import BrokenPageError
from audit.model.scope import Plan, ScopeOutcome, ScopeTally, Task
from audit.ports import Capabilities, RegistryProvider, RunContext, Settings, Sink
from providers.gcp.analysis import Analysis, Shared
from providers.gcp.inventory import Inventory
from providers.gcp.recall import Recall
from providers.gcp.scopes import (
    PROVIDER,
    SOURCE,
    discovery_scope,
    findings_scope,
    inventory_scope,
    tallied,
)
from providers.gcp.settings import GcpSettings
from providers.gcp.statements import StatedOnce

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

_GAPS = {
    "discovery.organisation": "notimpl: projects are listed in the configuration",
    "images.platform": "notyet: ListDockerImages tells a platform only for manifests of an index",
    "images.subject_digest": "notyet: not listed; read from the tag for cosign's artifacts only",
    "images.base_image": "notimpl: needs the image's configuration",
    "placements.last_pulled_at": "notyet: Artifact Registry records no pull time",
    "placements.in_use": "notyet: Artifact Registry does not know what runs",
    "registries.anonymous_pull_enabled": "notimpl: needs the repositories' IAM policies",
    "registries.public_network_access": "notimpl: needs the service perimeter's configuration",
    "registries.encryption_type": "notyet: told only by the presence of a key",
    "registries.language_packages_scanned": "notyet: told per image, not per repository",
    "repositories.created_at": "notimpl: needs ListPackages",
    "repositories.expected_images": "notyet: Artifact Registry gives no count",
    "findings.purl": "never: Artifact Analysis gives CPE, package and version",
    "findings.aliases": "notyet: occurrences name one id",
    "findings.cvss_minor_version": "notyet: Grafeas says 3; 3.1 unless its text says 3.0",
    "assessments.content_hash": "never: Google tells itself when the statements last changed",
    "assessments.scanner_version": "notyet: occurrences do not tell",
    "vulnerabilities.kev_added_at": "notyet: occurrences say that CISA lists it, not since when",
    "vulnerabilities.published_at": "notimpl: needs a call for each note",
}


class GcpProvider:
    """Artifact Registry repositories and images, and what Artifact Analysis says of them."""

    name: ClassVar[str] = PROVIDER
    settings_model: ClassVar[type[Settings]] = GcpSettings
    capabilities: ClassVar[Capabilities] = Capabilities(sources=(SOURCE,), gaps=_GAPS)

    def __init__(self, settings: GcpSettings, context: RunContext) -> None:
        self._settings, self._context = settings, context
        self._shared = Shared(settings, context, Recall(context.memory), StatedOnce())

    def plan(self) -> Plan:
        """Return one task per project; makes no call.

        The locations are found by the task, or given: what is given is no listing, so that a
        location taken out of the configuration does not read as one that is gone.
        """
        return Plan([self._task(project) for project in self._settings.projects])

    def _task(self, project: str) -> Task:
        given = self._settings.locations
        known = [inventory_scope(project, name, discovered=False) for name in sorted(set(given))]
        scopes = (*(known or [discovery_scope(project)]), findings_scope(project))
        return Task(PROVIDER, f"{PROVIDER}/{project}", scopes, {"project": project})

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one project: its locations, what lies in each, then its findings.

        Raises:
            AccessDeniedError: There are no credentials to open the services with.
        """
        # The SDKs cost a second to import and belong to this adapter alone.
        from providers.gcp.client import GcpClients  # noqa: PLC0415  lazy import of the SDKs

        with GcpClients(self._settings) as clients:
            return self._collect(task.params["project"], clients, sink)

    def _collect(self, project: str, clients: GcpClients, sink: Sink) -> list[ScopeOutcome]:
        settings = self._settings
        discovery: list[ScopeOutcome] = []
        locations = sorted(set(settings.locations))
        if not locations:
            locations, discovered = self._discover(project, clients)
            discovery.append(discovered)
        inventory = Inventory(clients, sink, settings, project=project, run_id=self._context.run_id)
        inventories = [inventory.read(location) for location in locations]
        analysis = Analysis(
            clients,
            sink,
            self._shared,
            project=project,
            placed=inventory.placed,
        )
        return [*discovery, *inventories, analysis.read()]

    def _discover(self, project: str, clients: GcpClients) -> tuple[list[str], ScopeOutcome]:
        """Return the project's locations, sorted, and how their listing ended."""
        tally = ScopeTally(discovery_scope(project))
        locations: set[str] = set()
        for page in tallied(clients.location_pages(project), tally):
            locations.update(location.location_id for location in page.locations)
        if "" in locations or (not locations and tally.complete):
            # Google lists the same places for every project: an answer without any is cut short.
            tally.fail(
                BrokenPageError(
                    "a location without an id" if locations else "no location is listed",
                    operation="artifactregistry:ListLocations",
                )
            )
        locations.discard("")
        tally.listed = len(locations)
        return sorted(locations), tally.finish()


_: type[RegistryProvider] = GcpProvider
