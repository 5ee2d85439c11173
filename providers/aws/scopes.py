"""Names of the scopes and the tasks of AWS."""

from __future__ import annotations

from audit.model.enums import ScopeKind
from audit.model.scope import ScopeRef, Task
from providers.aws.settings import AccountSettings

ORGANIZATION = "aws/organization"
PUBLIC_HOME = "us-east-1"
"""Where ECR Public is, whatever the region of its users."""


def account_scope(account: str, parent: str = "") -> ScopeRef:
    """Name the scope that lists an account's regions."""
    return _scope(ScopeKind.DISCOVERY, account, parent=parent)


def inventory_scope(account: str, region: str, parent: str = "") -> ScopeRef:
    """Name the inventory scope; its parent is the account's where that listed the regions."""
    return _scope(ScopeKind.INVENTORY, account, region, region=region, parent=parent)


def findings_scope(account: str, region: str, source: str = "") -> ScopeRef:
    """Name the findings scope; its source is only known once the registry was asked."""
    parent = inventory_scope(account, region).scope_id
    below = (region, "findings")
    return _scope(ScopeKind.FINDINGS, account, *below, region=region, parent=parent, source=source)


def posture_scope(account: str, region: str) -> ScopeRef:
    """Name the scope of the settings that are read beside the inventory."""
    parent = inventory_scope(account, region).scope_id
    return _scope(ScopeKind.CONFIGURATION, account, region, "posture", region=region, parent=parent)


def public_scope(account: str, parent: str = "") -> ScopeRef:
    """Name the scope of an account's public registry."""
    return _scope(ScopeKind.INVENTORY, account, "public", region=PUBLIC_HOME, parent=parent)


def _scope(
    kind: ScopeKind,
    account: str,
    *below: str,
    region: str = "",
    parent: str = "",
    source: str = "",
) -> ScopeRef:
    return ScopeRef(
        provider="aws",
        scope_id="/".join(("aws", account, *below)),
        kind=kind,
        account=account,
        region=region,
        source=source,
        parent_scope_id=parent,
    )


def region_task(account: AccountSettings, region: str, parent: str = "") -> Task:
    """Return the task that reads an account and region."""
    inventory = inventory_scope(account.id, region, parent)
    return Task(
        provider="aws",
        task_id=inventory.scope_id,
        scopes=(inventory, posture_scope(account.id, region), findings_scope(account.id, region)),
        params={"account": account.id, "region": region},
    )


def public_task(account: str, parent: str = "") -> Task:
    """Return the task that reads an account's public registry."""
    ref = public_scope(account, parent)
    params = {"account": account, "region": PUBLIC_HOME, "public": "yes"}
    return Task(provider="aws", task_id=ref.scope_id, scopes=(ref,), params=params)
