"""The adapter to plain OCI registries: an inventory; nobody judges the images but we."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from audit.errors import ConfigError, TerminalError
from audit.model.enums import ScopeKind
from audit.model.scope import Plan, ScopeOutcome, ScopeRef, ScopeTally, Task
from audit.ports import (
    Capabilities,
    Check,
    Doctor,
    PullLogin,
    RegistryProvider,
    RunContext,
    Settings,
    Sink,
)
from providers.oci.memory import Known
from providers.oci.rows import PROVIDER, Rows, scope_id
from providers.oci.settings import OciSettings

_GAPS = {
    "findings": "never: the specification knows no scanner; images are not_scanned until one looks",
    "untagged images": "never: only what a tag, an index or a referrer leads to can be listed",
    "placements.pushed_at": "never: the specification does not tell when something was pushed",
    "placements.last_pulled_at": "never: the specification does not tell pulls",
    "placements.in_use": "never: a registry does not know what runs",
    "configuration of registries and repositories": "never: the specification does not tell it",
    "repositories.expected_images": "never: the specification does not count",
}


class OciProvider:
    """Reads every configured registry, each as one task."""

    name: ClassVar[str] = PROVIDER
    settings_model: ClassVar[type[Settings]] = OciSettings
    capabilities: ClassVar[Capabilities] = Capabilities((), _GAPS)

    def __init__(self, settings: OciSettings, context: RunContext) -> None:
        self._settings, self._context = settings, context

    def plan(self) -> Plan:
        """Return one task a registry; makes no call."""
        hosts = [registry.host for registry in self._settings.registries]
        return Plan(
            [Task(self.name, scope_id(host), (_scope(host),), {"host": host}) for host in hosts]
        )

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one registry's inventory."""
        from providers.oci.auth import Keyring  # noqa: PLC0415  loads urllib3
        from providers.oci.client import RegistryClient  # noqa: PLC0415
        from providers.oci.inventory import Inventory  # noqa: PLC0415
        from providers.oci.logins import login_of  # noqa: PLC0415
        from providers.oci.wire import Wire  # noqa: PLC0415

        registry = self._settings.registry(task.params["host"])
        tally = ScopeTally(_scope(registry.host))
        try:
            login = login_of(registry)
        except ConfigError as error:
            tally.fail(TerminalError(str(error), operation="oci:login", code="NoLogin"))
            return [tally.finish()]
        wire = Wire(self._settings.max_attempts, registry.ca_file)
        keyring = Keyring(registry.url, login, wire, registry.token_hosts)
        client = RegistryClient(registry.url, wire, keyring)
        configs = self._settings.config_blobs
        known = Known(self._context.memory, registry.host, configs=configs)
        rows = Rows(registry.host, self._context.run_id, sink)
        Inventory(self._settings, registry, client, tally, known, rows).read()
        self._context.log.info("%s read: %d images", task.task_id, tally.listed)
        return [tally.finish()]

    def examine(self) -> Iterator[Check]:
        """Try one page of what a run would list of each registry."""
        from providers.oci.doctor import OciDoctor  # noqa: PLC0415  loads urllib3

        yield from OciDoctor(self._settings).examine()

    def pull_login(self, registry_id: str, repository: str) -> PullLogin:  # noqa: ARG002  one login a registry
        """Return the configured login; the client asks the registry's token server itself."""
        from providers.oci.logins import login_of  # noqa: PLC0415  starts helpers

        registry = self._settings.registry(registry_id)
        try:
            login = login_of(registry)
        except ConfigError as error:
            raise TerminalError(str(error), operation="oci:login", code="NoLogin") from error
        address = urlsplit(registry.url)
        return PullLogin(
            host=address.netloc,
            username=login.username if login else "",
            secret=login.secret if login else "",
            plain_http=address.scheme == "http",
            ca_file=registry.ca_file,
        )


def _scope(host: str) -> ScopeRef:
    return ScopeRef(PROVIDER, scope_id(host), ScopeKind.INVENTORY)


_: type[RegistryProvider] = OciProvider
_doctor: type[Doctor] = OciProvider
