"""Which subscriptions there are, and whether what is absent in each is believed. Pure.

Resource Graph leaves out, without an error, every subscription that the identity may not read. An
empty answer is therefore believed of a subscription only when the subscription itself was listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.errors import AccessDeniedError, SourceError
from audit.model.scope import ScopeOutcome, ScopeTally
from providers.azure.names import READ_SUBSCRIPTIONS, discovery_scope, subscription_scope

NOT_VISIBLE = "SubscriptionNotVisible"
LIST_SUBSCRIPTIONS = "resourcegraph:subscriptions"

Rows = list[dict[str, Any]]


@dataclass
class TenantView:
    """What one tenant shows. Subscription ids are in lower case.

    Attributes:
        listed: The subscriptions listed.
        expected: How many the tenant said there are; None before it said so.
        registries: Registry rows by subscription.
        broken: By subscription, the errors of registry rows of it that cannot be addressed.
        listing_error: Why ``listed`` is not known to be whole.
        registries_error: Why ``registries`` is not known to be whole.
    """

    tenant_id: str
    listed: set[str] = field(default_factory=set)
    expected: int | None = None
    registries: dict[str, Rows] = field(default_factory=dict)
    broken: dict[str, list[SourceError]] = field(default_factory=dict)
    listing_error: SourceError | None = None
    registries_error: SourceError | None = None
    api_calls: int = 0

    def names(self) -> list[str]:
        """Return every subscription that something was seen of, each once, in a fixed order."""
        return list(dict.fromkeys((*sorted(self.listed), *self.registries, *self.broken)))

    def outcome(self) -> ScopeOutcome:
        """Return how reading the tenant went."""
        tally = ScopeTally(
            discovery_scope(self.tenant_id), self.expected, len(self.listed), self.api_calls
        )
        of_rows = [error for errors in self.broken.values() for error in errors]
        return _finish(tally, self.listing_error, self.registries_error, *of_rows)


@dataclass(frozen=True)
class Visible:
    """One subscription: through which tenant it is read, and how finding its registries went.

    Attributes:
        rows: Its registry rows.
        worth_reading: There is something to collect: a registry, or a subscription that was
            asked for by name and is there.
    """

    subscription: str
    tenant_id: str
    rows: Rows
    outcome: ScopeOutcome
    worth_reading: bool


def visible(views: Sequence[TenantView], configured: Sequence[str]) -> list[Visible]:
    """Join what the tenants show with what was asked for; each subscription comes once.

    A subscription that two tenants show (delegated administration) is read through the tenant
    configured first. One that none shows belongs to the tenant that could not be listed, if any.
    """
    seen = [name for view in views for name in view.names()]
    return [
        _visible(name, _view_of(name, views), asked_for=name in configured)
        for name in dict.fromkeys((*seen, *configured))
    ]


def _view_of(name: str, views: Sequence[TenantView]) -> TenantView:
    lists = [view for view in views if name in view.listed]
    shows = [view for view in views if name in view.names()]
    may_show = [view for view in views if view.listing_error is not None]
    return (*lists, *shows, *may_show, *views)[0]


def _visible(name: str, view: TenantView, *, asked_for: bool) -> Visible:
    rows = view.registries.get(name, [])
    tally = ScopeTally(subscription_scope(view.tenant_id, name), listed=len(rows))
    outcome = _finish(tally, _doubt(name, view), view.registries_error, *view.broken.get(name, ()))
    worth_reading = bool(rows) or (asked_for and name in view.listed)
    return Visible(name, view.tenant_id, rows, outcome, worth_reading)


def _finish(tally: ScopeTally, *errors: SourceError | None) -> ScopeOutcome:
    for error in dict.fromkeys(errors):  # a tenant that cannot be opened fails both reads at once
        if error is not None:
            tally.fail(error)
    return tally.finish()


def _doubt(name: str, view: TenantView) -> SourceError | None:
    """Return why the subscription's registries may not be all there are, None if they are."""
    if view.listing_error is not None:
        return view.listing_error
    if name in view.listed:
        return None
    return AccessDeniedError(
        "Resource Graph leaves out, without an error, what the identity may not read, and it does "
        f"not list this subscription; {_READ if name in view.registries else _UNREAD}",
        operation=LIST_SUBSCRIPTIONS,
        code=NOT_VISIBLE,
        permission=READ_SUBSCRIPTIONS,
    )


_READ = "the registries it does show are read, others of it are not believed to be gone"
_UNREAD = "none of its registries could be looked at"
