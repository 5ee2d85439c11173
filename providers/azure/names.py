"""Names of Azure's scopes and sources, and the roles that would have allowed a read."""

from __future__ import annotations

from audit.model.enums import ScopeKind
from audit.model.scope import ScopeRef

PROVIDER = "azure"
SOURCE = "defender"
ANONYMOUS = "anonymous"
"""Parameter of a task that reads a registry without a credential: its login server."""
CVE_DETAILS = "microsoft.security/cvedetails"
"""Who gave a severity that Defender's own row left out."""

READ_SUBSCRIPTIONS = "Reader (Microsoft.Resources/subscriptions/read)"
READ_REGISTRIES = "Reader (Microsoft.ContainerRegistry/registries/read)"
READ_PRICINGS = "Security Reader (Microsoft.Security/pricings/read)"
READ_ASSESSMENTS = "Security Reader (Microsoft.Security/assessments/read)"
READ_EXEMPTIONS = "Security Reader (Microsoft.Security/standardAssignments/read)"
READ_SETTINGS = "Reader (Microsoft.ContainerRegistry/registries/{}/read)"
READ_CVE_DETAILS = (
    "Security Reader at the root management group (Microsoft.Security/assessments/read)"
)
PULL = "AcrPull (Microsoft.ContainerRegistry/registries/pull/read)"
ABAC_CATALOG = (
    "Container Registry Repository Catalog Lister (Microsoft.ContainerRegistry/registries/"
    "catalog/read)"
)
ABAC_READ = (
    "Container Registry Repository Reader (Microsoft.ContainerRegistry/registries/repositories/"
    "metadata/read)"
)


def discovery_scope(tenant_id: str) -> ScopeRef:
    """Name the listing of the subscriptions that an identity sees in a tenant."""
    return ScopeRef(PROVIDER, f"azure/{tenant_id}", ScopeKind.DISCOVERY)


def subscription_scope(tenant_id: str, subscription: str) -> ScopeRef:
    """Name the listing of a subscription's registries."""
    return ScopeRef(
        PROVIDER,
        f"azure/{subscription}",
        ScopeKind.DISCOVERY,
        account=subscription,
        parent_scope_id=f"azure/{tenant_id}",
    )


def inventory_scope(subscription: str, login_server: str, location: str) -> ScopeRef:
    """Name the listing of one registry."""
    return ScopeRef(
        PROVIDER,
        f"azure/{login_server}",
        ScopeKind.INVENTORY,
        account=subscription,
        region=location,
        parent_scope_id=f"azure/{subscription}" if subscription else "",
    )


def settings_scope(subscription: str) -> ScopeRef:
    """Name the reading of what hangs below a subscription's registries: tokens, replications..."""
    return ScopeRef(
        PROVIDER,
        f"azure/{subscription}/settings",
        ScopeKind.CONFIGURATION,
        account=subscription,
        parent_scope_id=f"azure/{subscription}",
    )


def findings_scope(subscription: str) -> ScopeRef:
    """Name the listing of what Defender says of one subscription."""
    return ScopeRef(
        PROVIDER,
        f"azure/{subscription}/defender",
        ScopeKind.FINDINGS,
        account=subscription,
        source=SOURCE,
        parent_scope_id=f"azure/{subscription}",
    )
