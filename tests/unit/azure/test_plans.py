"""Whether a Defender plan scans registries."""

from __future__ import annotations

import pytest

from providers.azure.plans import Plan, plan_reading

SCANS = "ContainerRegistriesVulnerabilityAssessments"


def plan(name: str, tier: str | None, enabled: object = None) -> dict[str, object]:
    extensions = None if enabled is None else [{"name": SCANS, "isEnabled": enabled}]
    return {"id": f"/{name}", "name": name, "pricingTier": tier, "extensions": extensions}


@pytest.mark.parametrize(
    ("rows", "state", "words"),
    [
        ([plan("Containers", "Standard", "True")], Plan.ON, "Standard"),
        ([plan("containers", "standard", True)], Plan.ON, "standard"),
        ([plan("Containers", "Standard", "False")], Plan.OFF, "Standard"),
        ([plan("Containers", "Standard", "Maybe")], Plan.UNKNOWN, "Standard"),
        ([plan("Containers", "Standard")], Plan.UNKNOWN, "Standard"),
        ([plan("Containers", "Free")], Plan.OFF, "Free"),
        ([plan("Containers", "Free", "True")], Plan.OFF, "Free"),
        ([plan("Containers", "Trial")], Plan.UNKNOWN, "Trial"),
        ([plan("Containers", None)], Plan.UNKNOWN, None),
        ([], Plan.UNKNOWN, None),
        ([plan("KeyVaults", "Standard")], Plan.UNKNOWN, None),
        (
            [plan("Containers", "Free"), plan("CloudPosture", "Standard", "True")],
            Plan.ON,
            "Free",
        ),
        ([plan("Containers", "Free"), plan("CloudPosture", "Standard")], Plan.UNKNOWN, "Free"),
        ([plan("Containers", "Free"), plan("CloudPosture", "Free")], Plan.OFF, "Free"),
    ],
)
def test_plans(rows, state, words):
    reading = plan_reading(rows)
    assert (reading.plan, reading.words) == (state, words)
    assert bool(reading.reason) is (state is Plan.UNKNOWN)
