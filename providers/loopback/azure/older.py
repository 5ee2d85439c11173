"""Defender's findings in the shape before the individual recommendations, and CVE details.

One row (``microsoft.security/assessments/subassessments``) is one CVE of one image. Microsoft
retired it on 2026-07-31; what lags behind still serves it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from providers.loopback.azure.subject import Subject
from providers.loopback.azure.times import seconds, ticks
from providers.loopback.estate import CveDetail, Registry, Scan, Statement

_KEY = "c0b7cfc6-3172-465a-b378-53c7ff2cc0d5"


def older_rows(subject: Subject, registry: Registry, scan: Scan) -> Iterator[dict[str, Any]]:
    """Yield the sub-assessments of an image, one for each statement."""
    for statement in scan.statements:
        yield _row(subject, registry, scan, statement)


def detail_row(detail: CveDetail, tenant: str) -> dict[str, Any]:
    """Return the ``microsoft.security/cvedetails`` row of a CVE; it belongs to no subscription."""
    name = detail.vulnerability_id
    score = {"base": detail.cvss_score} if detail.cvss_score is not None else None
    return {
        "id": f"/providers/Microsoft.Security/cveDetails/{name}",
        "name": name,
        "type": "microsoft.security/cvedetails",
        "tenantId": tenant,
        "subscriptionId": "",
        "properties": {
            "cveId": name,
            "severity": detail.native_severity,
            "status": "Reject" if detail.rejected else "Published",
            "publishedDate": seconds(detail.published_at) if detail.published_at else None,
            "cvss": {"3.0": score, "2.0": None},
        },
    }


def _row(subject: Subject, registry: Registry, scan: Scan, statement: Statement) -> dict[str, Any]:
    cve = statement.vulnerability_id
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{subject.resource_id}|{statement.package}|{cve}"))
    path = f"providers/Microsoft.Security/assessments/{_KEY}/subassessments/{name}"
    return {
        "id": f"{registry.native_id}/{path}",
        "name": name,
        "type": "microsoft.security/assessments/subassessments",
        "tenantId": subject.tenant,
        "subscriptionId": subject.subscription,
        "properties": {
            "id": cve,
            "displayName": cve,
            "description": "",
            "resourceDetails": {
                "id": f"/repositories/{subject.repository}/images/{subject.digest}",
                "source": "Azure",
            },
            "timeGenerated": ticks(scan.scanned_at) if scan.scanned_at else None,
            "status": {"code": scan.native[0], "severity": statement.native_severity},
            "additionalData": _additional(subject, registry, statement),
        },
    }


def _additional(subject: Subject, registry: Registry, statement: Statement) -> dict[str, Any]:
    score = None
    if statement.cvss_score is not None:
        score = {"base": statement.cvss_score, "cvssVectorString": statement.cvss_vector}
    return {
        "assessedResourceType": "AzureContainerRegistryVulnerability",
        "vulnerabilityDetails": {
            "cveId": statement.vulnerability_id,
            "severity": statement.native_severity,
            "cvss": {"2.0": None, "3.0": score},
            "references": [],
        },
        "artifactDetails": {
            "repositoryName": subject.repository,
            "registryHost": registry.registry_id,
            "digest": subject.digest,
            "artifactType": "ContainerImage",
            "lastPushedToRegistryUTC": subject.pushed,
        },
        "softwareDetails": {
            "category": statement.package_type,
            "language": "",
            "packageName": statement.package,
            "version": statement.version,
            "fixedVersion": statement.fixed_version or "",
            "fixStatus": "FixAvailable" if statement.fixed_version else "NoFixAvailable",
        },
    }
