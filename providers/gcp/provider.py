"""The Google Cloud adapter. Importing this module imports no Google library; collecting does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from audit.model.scope import Plan, ScopeOutcome, Task
from audit.ports import (
    Capabilities,
    Check,
    PullLogin,
    Pulls,
    RegistryProvider,
    RunContext,
    Settings,
    Sink,
)
from providers.gcp.analysis import Shared
from providers.gcp.pulls import GcpPulls
from providers.gcp.recall import Recall
from providers.gcp.scopes import PROVIDER, SOURCE
from providers.gcp.settings import GcpSettings
from providers.gcp.stated import StatedOnce
from providers.gcp.tasks import project_task, read_of

_GAPS = {
    "images.platform": "notyet: ListDockerImages tells a platform only for manifests of an index",
    "images.subject_digest": "notyet: not listed; read from the tag for cosign's artifacts only",
    "images.base_image": "notimpl: needs the image's configuration",
    "placements.last_pulled_at": "notyet: Artifact Registry records no pull time",
    "placements.in_use": "notyet: Artifact Registry does not know what runs",
    "access by folders": "notimpl: policies of folders and of the organisation are not read",
    "validation of upstreams": "notyet: the setting is input only; it is never given back",
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
        self._pulls = GcpPulls(settings)

    def plan(self) -> Plan:
        """Return one task per project; makes calls only where projects are to be discovered."""
        settings = self._settings
        if settings.discovery is None:
            locations = settings.locations or None
            tasks = [project_task(settings, one, locations=locations) for one in settings.projects]
            return Plan(tasks)
        from providers.gcp.discovery import Discovery  # noqa: PLC0415  lazy import of the SDKs

        recall, log = self._shared.recall, self._context.log
        return Discovery(settings, settings.discovery, recall, log).plan()

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one project: its settings, its locations, what lies in each, then its findings.

        Raises:
            AccessDeniedError: There are no credentials to open the services with.
        """
        # The SDKs cost a second to import and belong to this adapter alone.
        from providers.gcp.collect import collect_project  # noqa: PLC0415  lazy import of the SDKs

        return collect_project(read_of(task.params), self._shared, sink)

    def pull_login(self, registry_id: str, repository: str) -> PullLogin:  # noqa: ARG002  one token for all
        """Return an access token for a registry; see :mod:`providers.gcp.pulls`."""
        return self._pulls.login(registry_id)

    def examine(self) -> Iterable[Check]:
        """Try what a run would need; see :class:`~audit.ports.Doctor`."""
        from providers.gcp.doctor import GcpDoctor  # noqa: PLC0415  lazy import of the SDKs

        return GcpDoctor(self._settings, self.plan()).examine()


_: type[RegistryProvider] = GcpProvider
_p: type[Pulls] = GcpProvider
