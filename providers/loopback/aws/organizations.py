"""AWS Organizations as the management account sees it (JSON 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from providers.loopback.aws.gates import Options
from providers.loopback.aws.wire import AwsError, epoch
from providers.loopback.aws.world import AwsWorld
from providers.loopback.paging import Listing

TARGET = "AWSOrganizationsV20161128."
ORGANIZATION = "o-loopback0"
WORKLOADS = "ou-loop-workloads"
_MOST = 20


def list_accounts(world: AwsWorld, options: Options, params: dict[str, Any]) -> dict[str, Any]:
    """Answer ListAccounts: 20 a page at most, and an empty page before each further one."""
    size = params.get("MaxResults", _MOST)
    if not isinstance(size, int) or not 1 <= size <= _MOST:
        raise AwsError("InvalidInputException", f"MaxResults must be between 1 and {_MOST}")
    token = str(params.get("NextToken") or "")
    if token.startswith("empty "):
        return {"Accounts": [], "NextToken": token.removeprefix("empty ")}
    rows = [_row(world, options, account) for account in world.accounts]
    page = Listing(("ListAccounts", world.estate.name)).page(rows, token, size)
    more = {"NextToken": f"empty {page.next_token}"} if page.next_token else {}
    return {"Accounts": list(page.items), **more}


def describe_organization(
    world: AwsWorld, _options: Options, _params: dict[str, Any]
) -> dict[str, Any]:
    """Answer DescribeOrganization."""
    management = world.accounts[0]
    return {
        "Organization": {
            "Id": ORGANIZATION,
            "Arn": f"arn:aws:organizations::{management}:organization/{ORGANIZATION}",
            "FeatureSet": "ALL",
            "MasterAccountId": management,
            "MasterAccountArn": _arn(management, management),
            "MasterAccountEmail": "management@example.org",
        }
    }


def list_delegated_administrators(
    world: AwsWorld, options: Options, params: dict[str, Any]
) -> dict[str, Any]:
    """Answer ListDelegatedAdministrators: Inspector's is the one that the options name."""
    if params.get("ServicePrincipal") != "inspector2.amazonaws.com" or not options.inspector_admin:
        return {"DelegatedAdministrators": []}
    row = _row(world, options, options.inspector_admin)
    row.pop("Paths", None)
    enabled = {"DelegationEnabledDate": epoch(world.estate.moment)}
    return {"DelegatedAdministrators": [row | enabled]}


OPERATIONS: dict[str, Callable[[AwsWorld, Options, dict[str, Any]], dict[str, Any]]] = {
    "ListAccounts": list_accounts,
    "DescribeOrganization": describe_organization,
    "ListDelegatedAdministrators": list_delegated_administrators,
}


def _row(world: AwsWorld, options: Options, account: str) -> dict[str, Any]:
    state = options.states.get(account, "ACTIVE")
    path = options.paths.get(account, f"{ORGANIZATION}/r-loop/{WORKLOADS}/{account}/")
    word = {"Status": state} if options.retired_status else {"State": state, "Status": "ACTIVE"}
    return {
        "Id": account,
        "Arn": _arn(world.accounts[0], account),
        "Email": f"{account}@example.org",
        "Name": f"account-{account}",
        **word,
        **({"Paths": [path]} if path is not None else {}),
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": epoch(world.estate.moment),
    }


def _arn(management: str, account: str) -> str:
    return f"arn:aws:organizations::{management}:account/{ORGANIZATION}/{account}"
