"""Absence is believed of a subscription only when it was listed and its registries read whole."""

from __future__ import annotations

from typing import Any

import pytest

from audit.errors import AccessDeniedError, BrokenPageError, UnavailableError
from audit.model.enums import Outcome, ScopeKind
from providers.azure.visibility import TenantView, Visible, visible

LOST = UnavailableError("gone away", operation="resourcegraph:any", code="503")
REFUSED = AccessDeniedError("no", operation="resourcegraph:any", code="AccessDenied")
BAD = BrokenPageError("/r/9 has no loginServer", operation="resourcegraph:registries")
ROW = {"id": "/r/1"}


def view(tenant: str = "t-1", listed: str = "", rows: str = "", **more: Any) -> TenantView:
    """A tenant that lists some subscriptions and shows a registry of some."""
    registries = {name: [ROW] for name in rows.split()}
    return TenantView(tenant, set(listed.split()), registries=registries, **more)


def alone(seen: TenantView, *configured: str) -> Visible:
    (one,) = visible([seen], configured)
    return one


def test_a_listed_subscription_is_believed():
    one = alone(view(listed="s-1", rows="s-1"))
    assert (one.outcome.outcome, one.outcome.listed, one.outcome.errors) == (
        *(Outcome.COMPLETE, 1, 0),
    )
    ref = one.outcome.ref
    assert (ref.scope_id, ref.kind, ref.account, ref.parent_scope_id) == (
        *("azure/s-1", ScopeKind.DISCOVERY, "s-1", "azure/t-1"),
    )
    assert one.worth_reading


@pytest.mark.parametrize(("configured", "read"), [((), False), (("s-1",), True)])
def test_an_empty_subscription_is_complete_and_read_only_when_asked_for(configured, read):
    one = alone(view(listed="s-1"), *configured)
    assert (one.outcome.outcome, one.outcome.listed) == (Outcome.COMPLETE, 0)
    assert one.worth_reading is read


def test_a_configured_subscription_that_is_not_visible_is_denied():
    one = alone(view(), "s-1")
    told = one.outcome
    assert (told.outcome, told.error_code) == (Outcome.DENIED, "SubscriptionNotVisible")
    assert str(told.missing_permission).startswith("Reader (")
    assert "leaves out, without an error, what the identity may not read" in str(told.error)
    assert not one.worth_reading


def test_registries_of_a_subscription_that_is_not_listed_are_read_but_not_believed_whole():
    one = alone(view(rows="s-1"))
    told = one.outcome
    assert (told.outcome, told.listed) == (Outcome.PARTIAL, 1)
    assert "are not believed to be gone" in str(told.error)
    assert one.worth_reading


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (view(listed="s-1", rows="s-1", registries_error=LOST), Outcome.PARTIAL),
        (view(listed="s-1", registries_error=LOST), Outcome.FAILED),
        (view(listed="s-1", registries_error=REFUSED), Outcome.DENIED),
        (view(listed="s-1", rows="s-1", listing_error=LOST), Outcome.PARTIAL),
        (view(rows="s-1", listing_error=LOST), Outcome.PARTIAL),
        (view(listing_error=LOST), Outcome.FAILED),
        (view(listing_error=REFUSED), Outcome.DENIED),
        (view(listed="s-1", broken={"s-1": [BAD]}), Outcome.FAILED),
        (view(listed="s-1", rows="s-1", broken={"s-1": [BAD]}), Outcome.PARTIAL),
    ],
)
def test_a_read_that_failed_is_never_complete(seen, outcome):
    told = alone(seen, "s-1").outcome
    assert (told.outcome, told.errors) == (outcome, 1)
    assert told.error_code != "SubscriptionNotVisible"


def test_a_broken_row_is_the_error_of_its_own_subscription():
    seen = visible([view(listed="s-1 s-2", broken={"s-1": [BAD, BAD]})], ())
    assert {one.subscription: one.outcome.outcome for one in seen} == {
        "s-1": Outcome.FAILED,
        "s-2": Outcome.COMPLETE,
    }


def test_a_tenant_that_fails_both_reads_at_once_fails_once():
    seen = view(listing_error=LOST, registries_error=LOST)
    assert (seen.outcome().outcome, seen.outcome().errors) == (Outcome.FAILED, 1)


@pytest.mark.parametrize(
    ("views", "tenant", "outcome"),
    [
        ([view(), view("t-2", listed="s-1")], "t-2", Outcome.COMPLETE),
        ([view(rows="s-1"), view("t-2", listed="s-1", rows="s-1")], "t-2", Outcome.COMPLETE),
        ([view(listed="s-1"), view("t-2", listed="s-1")], "t-1", Outcome.COMPLETE),
        ([view(), view("t-2", rows="s-1")], "t-2", Outcome.PARTIAL),
        ([view(listing_error=LOST), view("t-2", listed="s-1")], "t-2", Outcome.COMPLETE),
        ([view(), view("t-2", listing_error=LOST)], "t-2", Outcome.FAILED),
        ([view(), view("t-2")], "t-1", Outcome.DENIED),
    ],
)
def test_of_several_tenants_the_one_that_sees_most_has_the_subscription_once(
    views, tenant, outcome
):
    (one,) = visible(views, ("s-1",))
    assert (one.tenant_id, one.outcome.outcome) == (tenant, outcome)
    assert one.outcome.ref.parent_scope_id == f"azure/{tenant}"
