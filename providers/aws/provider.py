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
from providers.aws.public import PublicPlace, collect_public, public_scope, public_task
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
    "settings of public registries": "notimpl: policies and tags of ecr-public are not read",
    "children of public indexes": "notyet: ecr-public gives no manifests; see images.child_digests",
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
        """Return one task an account and region, and one a public registry; makes no call."""
        tasks = [
            _task(account.id, region)
            for account in self._settings.accounts
            for region in self._settings.regions
        ]
        if self._settings.public:
            tasks += [public_task(account.id) for account in self._settings.accounts]
        return Plan(tasks)

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one account and region: its inventory and its findings."""
        account, region = task.params["account"], task.params["region"]
        public = "public" in task.params
        tally = ScopeTally(public_scope(account) if public else inventory_scope(account, region))
        try:
            api = self._clients().open(self._settings.account(account), region, tally)
        except SourceError as error:
            return _closed_door(task, tally, error)
        where = account, region, self._settings, self._context, api, sink
        organisation = self._settings.organisation
        if public:
            return collect_public(PublicPlace(*where, organisation), tally)
        return collect_place(Place(*where, organisation), tally)

    def _clients(self) -> Clients:
        """Load the SDK when the first task needs it, once for all tasks."""
        from providers.aws.client import Clients  # noqa: PLC0415  loads botocore

        with self._lock:
            if self._shared is None:
                self._shared = Clients(self._settings)
            return self._shared


def _task(account: str, region: str) -> Task:
    inventory = inventory_scope(account, region)
    return Task(
        provider=AwsProvider.name,
        task_id=inventory.scope_id,
        scopes=(inventory, posture_scope(account, region), findings_scope(account, region)),
        params={"account": account, "region": region},
    )


def _closed_door(task: Task, met: ScopeTally, error: SourceError) -> list[ScopeOutcome]:
    """Nothing of the account and region can be read: all its scopes say so."""
    tallies = [met, *(ScopeTally(ref) for ref in task.scopes if ref != met.ref)]
    for tally in tallies:
        tally.fail(error)
    return [tally.finish() for tally in tallies]


_: type[RegistryProvider] = AwsProvider
