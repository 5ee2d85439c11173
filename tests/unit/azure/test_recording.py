"""A registry as Azure really answered, recorded in 2019: what it tells lands, what not is null."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.azure.parse_registries import registry_rows
from providers.azure.plans import Plan, PlanReading
from tests.unit.azure.test_older import FOLDER

NAME = "ContainerRegistryTest.test_find_by_name.json"
RECORDING = next(FOLDER.glob(f"*/tools/c7n_azure/tests_azure/cassettes/{NAME}"), FOLDER)
UNTOLD = ("public_network_access", "quarantine_enabled", "encryption_type")


@pytest.fixture
def recorded() -> dict[str, Any]:
    if not RECORDING.is_file():
        pytest.skip(f"no recording in {FOLDER}")
    told = json.loads(RECORDING.read_bytes())
    (found,) = told["interactions"][0]["response"]["body"]["data"]["value"]
    return dict(found)


def test_the_recorded_registry_lands_and_what_it_does_not_tell_is_null_with_a_reason(recorded):
    subscription = recorded["id"].split("/")[2]
    # Resource Graph adds the subscription, and the query asks for the tier's name alone.
    row = {**recorded, "subscriptionId": subscription, "sku": recorded["sku"]["name"]}
    block = registry_rows([row], PlanReading(Plan.UNKNOWN, None, "not asked"), "run-1", {})
    cells = {name: values[0] for name, values in block.data.items()}
    assert cells["registry_id"] == recorded["properties"]["loginServer"]
    assert (cells["region"], cells["account"]) == (recorded["location"], subscription)
    assert cells["native_id"] == recorded["id"]
    assert (cells["sku"], cells["admin_user_enabled"]) == ("Basic", False)
    assert [cells[name] for name in UNTOLD] == [None] * len(UNTOLD)
    noted = {note.partition(":")[0] for note in cells["unread"]}
    assert set(UNTOLD) <= noted
