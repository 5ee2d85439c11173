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
        ([plan("Containers", "Standard", "True")], Plan.ON, "Containers=Standard/True"),
        ([plan("containers", "standard", True)], Plan.ON, "containers=standard/True"),
        ([plan("Containers", "Standard", "False")], Plan.OFF, "Containers=Standard/False"),
        ([plan("Containers", "Standard", "Maybe")], Plan.UNKNOWN, "Containers=Standard/Maybe"),
        ([plan("Containers", "Standard")], Plan.UNKNOWN, "Containers=Standard"),
        ([plan("Containers", "Free")], Plan.OFF, "Containers=Free"),
        ([plan("Containers", "Free", "True")], Plan.OFF, "Containers=Free/True"),
        ([plan("Containers", "Trial")], Plan.UNKNOWN, "Containers=Trial"),
        ([plan("Containers", None)], Plan.UNKNOWN, "Containers=?"),
        ([], Plan.UNKNOWN, None),
        ([plan("KeyVaults", "Standard")], Plan.UNKNOWN, None),
        (
            [plan("Containers", "Free"), plan("CloudPosture", "Standard", "True")],
            Plan.ON,
            "Containers=Free, CloudPosture=Standard/True",
        ),
        (
            [plan("Containers", "Free"), plan("CloudPosture", "Standard")],
            Plan.UNKNOWN,
            "Containers=Free, CloudPosture=Standard",
        ),
        (
            [plan("Containers", "Free"), plan("CloudPosture", "Free")],
            Plan.OFF,
            "Containers=Free, CloudPosture=Free",
        ),
    ],
)
def test_plans(rows, state, words):
    reading = plan_reading(rows)
    assert (reading.plan, reading.words) == (state, words)
    assert bool(reading.reason) is (state is Plan.UNKNOWN)
