"""Finds the accounts of an organisation and the regions of an account.

aws/organization names the accounts, aws/<account> names its regions, aws/<account>/<region> is
read. Whatever of this cannot be told is an outcome.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from audit.errors import SourceError, TerminalError
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import Plan, ScopeOutcome, ScopeRef, ScopeTally, Task
from providers.aws.api import ORGANIZATION_ACCOUNTS, Listing
from providers.aws.client import AwsApi, Clients
from providers.aws.members import LEFT_OUT, NOT_A_MEMBER, LeftOut, Member, member, verdict
from providers.aws.organisation import Organisation
from providers.aws.regions import RegionReader
from providers.aws.scopes import ORGANIZATION, account_scope, region_task
from providers.aws.settings import AccountSettings, AwsSettings, OrganizationSettings

_AT_ONCE = 8
_A_PAGE = 20
"""ListAccounts gives no more a page, whatever is asked for."""


class Discovery:
    """Plans a run over accounts or regions that are not all named in the configuration.

    Attributes:
        organisation: Who belongs to it, as far as the configuration and the plan told.
    """

    def __init__(self, settings: AwsSettings, clients: Clients, log: logging.Logger) -> None:
        self._settings, self._clients, self._log = settings, clients, log
        self._regions = RegionReader(settings, clients)
        self.organisation = settings.organisation

    def plan(self) -> Plan:
        """Ask for accounts and regions; every account has an outcome."""
        if self._settings.organization is None:
            return self._joined((), [(one, "") for one in self._settings.accounts])
        top = ScopeTally(ScopeRef("aws", ORGANIZATION, ScopeKind.DISCOVERY))
        own = self._clients.own_account(top)
        members = self._members(self._settings.organization, top, own)
        self._log.info("%s: %d accounts", ORGANIZATION, len(members))
        outcome = top.finish()
        self._learn(members, whole=outcome.outcome is Outcome.COMPLETE)
        # What Organizations no longer lists has left: it hides no account from who may list.
        whole = replace(outcome, exhaustive=outcome.outcome is Outcome.COMPLETE)
        told, to_read = _sorted_out(members, self._settings.organization, whole)
        doors = [self._settings.member(account, own=account == own) for account in to_read]
        return self._joined((whole, *told), [(door, ORGANIZATION) for door in doors])

    def _learn(self, members: Sequence[Member], *, whole: bool) -> None:
        """Take in who belongs to the organisation, beside what the configuration says."""
        given = self.organisation
        self.organisation = Organisation(
            given.id or next((one.organisation for one in members if one.organisation), ""),
            given.accounts | {one.account for one in members},
            whole=given.whole or whole,
        )

    def _members(self, wanted: OrganizationSettings, tally: ScopeTally, own: str) -> list[Member]:
        try:
            api = self._hub(tally, own)
        except SourceError as error:
            tally.fail(error)
            return []
        listing, found = Listing(api, tally, ORGANIZATION_ACCOUNTS, "Accounts"), []
        with api:
            for page in listing.pages(MaxResults=_A_PAGE):
                for row in page:
                    try:
                        found.append(member(row))
                    except SourceError as error:
                        listing.record(error)
        tally.listed = len(found)
        self._tell_paths(wanted, found)
        return found

    def _hub(self, tally: ScopeTally, own: str) -> AwsApi:
        """Open what lists accounts and tells the regions of each."""
        hub = self._settings.hub(own)
        self._regions.use_hub(hub)
        return self._clients.open(hub, self._settings.home, tally)

    def _tell_paths(self, wanted: OrganizationSettings, found: Sequence[Member]) -> None:
        """Say whether ListAccounts tells where accounts lie: not every caller gets it."""
        without = sum(one.above is None for one in found)
        filters = wanted.include_ous or wanted.exclude_ous
        say = self._log.warning if without and filters else self._log.info
        say("%s: %d of %d accounts come without Paths", ORGANIZATION, without, len(found))

    def _joined(
        self, told: Iterable[ScopeOutcome], doors: Sequence[tuple[AccountSettings, str]]
    ) -> Plan:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="discover") as pool:
            found = list(pool.map(lambda door: self._account(*door), doors))
        outcomes = [*told, *(outcome for outcome, _ in found)]
        return Plan([task for _, tasks in found for task in tasks], outcomes)

    def _account(self, account: AccountSettings, parent: str) -> tuple[ScopeOutcome, list[Task]]:
        """Enter an account and learn its regions."""
        tally = ScopeTally(account_scope(account.id, parent))
        try:
            api = self._clients.open(account, self._settings.home, tally)
        except SourceError as error:
            tally.fail(error)
            return tally.finish(), []
        with api:
            regions = self._regions.read(account, api, tally)
        tally.listed = len(regions)
        tasks = [region_task(account, region, tally.ref.scope_id) for region in regions]
        return tally.finish(), tasks


def _sorted_out(
    members: Sequence[Member], wanted: OrganizationSettings, top: ScopeOutcome
) -> tuple[list[ScopeOutcome], list[str]]:
    """Return the outcomes of the accounts that are not read, and the accounts that are.

    Accounts that are named and not listed are read all the same while the listing is not whole.
    """
    told, to_read = [], []
    for one in sorted(members, key=lambda one: one.account):
        why = verdict(one, wanted)
        if why is None:
            to_read.append(one.account)
        else:
            told.append(_not_read(one.account, why))
    listed = {one.account for one in members}
    for account in sorted(set(wanted.include_accounts) - set(wanted.exclude_accounts) - listed):
        if top.outcome is Outcome.COMPLETE:
            told.append(_not_read(account, _stranger()))
        else:
            to_read.append(account)
    return told, to_read


def _stranger() -> SourceError:
    return TerminalError(
        "include_accounts names it, and the organisation has no such account",
        operation=ORGANIZATION_ACCOUNTS,
        code=NOT_A_MEMBER,
    )


def _not_read(account: str, why: LeftOut | SourceError) -> ScopeOutcome:
    tally = ScopeTally(account_scope(account, ORGANIZATION))
    if isinstance(why, LeftOut):
        return ScopeOutcome(
            tally.ref, Outcome.LEFT_OUT, error_code=LEFT_OUT, error=f"left out: {why.reason}"
        )
    tally.fail(why)
    return tally.finish()
