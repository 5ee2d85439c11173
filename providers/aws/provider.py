"""The AWS adapter: Amazon ECR with ECR basic scanning or Amazon Inspector."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from audit.errors import SourceError
from audit.model.enums import ScopeKind
from audit.model.scope import Plan, ScopeOutcome, ScopeTally, Task
from audit.ports import (
    Capabilities,
    Check,
    Doctor,
    PullLogin,
    Pulls,
    RegistryProvider,
    RunContext,
    Settings,
    Sink,
)
from providers.aws.administration import Administration
from providers.aws.collect import collect_place
from providers.aws.place import Place
from providers.aws.public import PublicPlace, collect_public
from providers.aws.pulls import EcrPulls
from providers.aws.scopes import account_scope, public_task, region_task
from providers.aws.settings import AccountSettings, AwsSettings
from providers.aws.status import ECR_BASIC, INSPECTOR

if TYPE_CHECKING:
    from providers.aws.client import AwsApi, Clients

_GAPS = {
    "signatures of images": "notimpl: DescribeImageSigningStatus is not asked",
    "settings of public registries": "notimpl: policies and tags of ecr-public are not read",
    "children of public indexes": "notyet: ecr-public gives no manifests; see images.child_digests",
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
        self._organisation = settings.organisation
        self._administration = Administration(settings.inspector, context, self._open)
        self._pulls = EcrPulls(settings, context, self._open)

    def plan(self) -> Plan:
        """Return one task an account and region; calls only for what is not configured."""
        if self._settings.accounts and self._settings.listed_regions:
            accounts, regions = self._settings.accounts, self._settings.listed_regions
            tasks = [region_task(account, one) for account in accounts for one in regions]
            plan = Plan(tasks)
        else:
            plan = self._discovered()
        if not self._settings.public:
            return plan
        parents = {t.params["account"]: t.scopes[0].parent_scope_id for t in plan.tasks}
        public = [public_task(account, parent) for account, parent in parents.items()]
        return Plan([*plan.tasks, *public], plan.outcomes)

    def _discovered(self) -> Plan:
        from providers.aws.discovery import Discovery  # noqa: PLC0415  loads botocore

        discovery = Discovery(self._settings, self._clients(), self._context.log)
        plan = discovery.plan()
        self._organisation = discovery.organisation
        return plan

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one account and region: its inventory and its findings."""
        account, region = task.params["account"], task.params["region"]
        tally = ScopeTally(next(ref for ref in task.scopes if ref.kind is ScopeKind.INVENTORY))
        try:
            api = self._open(account, region, tally)
        except SourceError as error:
            return _closed_door(task, tally, error)
        with api:
            where = account, region, self._settings, self._context, api, sink
            beside = self._organisation, self._administration
            if "public" in task.params:
                return collect_public(PublicPlace(*where, *beside), tally)
            return collect_place(Place(*where, *beside), tally)

    def examine(self) -> Iterator[Check]:
        """Try each account and one region of it; see :class:`audit.ports.Doctor`."""
        from providers.aws.doctor import AwsDoctor  # noqa: PLC0415  loads botocore
        from providers.aws.enrolment import Enrolment  # noqa: PLC0415  loads botocore

        def role_of(account: str) -> str | None:
            return self._door(account, ScopeTally(account_scope(account))).role_arn

        plan, enrolment = self.plan(), Enrolment(self._open)
        yield from AwsDoctor(plan, self._open, role_of, enrolment).examine()

    def pull_login(self, registry_id: str, repository: str) -> PullLogin:  # noqa: ARG002  one login a registry
        """Return ECR's token for an account and region; see :mod:`providers.aws.pulls`."""
        return self._pulls.login(registry_id)

    def _open(self, account: str, region: str, tally: ScopeTally) -> AwsApi:
        """Open any account.

        Raises:
            SourceError: It cannot be entered.
        """
        return self._clients().open(self._door(account, tally), region, tally)

    def _door(self, account: str, tally: ScopeTally) -> AccountSettings:
        """Return how an account is entered; one that is not configured, as the tool itself."""
        if self._settings.organization is None:
            known = {one.id: one for one in self._settings.accounts}
            return known.get(account) or AccountSettings(id=account)
        own = self._clients().own_account(tally)
        return self._settings.member(account, own=account == own)

    def _clients(self) -> Clients:
        """Load the SDK when the first task needs it, once for all tasks."""
        from providers.aws.client import Clients  # noqa: PLC0415  loads botocore

        with self._lock:
            if self._shared is None:
                self._shared = Clients(self._settings)
            return self._shared


def _closed_door(task: Task, met: ScopeTally, error: SourceError) -> list[ScopeOutcome]:
    """Nothing of the account and region can be read: all its scopes say so."""
    tallies = [met, *(ScopeTally(ref) for ref in task.scopes if ref != met.ref)]
    for tally in tallies:
        tally.fail(error)
    return [tally.finish() for tally in tallies]


_: type[RegistryProvider] = AwsProvider
_d: type[Doctor] = AwsProvider
_p: type[Pulls] = AwsProvider
