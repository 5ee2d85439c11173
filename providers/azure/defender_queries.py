"""The Resource Graph queries (Kusto) about Defender. ``id`` is projected: paging needs it.

Joins and expansions are left to this side: on large tenants they fail or take seconds a digest.
What goes into a query from outside is checked here, letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_DIGEST = re.compile(r"(sha\d{3}:)?[0-9a-f]{64,128}")
_CVE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")

PRICINGS = (
    "securityresources"
    " | where type == 'microsoft.security/pricings'"
    " | project id=id, name=name, pricingTier=properties.pricingTier,"
    " extensions=properties.extensions"
    " | order by id asc"
)
"""The Defender plans of a subscription."""

_SOFTWARE = (
    "securityresources"
    " | where type == 'microsoft.security/assessments'"
    " | where properties.metadata.recommendationCategory == 'SoftwareUpdate'"
)
_OF_IMAGES = (
    f"{_SOFTWARE}"
    " | where properties.resourceDetails.ResourceType == '.containerimage'"
    " | where properties.resourceDetails.Source == 'Azure'"
)
_OF_CONTAINERS = f"{_SOFTWARE} | where properties.resourceDetails.ResourceType == 'K8s-container'"
_WITH_DIGEST = (
    " | extend image=parse_json(tostring(properties.resourceAdditionalData))"
    " | extend digest=tolower(coalesce(tostring(image.Digest), tostring(image.digest)))"
)
_COLUMNS = (
    " | project id=id, displayName=properties.displayName, statusCode=properties.status.code,"
    " statusCause=properties.status.cause,"
    " firstEvaluationDate=properties.status.firstEvaluationDate,"
    " statusChangeDate=properties.status.statusChangeDate,"
    " resourceDetails=properties.resourceDetails,"
    " resourceAdditionalData=properties.resourceAdditionalData,"
    " additionalData=properties.additionalData"
    " | order by id asc"
)

ASSESSMENTS = _OF_IMAGES + _COLUMNS
"""One row for each software package of each registry image Defender has something to say of.

These are the individual recommendations; the grouped ones (sub-assessments) were retired in
July 2026 and now give no row at all, without an error.
"""

SUMMARY = (
    f"{_OF_IMAGES}{_WITH_DIGEST}"
    " | summarize rows=count(), changed=max(todatetime(properties.status.statusChangeDate)),"
    " size=sum(strlen(tostring(properties.status)) + strlen(tostring(properties.additionalData)))"
    " by id=digest"
    " | order by id asc"
)
"""For each image digest: how many rows, when a status changed last, and how long the rows are.

The length is there because nobody documents that a status' date moves when CVEs are added.
"""

RUNNING = (
    f"{_OF_CONTAINERS}{_WITH_DIGEST}"
    " | extend container=tolower(tostring(properties.resourceDetails.Id))"
    " | distinct subscriptionId, digest, container"
    " | summarize containers=count() by subscriptionId, digest"
    " | project id=strcat(subscriptionId, '/', digest), subscriptionId, digest, containers"
    " | order by id asc"
)
"""For each subscription and image digest: the running containers that Defender saw of it."""

EXEMPTIONS = (
    "securityresources"
    " | where type == 'microsoft.security/standardassignments'"
    " | where properties.effect =~ 'Exempt'"
    " | project id=id, displayName=properties.displayName, description=properties.description,"
    " expiresOn=properties.expiresOn, excludedScopes=properties.excludedScopes,"
    " exemptionData=properties.exemptionData, metadata=properties.metadata"
    " | order by id asc"
)
"""The exemptions in force, of management groups, subscriptions and resources."""

SUBASSESSMENTS = (
    "securityresources"
    " | where type == 'microsoft.security/assessments/subassessments'"
    " | where properties.additionalData.assessedResourceType"
    " == 'AzureContainerRegistryVulnerability'"
    " | project id=id, displayName=properties.displayName, description=properties.description,"
    " statusCode=properties.status.code, statusCause=properties.status.cause,"
    " timeGenerated=properties.timeGenerated, resourceDetails=properties.resourceDetails,"
    " additionalData=properties.additionalData"
    " | order by id asc"
)
"""One row for each CVE of each image in the older shape, where a cloud still has it."""


def changed(digests: Iterable[str]) -> str:
    """Return the query of :data:`ASSESSMENTS` about some digests only.

    Raises:
        ValueError: One is no digest in lower case, with or without its algorithm.
    """
    return f"{_OF_IMAGES}{_WITH_DIGEST} | where digest in ({_listed(digests, _DIGEST)}){_COLUMNS}"


def cve_details(ids: Iterable[str]) -> str:
    """Return the query of what Defender knows of some CVEs, visible at the tenant's root only.

    Raises:
        ValueError: One is not written as an id.
    """
    return (
        "securityresources"
        " | where type == 'microsoft.security/cvedetails'"
        f" | where properties.cveId in ({_listed(ids, _CVE)})"
        " | project id=id, cveId=properties.cveId, severity=properties.severity,"
        " status=properties.status, publishedDate=properties.publishedDate,"
        " lastModifiedDate=properties.lastModifiedDate, cvss=properties.cvss"
        " | order by id asc"
    )


def is_plain_digest(text: str) -> bool:
    """Whether a digest may stand in a query."""
    return _DIGEST.fullmatch(text) is not None


def is_plain_id(text: str) -> bool:
    """Whether an id may stand in a query."""
    return _CVE.fullmatch(text) is not None


def _listed(values: Iterable[str], shape: re.Pattern[str]) -> str:
    told = list(values)
    if not told or not all(shape.fullmatch(value) for value in told):
        raise ValueError("a query takes well-formed ids only")
    return ", ".join(f"'{value}'" for value in told)
