"""The Resource Graph queries (Kusto). ``id`` is projected first: paging needs it.

Only equality filters, projection and order are used. Joins and expansions are left to this side:
on large tenants they fail or take seconds a digest.
"""

from __future__ import annotations

_REGISTRY_MEMBERS = ("id", "name", "location", "subscriptionId", "tags", "properties")

SUBSCRIPTIONS = (
    "resourcecontainers"
    " | where type == 'microsoft.resources/subscriptions'"
    " | project id, subscriptionId, name"
    " | order by id asc"
)
"""Every subscription the principal sees; one it may not read is left out without an error."""

REGISTRIES = (
    "resources"
    " | where type =~ 'microsoft.containerregistry/registries'"
    f" | project {', '.join(f'{name}={name}' for name in _REGISTRY_MEMBERS)}, sku=sku.name"
    " | order by id asc"
)
"""Every registry the principal sees, with its whole configuration."""

PRICINGS = (
    "securityresources"
    " | where type == 'microsoft.security/pricings'"
    " | project id=id, name=name, pricingTier=properties.pricingTier,"
    " extensions=properties.extensions"
    " | order by id asc"
)
"""The Defender plans of a subscription."""

ASSESSMENTS = (
    "securityresources"
    " | where type == 'microsoft.security/assessments'"
    " | where properties.metadata.recommendationCategory == 'SoftwareUpdate'"
    " | where properties.resourceDetails.ResourceType == '.containerimage'"
    " | where properties.resourceDetails.Source == 'Azure'"
    " | project id=id, displayName=properties.displayName, statusCode=properties.status.code,"
    " firstEvaluationDate=properties.status.firstEvaluationDate,"
    " statusChangeDate=properties.status.statusChangeDate,"
    " resourceDetails=properties.resourceDetails,"
    " resourceAdditionalData=properties.resourceAdditionalData,"
    " additionalData=properties.additionalData"
    " | order by id asc"
)
"""One row for each software package of each registry image Defender has something to say of.

These are the individual recommendations; the grouped ones (sub-assessments) were retired in
July 2026 and now give no row at all, without an error.
"""
