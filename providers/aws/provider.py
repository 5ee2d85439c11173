"""The AWS adapter: Amazon ECR with ECR basic scanning or Amazon Inspector."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from audit.errors import SourceError
from audit.model.scope import Plan, ScopeOutcome, ScopeTally, Task
from audit.ports import Capabilities, RegistryProvider, RunContext, Settings, Sink
from providers.aws.collect import collect_place
from providers.aws.judgement import findings_scope, inventory_scope, posture_scope
from providers.aws.place import Place
from providers.aws.settings import AwsSettings
from providers.aws.status import ECR_BASIC, INSPECTOR

if TYPE_CHECKING:
    from providers.aws.client import Clients

_GAPS = {
    "discovery of accounts": "notimpl: AWS Organizations is not asked; accounts are configured",
    "discovery of regions": "notimpl: regions are configured; one left out is not reported",
    "delegated administrator": "notimpl: Inspector is read in each account, not once for all",
    "incremental reads": "notimpl: every finding is fetched in every run",
    "signatures of images": "notimpl: DescribeImageSigningStatus is not asked",
    "in_use under basic scanning": "notyet: only Inspector counts running containers",
    "in_use on EC2 and elsewhere": "notyet: Inspector sees Amazon ECS and Amazon EKS only",
    "fix state under basic scanning": "notyet: basic scanning names no fixed version",
    "closed findings": "never: Inspector deletes them; the warehouse keeps the history",
    "platform of single images": "notyet: DescribeImages tells no platform outside an index",
    "labels and build time": "never: they need the image's config, which is a pull",
    "expected images": "notyet: ECR does not say how many images a repository holds",
}


class AwsProvider:
    """Reads every configured account and region, each as one task."""

    name: ClassVar[str] = "aws"
    settings_model: ClassVar[type[Settings]] = AwsSettings
    capabilities: ClassVar[Capabilities] = Capabilities((INSPECTOR, ECR_BASIC), _GAPS)

    def __init__(self, settings: AwsSettings, context: RunContext) -> None:
        self._settings, self._context = settings, context
        self._lock = threading.Lock()
        self._shared: Clients | None = None

    def plan(self) -> Plan:
        """Return one task an account and region; makes no call."""
        return Plan(
            [
                Task(
                    provider=self.name,
                    task_id=f"aws/{account.id}/{region}",
                    scopes=(
                        inventory_scope(account.id, region),
                        posture_scope(account.id, region),
                        findings_scope(account.id, region),
                    ),
                    params={"account": account.id, "region": region},
                )
                for account in self._settings.accounts
                for region in self._settings.regions
            ]
        )

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one account and region: its inventory and its findings."""
        account, region = task.params["account"], task.params["region"]
        tally = ScopeTally(inventory_scope(account, region))
        try:
            api = self._clients().open(self._settings.account(account), region, tally)
        except SourceError as error:
            return _closed_door(tally, error)
        organisation = self._settings.organisation
        place = Place(account, region, self._settings, self._context, api, sink, organisation)
        return collect_place(place, tally)

    def _clients(self) -> Clients:
        """Load the SDK when the first task needs it, once for all tasks."""
        from providers.aws.client import Clients  # noqa: PLC0415  loads botocore

        with self._lock:
            if self._shared is None:
                self._shared = Clients(self._settings)
            return self._shared


def _closed_door(inventory: ScopeTally, error: SourceError) -> list[ScopeOutcome]:
    """Nothing of the account and region can be read: all its scopes say so."""
    where = inventory.ref.account, inventory.ref.region
    tallies = (inventory, ScopeTally(posture_scope(*where)), ScopeTally(findings_scope(*where)))
    for tally in tallies:
        tally.fail(error)
    return [tally.finish() for tally in tallies]


_: type[RegistryProvider] = AwsProvider
