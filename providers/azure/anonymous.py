"""Collects a registry that is read as anyone may: of it nothing but what it holds can be seen."""

from __future__ import annotations

from collections.abc import Sequence

from audit.model.columns import Columns
from audit.model.enums import State
from audit.model.scope import ScopeOutcome, Task
from audit.ports import RunContext, Sink
from providers.azure.client import opened_registry
from providers.azure.inventory import RegistryReader, Shelf
from providers.azure.names import ANONYMOUS, PROVIDER, SOURCE, inventory_scope
from providers.azure.parse_registries import Registry
from providers.azure.settings import AzureSettings

_REASON = "The registry is read without a credential, so Defender's word on it cannot be asked for."
_UNREAD = "every setting: the registry is read without a credential"


def collect_anonymous(
    settings: AzureSettings, context: RunContext, task: Task, sink: Sink
) -> Sequence[ScopeOutcome]:
    """Read one registry without a credential into ``sink``.

    Its settings are unknown and its images are not assessed: that is said, not left out.
    """
    login_server = task.params[ANONYMOUS]
    registry = Registry("", login_server, "", "", abac=False)
    shelf = Shelf(sink, context, settings)
    sink.write(_registry_row(login_server, context.run_id))
    with opened_registry(settings, login_server, None, abac=False) as client:
        ref = inventory_scope("", login_server, "")
        outcome = RegistryReader(registry, ref, client, shelf).read()
    block = _assessments(shelf, context.run_id)
    if len(block):
        sink.write(block)
    return [outcome]


def _registry_row(login_server: str, run_id: str) -> Columns:
    columns = Columns("registries", provider=PROVIDER, observed_run_id=run_id, format="DOCKER")
    columns.append(
        scope_id=f"azure/{login_server}", registry_id=login_server, labels=[], unread=[_UNREAD]
    )
    return columns


def _assessments(shelf: Shelf, run_id: str) -> Columns:
    columns = Columns("assessments", provider=PROVIDER, source=SOURCE, observed_run_id=run_id)
    for place, _ in shelf.placements.images():
        columns.append(**place._asdict(), state=str(State.UNKNOWN), reason=_REASON)
    return columns
