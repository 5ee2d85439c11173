"""Resource Graph rows of registries -> what to read, and the ``registries`` table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from providers.azure.names import PROVIDER
from providers.azure.parse_children import Children
from providers.azure.parse_settings import registry_settings
from providers.azure.plans import PlanReading
from providers.azure.values import dig, pick, text

_OPERATION = "resourcegraph:registries"
_ABAC = "abacrepositorypermissions"


@dataclass(frozen=True)
class Registry:
    """A registry as the rest of the adapter needs it.

    Attributes:
        native_id: ARM id.
        subscription: Its id in lower case.
        abac: Pull roles give nothing here; access is granted by repository.
    """

    native_id: str
    login_server: str
    subscription: str
    location: str
    abac: bool


def subscription_id(row: Mapping[str, Any]) -> str | None:
    """Return the subscription of a Resource Graph row, None if the row does not tell.

    Ids of Azure are compared without regard to case; names of scopes must hold still.
    """
    told = text(pick(row, "subscriptionId"))
    return told.lower() if told else None


def registry(row: Mapping[str, Any]) -> Registry:
    """Read one row of the registries query.

    Raises:
        BrokenPageError: The row names no login server or no subscription.
    """
    native_id = str(row["id"])
    login_server = text(dig(row, "properties", "loginServer"))
    subscription = subscription_id(row)
    if login_server is None or subscription is None:
        raise BrokenPageError(
            f"{native_id} has no loginServer or subscriptionId", operation=_OPERATION
        )
    mode = text(dig(row, "properties", "roleAssignmentMode")) or ""
    return Registry(
        native_id=native_id,
        login_server=login_server,
        subscription=subscription,
        location=text(pick(row, "location")) or "",
        abac=mode.lower() == _ABAC,
    )


def registry_rows(
    rows: Iterable[Mapping[str, Any]],
    plan: PlanReading,
    run_id: str,
    children: Mapping[str, Children],
) -> Columns:
    """Return the ``registries`` block of a subscription.

    A setting that the row lacks, or says in a word not known, is null with an ``unread`` note.
    Resource Graph lags and picks its own API version, so a missing setting does not mean off.
    """
    columns = Columns("registries", provider=PROVIDER, observed_run_id=run_id, format="DOCKER")
    for row in rows:
        facts, posture = registry(row), registry_settings(row, plan)
        below = children.get(facts.login_server, Children())
        columns.append(
            scope_id=f"azure/{facts.login_server}",
            account=facts.subscription,
            region=facts.location,
            registry_id=facts.login_server,
            native_id=facts.native_id,
            labels=_labels(pick(row, "tags")),
            **posture.cells,
            **below.cells,
            unread=[*posture.unread, *below.unread],
        )
    return columns


def _labels(tags: object) -> list[str]:
    """Resource Graph gives null for a resource without tags."""
    told = tags.items() if isinstance(tags, Mapping) else ()
    return sorted(text(f"{name}={value}") or "" for name, value in told)
