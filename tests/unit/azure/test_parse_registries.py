"""A registry's row of Resource Graph: every setting, and nothing where it does not tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit.errors import BrokenPageError
from providers.azure.parse_children import SETTINGS_OF
from providers.azure.parse_registries import registry, registry_rows
from providers.azure.plans import Plan, PlanReading
from tests.unit.azure.support import Row, rows_of

ARM_ID = (
    "/subscriptions/s-1/resourceGroups/RG/providers/Microsoft.ContainerRegistry/registries/acme"
)
FULL = {
    "loginServer": "acme.azurecr.io",
    "creationDate": "2023-09-04T16:05:32.8223098Z",
    "adminUserEnabled": True,
    "anonymousPullEnabled": False,
    "publicNetworkAccess": "enabled",
    "networkRuleSet": {
        "defaultAction": "ALLOW",
        "ipRules": [{"action": "Allow", "value": "203.0.113.9"}],
    },
    "networkRuleBypassOptions": "azureservices",
    "dataEndpointEnabled": True,
    "zoneRedundancy": "Disabled",
    "privateEndpointConnections": [
        {"properties": {"privateLinkServiceConnectionState": {"status": status}}}
        for status in ("Approved", "approved", "Pending", None)
    ],
    "encryption": {
        "status": "enabled",
        "keyVaultProperties": {"keyIdentifier": "https://kv/k", "keyRotationEnabled": True},
    },
    "policies": {
        "exportPolicy": {"status": "disabled"},
        "retentionPolicy": {"status": "Enabled", "days": 7},
        "quarantinePolicy": {"status": "disabled"},
        "trustPolicy": {"type": "Notary", "status": "disabled"},
        "azureADAuthenticationAsArmPolicy": {"status": "enabled"},
        "softDeletePolicy": {"status": "enabled"},
    },
    "roleAssignmentMode": "LegacyRegistryPermissions",
}
ON = PlanReading(Plan.ON, "Standard")


def row(**properties: object) -> Row:
    return {
        "id": ARM_ID,
        "name": "acme",
        "location": "westeurope",
        "subscriptionId": "s-1",
        "tags": {"team": "a", "env": "prod"},
        "properties": FULL | properties,
        "sku": "Premium",
    }


def parsed(raw: Row, plan: PlanReading = ON) -> Row:
    (only,) = rows_of(registry_rows([raw], plan, "run-1", {}))
    return only


def test_a_full_row():
    told = parsed(row())
    below = {name: told.pop(name) for names in SETTINGS_OF.values() for name in names}
    assert set(below.values()) == {None}  # not asked here
    assert {name: value for name, value in told.items() if value is not None} == {
        "provider": "azure",
        "scope_id": "azure/acme.azurecr.io",
        "account": "s-1",
        "region": "westeurope",
        "registry_id": "acme.azurecr.io",
        "native_id": ARM_ID,
        "sku": "Premium",
        "format": "DOCKER",
        "created_at": datetime(2023, 9, 4, 16, 5, 32, 822309, UTC),
        "scanning_enabled": True,
        "scan_type": "Standard",
        "admin_user_enabled": True,
        "anonymous_pull_enabled": False,
        "public_network_access": "Enabled",
        "network_default_action": "Allow",
        "private_endpoints_approved": 2,
        "encryption_type": "enabled",
        "kms_key": "https://kv/k",
        "key_manager": "CUSTOMER",
        "export_allowed": False,
        "retention_enabled": True,
        "role_assignment_mode": "LegacyRegistryPermissions",
        "labels": ["env=prod", "team=a"],
        "unread": [],
        "observed_run_id": "run-1",
        "quarantine_enabled": False,
        "content_trust_enabled": False,
        "soft_delete_enabled": True,
        "retention_days": 7,
        "cloud_tokens_accepted": True,
        "data_endpoint_enabled": True,
        "zone_redundancy": "Disabled",
        "trusted_services_bypass": "AzureServices",
        "network_rules": ["Allow=203.0.113.9"],
        "key_rotation_enabled": True,
    }


def test_what_the_row_does_not_tell_is_null_and_named_never_off():
    raw = row()
    raw |= {"properties": {"loginServer": "acme.azurecr.io"}, "sku": None, "tags": None}
    told = parsed(raw, PlanReading(Plan.UNKNOWN, reason="denied"))
    untold = (
        *("sku", "created_at", "scanning_enabled", "admin_user_enabled", "anonymous_pull_enabled"),
        *("public_network_access", "network_default_action", "private_endpoints_approved"),
        *("export_allowed", "retention_enabled", "role_assignment_mode", "encryption_type"),
        *("kms_key", "key_rotation_enabled", "quarantine_enabled", "content_trust_enabled"),
        *("soft_delete_enabled", "cloud_tokens_accepted", "data_endpoint_enabled"),
        *("zone_redundancy", "trusted_services_bypass", "network_rules"),
    )
    assert {name: told[name] for name in untold} == dict.fromkeys(untold)
    assert {note.partition(":")[0] for note in told["unread"]} == set(untold)
    assert "scanning_enabled: denied" in told["unread"]
    assert told["labels"] == []


@pytest.mark.parametrize(
    ("column", "properties", "value", "noted"),
    [
        ("admin_user_enabled", {"adminUserEnabled": "True"}, True, False),
        ("admin_user_enabled", {"adminUserEnabled": "maybe"}, None, True),
        ("admin_user_enabled", {"adminUserEnabled": 0}, None, True),
        ("export_allowed", {"policies": {"exportPolicy": {"status": "ENABLED"}}}, True, False),
        ("export_allowed", {"policies": {"exportPolicy": {"status": "paused"}}}, None, True),
        ("export_allowed", {"policies": None}, None, True),
        ("retention_enabled", {"policies": {"RetentionPolicy": {"Status": "x"}}}, None, True),
        (
            "public_network_access",
            {"publicNetworkAccess": "SecuredByPerimeter"},
            "SecuredByPerimeter",
            False,
        ),
        ("private_endpoints_approved", {"privateEndpointConnections": []}, 0, False),
        ("private_endpoints_approved", {"privateEndpointConnections": None}, None, True),
        ("encryption_type", {"encryption": {"status": "Disabled"}}, "disabled", False),
        ("kms_key", {"encryption": {"status": "Disabled"}}, "", False),
        ("kms_key", {"encryption": {"status": "enabled"}}, None, True),
        ("kms_key", {"encryption": {"status": "rotating"}}, None, True),
        ("key_rotation_enabled", {"encryption": {"status": "disabled"}}, None, False),
        ("key_rotation_enabled", {"encryption": {"status": "enabled"}}, None, True),
        ("retention_days", {"policies": {"retentionPolicy": {"status": "disabled"}}}, None, False),
        ("network_rules", {"networkRuleSet": {"ipRules": []}}, [], False),
        ("zone_redundancy", {"zoneRedundancy": "Somewhat"}, "Somewhat", False),
        ("created_at", {"creationDate": "yesterday"}, None, True),
    ],
)
def test_odd_values(column, properties, value, noted):
    told = parsed(row(**properties))
    assert told[column] == value
    assert any(note.startswith(f"{column}:") for note in told["unread"]) is noted


def test_members_are_found_in_any_letter_case():
    raw = row()
    raw["properties"] = {name.upper(): value for name, value in FULL.items()}
    assert parsed(raw)["admin_user_enabled"] is True


def test_scanning_is_off_only_when_the_plan_says_so():
    assert parsed(row(), PlanReading(Plan.OFF, "Free"))["scanning_enabled"] is False


@pytest.mark.parametrize(
    ("mode", "abac"),
    [
        ("AbacRepositoryPermissions", True),
        ("abacrepositorypermissions", True),
        ("LegacyRegistryPermissions", False),
        (None, False),
    ],
)
def test_repository_permissions_are_recognised(mode, abac):
    assert registry(row(roleAssignmentMode=mode)).abac is abac


@pytest.mark.parametrize("lack", [{"loginServer": None}, {"loginServer": ""}])
def test_a_registry_without_an_address_cannot_be_read(lack):
    with pytest.raises(BrokenPageError, match="loginServer"):
        registry(row(**lack))
