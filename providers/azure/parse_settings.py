"""A registry's own settings, as a Resource Graph row tells them -> posture columns. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from providers.azure.parse_children import Children
from providers.azure.plans import Plan, PlanReading
from providers.azure.values import dig, moment, pick, text, whole

_ACCESS = ("Enabled", "Disabled")
_ACTION = ("Allow", "Deny")
_BYPASS = ("AzureServices", "None")
_STATUS = ("enabled", "disabled")
_MODE = ("AbacRepositoryPermissions", "LegacyRegistryPermissions")


def registry_settings(row: Mapping[str, Any], plan: PlanReading) -> Children:
    """Return the columns of a registry's own settings; sources are ARM's ``properties``.

    A setting that the row lacks, or says in a word not known, is null with an ``unread`` note.
    """
    properties, said = pick(row, "properties"), _Said()
    cells = {
        "sku": said.word("sku", pick(row, "sku")),
        "created_at": said.time("created_at", pick(properties, "creationDate")),
        "scanning_enabled": said.plan("scanning_enabled", plan),
        "scan_type": plan.words,
        **_access(properties, said),
        **_network(properties, said),
        **_policies(pick(properties, "policies"), said),
        **_encryption(pick(properties, "encryption"), said),
        "zone_redundancy": said.word(
            "zone_redundancy", pick(properties, "zoneRedundancy"), _ACCESS
        ),
    }
    return Children(cells, said.unread)


def _access(properties: object, said: _Said) -> dict[str, Any]:
    return {
        "admin_user_enabled": said.flag("admin_user_enabled", pick(properties, "adminUserEnabled")),
        "anonymous_pull_enabled": said.flag(
            "anonymous_pull_enabled", pick(properties, "anonymousPullEnabled")
        ),
        "role_assignment_mode": said.word(
            "role_assignment_mode", pick(properties, "roleAssignmentMode"), _MODE
        ),
    }


def _network(properties: object, said: _Said) -> dict[str, Any]:
    rules = pick(properties, "networkRuleSet")
    return {
        "public_network_access": said.word(
            "public_network_access", pick(properties, "publicNetworkAccess"), _ACCESS
        ),
        "network_default_action": said.word(
            "network_default_action", pick(rules, "defaultAction"), _ACTION
        ),
        "network_rules": said.rules("network_rules", pick(rules, "ipRules")),
        "trusted_services_bypass": said.word(
            "trusted_services_bypass", pick(properties, "networkRuleBypassOptions"), _BYPASS
        ),
        "private_endpoints_approved": said.approved(
            "private_endpoints_approved", pick(properties, "privateEndpointConnections")
        ),
        "data_endpoint_enabled": said.flag(
            "data_endpoint_enabled", pick(properties, "dataEndpointEnabled")
        ),
    }


_POLICIES: Mapping[str, str] = {
    "export_allowed": "exportPolicy",
    "retention_enabled": "retentionPolicy",
    "quarantine_enabled": "quarantinePolicy",
    "content_trust_enabled": "trustPolicy",
    "cloud_tokens_accepted": "azureADAuthenticationAsArmPolicy",
    "soft_delete_enabled": "softDeletePolicy",
}
"""Column -> policy of ARM; soft deletion is told by preview versions of the API only."""


def _policies(policies: object, said: _Said) -> dict[str, Any]:
    cells: dict[str, Any] = {
        column: said.status(column, dig(policies, name, "status"))
        for column, name in _POLICIES.items()
    }
    days = whole(dig(policies, "retentionPolicy", "days"))
    return cells | {"retention_days": days if cells["retention_enabled"] else None}


def _encryption(encryption: object, said: _Said) -> dict[str, Any]:
    """Return the encryption columns; the service's own key leaves ``kms_key`` empty."""
    status = said.word("encryption_type", pick(encryption, "status"), _STATUS)
    on = _as_status(status)
    key = text(dig(encryption, "keyVaultProperties", "keyIdentifier"))
    if on is False:
        key = ""
    elif key is None:
        said.unread.append("kms_key: the row names no key")
    rotation = dig(encryption, "keyVaultProperties", "keyRotationEnabled")
    return {
        "encryption_type": status,
        "kms_key": key,
        "key_manager": "CUSTOMER" if on else None,
        "key_rotation_enabled": None
        if on is False
        else said.flag("key_rotation_enabled", rotation),
    }


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

    def rules(self, column: str, value: object) -> list[str] | None:
        """Networks with what is done with them."""
        if not isinstance(value, list):
            self._missing(column)
            return None
        told = (f"{pick(one, 'action')}={pick(one, 'value')}" for one in value)
        return sorted(text(one) or "" for one in told)

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
