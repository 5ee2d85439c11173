"""Resource Graph rows of registries -> what to read, and the ``registries`` table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from providers.azure.names import PROVIDER
from providers.azure.plans import Plan, PlanReading
from providers.azure.values import dig, moment, pick, text

_OPERATION = "resourcegraph:registries"
_ABAC = "abacrepositorypermissions"
_ACCESS = ("Enabled", "Disabled")
_ACTION = ("Allow", "Deny")
_STATUS = ("enabled", "disabled")
_MODE = ("AbacRepositoryPermissions", "LegacyRegistryPermissions")


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


def registry_rows(rows: Iterable[Mapping[str, Any]], plan: PlanReading, run_id: str) -> Columns:
    """Return the ``registries`` block of a subscription.

    A setting that the row lacks, or says in a word not known, is null with an ``unread`` note.
    Resource Graph lags and picks its own API version, so a missing setting does not mean off.
    """
    columns = Columns("registries", provider=PROVIDER, observed_run_id=run_id, format="DOCKER")
    for row in rows:
        facts = registry(row)
        columns.append(
            scope_id=f"azure/{facts.login_server}",
            account=facts.subscription,
            region=facts.location,
            registry_id=facts.login_server,
            native_id=facts.native_id,
            labels=_labels(pick(row, "tags")),
            **_posture(row, plan),
        )
    return columns


def _posture(row: Mapping[str, Any], plan: PlanReading) -> dict[str, Any]:
    """Return the posture columns; their sources are members of ARM's ``properties``."""
    properties, said = pick(row, "properties"), _Said()
    policies = pick(properties, "policies")
    posture = {
        "sku": said.word("sku", pick(row, "sku")),
        "created_at": said.time("created_at", pick(properties, "creationDate")),
        "scanning_enabled": said.plan("scanning_enabled", plan),
        "scan_type": plan.words,
        "admin_user_enabled": said.flag("admin_user_enabled", pick(properties, "adminUserEnabled")),
        "anonymous_pull_enabled": said.flag(
            "anonymous_pull_enabled", pick(properties, "anonymousPullEnabled")
        ),
        "public_network_access": said.word(
            "public_network_access", pick(properties, "publicNetworkAccess"), _ACCESS
        ),
        "network_default_action": said.word(
            "network_default_action", dig(properties, "networkRuleSet", "defaultAction"), _ACTION
        ),
        "private_endpoints_approved": said.approved(
            "private_endpoints_approved", pick(properties, "privateEndpointConnections")
        ),
        "export_allowed": said.status("export_allowed", dig(policies, "exportPolicy", "status")),
        "retention_enabled": said.status(
            "retention_enabled", dig(policies, "retentionPolicy", "status")
        ),
        "role_assignment_mode": said.word(
            "role_assignment_mode", pick(properties, "roleAssignmentMode"), _MODE
        ),
        **_encryption(pick(properties, "encryption"), said),
    }
    return posture | {"unread": said.unread}


def _encryption(encryption: object, said: _Said) -> dict[str, Any]:
    """Return the encryption columns; the service's own key leaves ``kms_key`` empty."""
    status = said.word("encryption_type", pick(encryption, "status"), _STATUS)
    on = _as_status(status)
    key = text(dig(encryption, "keyVaultProperties", "keyIdentifier"))
    if on is False:
        key = ""
    elif key is None:
        said.unread.append("kms_key: the row names no key")
    return {"encryption_type": status, "kms_key": key}


class _Said:
    """Reads settings of one row and notes those that could not be told."""

    def __init__(self) -> None:
        self.unread: list[str] = []

    def word(self, column: str, value: object, known: Iterable[str] = ()) -> str | None:
        """The cloud's word, in its usual letter case where it is a known one."""
        word = text(value)
        if word is None:
            self._missing(column)
            return None
        return next((usual for usual in known if usual.lower() == word.lower()), word)

    def time(self, column: str, value: object) -> Any:  # noqa: ANN401  a cell
        """A moment."""
        read = moment(value)
        return read if read is not None else self._missing(column)

    def flag(self, column: str, value: object) -> bool | None:
        """A boolean, also as the word true or false."""
        return self._told(column, value, _as_flag(value))

    def status(self, column: str, value: object) -> bool | None:
        """Enabled or disabled."""
        return self._told(column, value, _as_status(value))

    def approved(self, column: str, value: object) -> int | None:
        """The number of private endpoint connections in state Approved."""
        if not isinstance(value, list):
            self._missing(column)
            return None
        path = ("properties", "privateLinkServiceConnectionState", "status")
        return sum(str(dig(connection, *path)).lower() == "approved" for connection in value)

    def plan(self, column: str, plan: PlanReading) -> bool | None:
        """Whether a Defender plan that scans registries is on."""
        if plan.plan is Plan.UNKNOWN:
            self.unread.append(f"{column}: {plan.reason}")
            return None
        return plan.plan is Plan.ON

    def _told(self, column: str, value: object, read: bool | None) -> bool | None:
        if value is None:
            self._missing(column)
        elif read is None:
            self.unread.append(f"{column}: {value!r} is not a known value")
        return read

    def _missing(self, column: str) -> None:
        self.unread.append(f"{column}: not in the Resource Graph row")


def _as_flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _as_status(value: object) -> bool | None:
    words = {"enabled": True, "disabled": False}
    return words.get(value.lower()) if isinstance(value, str) else None


def _labels(tags: object) -> list[str]:
    """Resource Graph gives null for a resource without tags."""
    told = tags.items() if isinstance(tags, Mapping) else ()
    return sorted(text(f"{name}={value}") or "" for name, value in told)
