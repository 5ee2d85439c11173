"""Names of the scopes and the tasks of AWS."""

from __future__ import annotations

from audit.model.enums import ScopeKind
from audit.model.scope import ScopeRef, Task
from providers.aws.judgement import findings_scope, inventory_scope, posture_scope
from providers.aws.settings import AccountSettings

ORGANIZATION = "aws/organization"


def account_scope(account: str, parent: str = "") -> ScopeRef:
    """Name the scope that lists an account's regions."""
    return ScopeRef(
        "aws", f"aws/{account}", ScopeKind.DISCOVERY, account=account, parent_scope_id=parent
    )


def region_task(account: AccountSettings, region: str, parent: str = "") -> Task:
    """Return the task that reads an account and region."""
    return Task(
        provider="aws",
        task_id=f"aws/{account.id}/{region}",
        scopes=(
            inventory_scope(account.id, region, parent),
            posture_scope(account.id, region),
            findings_scope(account.id, region),
        ),
        params={"account": account.id, "region": region},
    )
