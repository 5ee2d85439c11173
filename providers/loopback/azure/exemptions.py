"""Exemptions as Resource Graph rows (``microsoft.security/standardassignments``), and what they do.

While one lasts, the rows of its package say ``NotApplicable`` with the cause ``Exempt``. Nobody
documents whether they go on naming the CVEs, so both are served. Where its conditions name CVEs,
the rows stay as they are and leave these out: of what may be done that could pass for a fix.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from providers.loopback.azure.subject import Subject
from providers.loopback.azure.times import ticks
from providers.loopback.estate import Estate, Exemption

_SEVERAL = "00000000-0000-0000-0000-000000000000"
_GROUP = "/providers/Microsoft.Management/managementGroups/"


def exempted(subject: Subject, exemptions: Iterable[Exemption]) -> Subject:
    """Return the subject with what is exempt of it."""
    told = [one for one in exemptions if one.account in {"", subject.subscription}]
    return replace(
        subject,
        exempt=frozenset(one.package for one in told if not one.hides),
        stripped=frozenset(one.package for one in told if one.strips),
        hidden=frozenset(name for one in told for name in one.hides),
    )


def key_of(package: str) -> str:
    """Return the key of the recommendation to update a package: the same for every image."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"update {package}"))


def lasting(estate: Estate) -> list[Exemption]:
    """Return the exemptions that have not ended at the estate's moment."""
    return [
        one for one in estate.exemptions if one.expires_at is None or one.expires_at > estate.moment
    ]


def exemption_rows(estate: Estate) -> Iterator[dict[str, Any]]:
    """Yield a row for each exemption, ended ones included, as they stay listed."""
    for one in estate.exemptions:
        above = f"/subscriptions/{one.account}" if one.account else f"{_GROUP}{estate.tenant}"
        yield {
            "id": f"{above}/providers/Microsoft.Security/standardAssignments/{one.name}",
            "name": one.name,
            "type": "microsoft.security/standardassignments",
            "tenantId": estate.tenant,
            "subscriptionId": one.account,
            "properties": {
                "displayName": f"Exemption of {one.package}",
                "description": one.reason,
                "effect": "Exempt",
                "assignedStandard": None,
                "excludedScopes": [],
                "expiresOn": _when(one.expires_at),
                "exemptionData": _data(one),
                "metadata": {"createdBy": one.author, "createdOn": _when(one.created_at)},
            },
        }


def _data(one: Exemption) -> dict[str, Any]:
    data: dict[str, Any] = {
        "exemptionCategory": one.category,
        "assignedAssessment": {"assessmentKey": _SEVERAL if one.hides else key_of(one.package)},
    }
    if one.hides:
        named = [{"title": name} for name in one.hides]
        condition = {
            "field": "va.cve.cveId",
            "operationType": "ContainedInOperation",
            "operation": {"values": named},
        }
        data["subAssessmentExemptionRule"] = {"if": {"allOf": [condition]}}
    return data


def _when(moment: datetime | None) -> str | None:
    return ticks(moment) if moment else None
