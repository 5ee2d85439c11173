"""The Resource Graph queries (Kusto). ``id`` is projected first: paging needs it.

Those of Defender's tables are in ``defender_queries``.
"""

from __future__ import annotations

PAGE = 1000
"""Rows a page holds at most."""

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
