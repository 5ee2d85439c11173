"""Whether Defender scans the registries of a subscription, from its pricing rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from providers.azure.values import pick, text

_EXTENSION = "containerregistriesvulnerabilityassessments"
_CONTAINERS, _POSTURE = "containers", "cloudposture"


class Plan(StrEnum):
    """Whether a plan that scans registries is on."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PlanReading:
    """The plan's state, the cloud's words for it and why it is not known.

    Attributes:
        words: Pricing tier of Defender for Containers, such as Standard or Free.
    """

    plan: Plan
    words: str | None = None
    reason: str = ""


def plan_reading(rows: Iterable[Mapping[str, Any]]) -> PlanReading:
    """Judge the pricing rows of one subscription.

    Registry scanning is the extension ContainerRegistriesVulnerabilityAssessments of the plans
    Containers and CloudPosture (Defender CSPM); either switches it on.
    """
    named = {str(pick(row, "name")).lower(): row for row in rows}
    containers = named.get(_CONTAINERS)
    if containers is None:
        return PlanReading(Plan.UNKNOWN, reason="no pricing row of Defender for Containers")
    words = text(pick(containers, "pricingTier"))
    plans = [_plan(containers)]
    if _POSTURE in named:
        plans.append(_plan(named[_POSTURE]))
    if Plan.ON in plans:
        return PlanReading(Plan.ON, words)
    if Plan.UNKNOWN in plans:
        return PlanReading(
            Plan.UNKNOWN, words, "a plan is on but does not tell whether it scans registries"
        )
    return PlanReading(Plan.OFF, words)


def _plan(row: Mapping[str, Any]) -> Plan:
    tier = str(pick(row, "pricingTier")).lower()
    if tier == "free":
        return Plan.OFF
    if tier != "standard":
        return Plan.UNKNOWN
    extensions = pick(row, "extensions")
    for extension in extensions if isinstance(extensions, list) else ():
        if str(pick(extension, "name")).lower() == _EXTENSION:
            enabled = str(pick(extension, "isEnabled")).lower()
            return {"true": Plan.ON, "false": Plan.OFF}.get(enabled, Plan.UNKNOWN)
    return Plan.UNKNOWN
