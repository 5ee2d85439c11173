"""The AWS adapter: Amazon ECR with ECR basic scanning or Amazon Inspector."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from audit.errors import SourceError
from audit.model.scope import Plan, ScopeOutcome, ScopeTally, Task
from audit.ports import Capabilities, RegistryProvider, RunContext, Settings, Sink
from providers.aws.administration import Administration
from providers.aws.api import Api
from providers.aws.collect import collect_place
from providers.aws.judgement import findings_scope, inventory_scope
from providers.aws.place import Place
from providers.aws.settings import AccountSettings, AwsSettings
from providers.aws.status import ECR_BASIC, INSPECTOR

if TYPE_CHECKING:
    from providers.aws.client import Clients

_GAPS = {
    "discovery of accounts": "notimpl: AWS Organizations is not asked; accounts are configured",
    "discovery of regions": "notimpl: regions are configured; one left out is not reported",
    "repository policy": "notimpl: GetRepositoryPolicy is not asked",
    "lifecycle policy": "notimpl: GetLifecyclePolicy is not asked",
    "replication": "notimpl: DescribeRegistry is not asked",
    "pull-through cache": "notimpl: DescribePullThroughCacheRules is not asked",
    "signing": "notimpl: GetSigningConfiguration is not asked",
    "tags of repositories": "notimpl: ListTagsForResource is not asked",
    "public registry": "notimpl: ecr-public is not read",
    "key ownership": "notimpl: a key named by kms_key may be AWS's own aws/ecr key",
    "findings report": "notimpl: CreateFindingsReport is not asked; a first run lists all findings",
    "images of other clouds": "notimpl: what Inspector sees of Azure and Google Cloud is left out",
    "in_use under basic scanning": "notyet: only Inspector counts running containers",
    "in_use on EC2 and elsewhere": "notyet: Inspector sees Amazon ECS and Amazon EKS only",
    "fix state under basic scanning": "notyet: basic scanning names no fixed version",
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
        self._administration = Administration(settings.inspector, context, self._open)

    def plan(self) -> Plan:
        """Return one task an account and region; makes no call."""
        return Plan(
            [
                Task(
                    provider=self.name,
                    task_id=f"aws/{account.id}/{region}",
                    scopes=(
                        inventory_scope(account.id, region),
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
            api = self._open(account, region, tally)
        except SourceError as error:
            return _closed_door(tally, error)
        place = Place(
            account, region, self._settings, self._context, api, sink, self._administration
        )
        return collect_place(place, tally)

    def _open(self, account: str, region: str, tally: ScopeTally) -> Api:
        """Open an account; one that is not configured is entered as the tool itself."""
        known = {one.id: one for one in self._settings.accounts}
        return self._clients().open(
            known.get(account) or AccountSettings(id=account), region, tally
        )

    def _clients(self) -> Clients:
        """Load the SDK when the first task needs it, once for all tasks."""
        from providers.aws.client import Clients  # noqa: PLC0415  loads botocore

        with self._lock:
            if self._shared is None:
                self._shared = Clients(self._settings)
            return self._shared


def _closed_door(inventory: ScopeTally, error: SourceError) -> list[ScopeOutcome]:
    """Nothing of the account and region can be read: both scopes say so."""
    findings = ScopeTally(findings_scope(inventory.ref.account, inventory.ref.region))
    for tally in (inventory, findings):
        tally.fail(error)
    return [inventory.finish(), findings.finish()]


_: type[RegistryProvider] = AwsProvider
