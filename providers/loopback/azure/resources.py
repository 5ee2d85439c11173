"""The rows Resource Graph holds beside assessments: subscriptions, registries, Defender plans.

Names and casing are those of ARM (``Microsoft.ContainerRegistry/registries`` 2025-11-01). What
the description does not mention is absent from ``properties``, as it is for a property that the
indexed API version does not know: absent is not "off".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from providers.loopback.azure.times import ticks
from providers.loopback.estate import Place, Registry

_FLAGS = {"true": True, "false": False}
_CONTAINERS_EXTENSION = "ContainerRegistriesVulnerabilityAssessments"


def subscription_row(place: Place, tenant: str) -> dict[str, Any]:
    """Return the row of table ``resourcecontainers`` for one subscription."""
    return {
        **_head(f"/subscriptions/{place.account}", place.account, tenant),
        "name": f"subscription {place.account}",
        "type": "microsoft.resources/subscriptions",
        "properties": {
            "state": "Enabled",
            "managementGroupAncestorsChain": [{"name": tenant, "displayName": "Tenant Root Group"}],
        },
    }


def registry_row(registry: Registry, place: Place, tenant: str) -> dict[str, Any]:
    """Return the row of table ``resources`` for one registry."""
    settings = registry.settings
    row = {
        **_head(registry.native_id, place.account, tenant),
        "name": registry.registry_id.partition(".")[0],
        "type": "microsoft.containerregistry/registries",
        "resourceGroup": _resource_group(registry.native_id),
        "location": settings.get("location"),
        "properties": _properties(registry),
    }
    if sku := settings.get("sku"):
        row["sku"] = {"name": sku, "tier": sku}
    return row


def pricing_rows(place: Place, tenant: str) -> Iterator[dict[str, Any]]:
    """Yield the Defender plans of a subscription (table ``securityresources``).

    The plan ``Containers`` follows the place's setting ``defender_plan`` and is not there when
    the setting is not. Another plan is always there and always on: it says nothing of images. Of
    ``hidden`` no plan is shown, as to an identity without rights on security data.
    """
    if place.settings.get("defender_plan") == "hidden":
        return
    yield _pricing(place, tenant, "VirtualMachines", "Standard")
    if tier := place.settings.get("defender_plan"):
        yield _pricing(place, tenant, "Containers", tier)


def _pricing(place: Place, tenant: str, plan: str, tier: str) -> dict[str, Any]:
    identifier = f"/subscriptions/{place.account}/providers/Microsoft.Security/pricings/{plan}"
    properties: dict[str, Any] = {"pricingTier": tier, "freeTrialRemainingTime": "PT0S"}
    if plan == "Containers":
        on = "True" if tier == "Standard" else "False"
        properties["extensions"] = [{"name": _CONTAINERS_EXTENSION, "isEnabled": on}]
    return {
        **_head(identifier, place.account, tenant),
        "name": plan,
        "type": "microsoft.security/pricings",
        "properties": properties,
    }


def _head(identifier: str, subscription: str, tenant: str) -> dict[str, Any]:
    return {"id": identifier, "subscriptionId": subscription, "tenantId": tenant}


def _resource_group(native_id: str) -> str | None:
    # Resource Graph gives the group in lower case whatever its casing in the id.
    parts = native_id.lower().split("/")
    return parts[4] if len(parts) > 4 and parts[3] == "resourcegroups" else None


def _properties(registry: Registry) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "loginServer": registry.registry_id,
        "creationDate": ticks(registry.created_at),
        "provisioningState": "Succeeded",
    }
    for key, (path, convert) in _POSTURE.items():
        if key in registry.settings:
            _put(properties, path.split("."), convert(registry.settings[key]))
    return properties


def _put(target: dict[str, Any], path: list[str], value: object) -> None:
    for step in path[:-1]:
        target = target.setdefault(step, {})
    target[path[-1]] = value


def _flag(text: str) -> bool:
    return _FLAGS[text]


def _connections(text: str) -> list[Mapping[str, Any]]:
    """One connection for each comma-separated status (``Approved``, ``Pending`` ...)."""
    return [
        {"properties": {"privateLinkServiceConnectionState": {"status": status.strip()}}}
        for status in text.split(",")
        if status.strip()
    ]


def _ranges(text: str) -> list[Mapping[str, Any]]:
    """One rule for each comma-separated range."""
    return [{"action": "Allow", "value": one.strip()} for one in text.split(",") if one.strip()]


_POSTURE: dict[str, tuple[str, Callable[[str], object]]] = {
    "quarantine_status": ("policies.quarantinePolicy.status", str),
    "trust_status": ("policies.trustPolicy.status", str),
    "soft_delete_status": ("policies.softDeletePolicy.status", str),
    "retention_days": ("policies.retentionPolicy.days", int),
    "arm_audience_status": ("policies.azureADAuthenticationAsArmPolicy.status", str),
    "data_endpoint_enabled": ("dataEndpointEnabled", _flag),
    "zone_redundancy": ("zoneRedundancy", str),
    "network_rule_bypass": ("networkRuleBypassOptions", str),
    "ip_rules": ("networkRuleSet.ipRules", _ranges),
    "key_identifier": ("encryption.keyVaultProperties.keyIdentifier", str),
    "key_rotation_enabled": ("encryption.keyVaultProperties.keyRotationEnabled", _flag),
    "admin_user_enabled": ("adminUserEnabled", _flag),
    "anonymous_pull_enabled": ("anonymousPullEnabled", _flag),
    "public_network_access": ("publicNetworkAccess", str),
    "network_default_action": ("networkRuleSet.defaultAction", str),
    "retention_status": ("policies.retentionPolicy.status", str),
    "export_policy": ("policies.exportPolicy.status", str),
    "encryption_status": ("encryption.status", str),
    "role_assignment_mode": ("roleAssignmentMode", str),
    "private_endpoint_connections": ("privateEndpointConnections", _connections),
}
