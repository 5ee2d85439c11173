"""Inspector as its delegated administrator sees it: one look for all accounts of a region.

The first task of a region reads what all of them need, while the others wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from audit.errors import DisabledError, NotFoundError, SourceError
from audit.model.scope import ScopeTally
from audit.ports import RunContext
from providers.aws.api import (
    INSPECTOR_ADMINISTRATOR,
    INSPECTOR_FINDINGS,
    INSPECTOR_MEMBERS,
    Api,
    Listing,
)
from providers.aws.inspector_coverage import Coverage, Coverages, read_coverage
from providers.aws.inspector_filters import changed
from providers.aws.inspector_marks import marks
from providers.aws.inspector_settings import InspectorSettings
from providers.aws.inspector_window import Window
from providers.aws.scopes import findings_scope

NOT_A_MEMBER = "NotAMember"
_MOST_SHARED = 30_000
ENABLED = "ENABLED"
"""What ListMembers calls an account of which the administrator sees the findings."""
Value = TypeVar("Value")
Opener = Callable[[str, str, ScopeTally], Api]
"""Opens (account, region), counting its calls.

Raises SourceError if the account cannot be entered.
"""


class Once(Generic[Value]):
    """A value that the first who asks works out while the others wait; so is an error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[Value] = []
        self._error: SourceError | None = None

    def get(self, work: Callable[[], Value]) -> Value:
        """Return the value.

        Raises:
            SourceError: It could not be worked out, by whoever tried.
        """
        with self._lock:
            if self._error:
                raise self._error
            if not self._found:
                try:
                    self._found.append(work())
                except SourceError as error:
                    self._error = error
                    raise
            return self._found[0]


@dataclass(frozen=True)
class Members:
    """Who is a member, by account; ``error`` when that was not read to its end."""

    statuses: Mapping[str, str]
    error: SourceError | None


@dataclass
class AdminRegion:
    """The administrator's Inspector in one region."""

    administrator: str
    region: str
    api: Api
    settings: InspectorSettings
    context: RunContext
    _members: Once[Members] = field(default_factory=Once)
    _coverages: Once[Coverages] = field(default_factory=Once)
    _window: Once[Window | None] = field(default_factory=Once)

    def coverage(self, account: str, tally: ScopeTally) -> Coverage:
        """Return an account's coverage; an account that is no member is not covered.

        Raises:
            SourceError: The account is no member.
        """
        members = self._members.get(lambda: self._read_members(tally))
        status = members.statuses.get(account)
        if account != self.administrator and status != ENABLED and not members.error:
            raise DisabledError(
                f"account {account} is no member of Inspector's delegated administrator "
                f"{self.administrator} in {self.region} (status {status or 'none'})",
                operation=INSPECTOR_MEMBERS,
                code=NOT_A_MEMBER,
            )
        shared = self._coverages.get(lambda: read_coverage(self.api, tally, self._named(members)))
        coverage = shared.of(account)
        if status != ENABLED and account != self.administrator:
            coverage.unseen = members.error
        return coverage

    def window(self, tally: ScopeTally) -> Window | None:
        """Return what changed in all accounts that go on from a mark; None if it is too much."""
        return self._window.get(lambda: self._read_window(tally))

    def _read_members(self, tally: ScopeTally) -> Members:
        """Read the members (ListMembers, 50 a page); without a listing to its end, none lacks."""
        listing = Listing(self.api, tally, INSPECTOR_MEMBERS, "members")
        statuses = {
            str(row.get("accountId")): str(row.get("relationshipStatus", "absent"))
            for page in listing.pages(onlyAssociated=True, maxResults=50)
            for row in page
        }
        return Members(statuses, listing.error)

    def _named(self, members: Members) -> list[str]:
        """Return the accounts to filter by; none when they may be others than the members told."""
        return [] if members.error else [self.administrator, *members.statuses]

    def _read_window(self, tally: ScopeTally) -> Window | None:
        begins = self._begins()
        if not begins:
            return None
        window = Window(_MOST_SHARED)
        listing = Listing(self.api, tally, INSPECTOR_FINDINGS, "findings")
        window.read(listing, changed(begins, min(begins.values())))
        if window.overflowed:
            self.context.log.info("%s: too much changed to be read at once", self.region)
            return None
        return window

    def _begins(self) -> dict[str, datetime]:
        """Return when the window of each account of the region begins that has one."""
        begins: dict[str, datetime] = {}
        for scope_id, mark in marks(self.context.memory).items():
            account = scope_id.split("/")[1]
            begin = mark.window(scope_id, self.context.moment, self.settings)
            if begin and scope_id == findings_scope(account, self.region).scope_id:
                begins[account] = begin
        return begins


class Administration:
    """Opens the delegated administrator, region by region.

    Args:
        settings: Whether there is one, and which.
        context: The run.
        opener: Opens an account and region.
    """

    def __init__(self, settings: InspectorSettings, context: RunContext, opener: Opener) -> None:
        self._settings, self._context, self._opener = settings, context, opener
        self._lock = threading.Lock()
        self._regions: dict[str, Once[AdminRegion | None]] = {}

    def region(self, region: str, own: Api, tally: ScopeTally) -> AdminRegion | None:
        """Return the administrator's view of a region; None where each account is asked itself.

        Args:
            region: The region.
            own: The account that asks, which can tell who administers it.
            tally: Scope that the calls are made for.

        Raises:
            SourceError: The administrator that is configured cannot be entered.
        """
        if self._settings.delegated_administrator is None:
            return None
        with self._lock:
            once = self._regions.setdefault(region, Once())
        return once.get(lambda: self._open(region, own, tally))

    def _open(self, region: str, own: Api, tally: ScopeTally) -> AdminRegion | None:
        told = self._settings.delegated_administrator
        try:
            account = self._discovered(own, tally) if told == "discover" else told
            if not account:
                return None
            api = self._opener(account, region, tally)
        except SourceError as error:
            if told != "discover":
                raise
            self._context.log.warning("%s: each account is asked itself: %s", region, error)
            return None
        return AdminRegion(account, region, api, self._settings, self._context)

    def _discovered(self, own: Api, tally: ScopeTally) -> str:
        try:
            answer = own.call(tally, INSPECTOR_ADMINISTRATOR, "delegatedAdmin")
        except NotFoundError:
            self._context.log.info("Inspector has no delegated administrator")
            return ""
        return str(answer["delegatedAdmin"].get("accountId") or "")
