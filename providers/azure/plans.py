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
        words: The plans that can scan registries, each with its tier and, where it tells it,
            whether its extension for that is on: ``Containers=Standard/True, CloudPosture=Free``.
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
    rows = [named[name] for name in (_CONTAINERS, _POSTURE) if name in named]
    words = ", ".join(_words(row) for row in rows)
    plans = [_plan(row) for row in rows]
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
    enabled = str(_extension(row)).lower()
    return {"true": Plan.ON, "false": Plan.OFF}.get(enabled, Plan.UNKNOWN)


def _extension(row: Mapping[str, Any]) -> object:
    """Return the cloud's word for whether the extension is on; None where it does not tell."""
    extensions = pick(row, "extensions")
    for extension in extensions if isinstance(extensions, list) else ():
        if str(pick(extension, "name")).lower() == _EXTENSION:
            return pick(extension, "isEnabled")
    return None


def _words(row: Mapping[str, Any]) -> str:
    told = [text(pick(row, "pricingTier")) or "?"]
    enabled = _extension(row)
    return f"{pick(row, 'name')}={'/'.join(told + ([] if enabled is None else [str(enabled)]))}"
