"""Amazon Inspector in an organisation: who administers it, who is a member, where it is on."""

from __future__ import annotations

from typing import Any

from providers.loopback.aws.inspector_filters import page_of, refuse_denied
from providers.loopback.aws.wire import AwsError, Call, Operation, epoch, without_empty
from providers.loopback.aws.world import ENHANCED, RegistryView


def get_delegated_admin_account(call: Call) -> dict[str, Any]:
    """GetDelegatedAdminAccount: the administrator in the caller's region, if there is one."""
    refuse_denied(call)
    administrator = call.world.administrator(call.view.region)
    if not administrator:
        raise AwsError("ResourceNotFoundException", "There is no delegated administrator", 404)
    return {"delegatedAdmin": {"accountId": administrator, "relationshipStatus": "ENABLED"}}


def list_members(call: Call) -> dict[str, Any]:
    """ListMembers: what the administrator of the region sees; most 50 a page."""
    refuse_denied(call)
    if call.view.account != call.world.administrator(call.view.region):
        raise AwsError("AccessDeniedException", "The account is no delegated administrator", 403)
    associated = call.params.get("onlyAssociated", True)
    members = [
        {
            "accountId": account,
            "relationshipStatus": status,
            "delegatedAdminAccountId": call.view.account,
            "updatedAt": epoch(call.view.estate.moment),
        }
        for account, status in call.world.members(call.view.region).items()
    ]
    page = page_of(call, members, most=50, within=associated)
    return without_empty({"members": list(page.items), "nextToken": page.next_token or None})


def batch_get_account_status(call: Call) -> dict[str, Any]:
    """BatchGetAccountStatus: whether Inspector scans the images of accounts; at most 100."""
    refuse_denied(call)
    accounts = call.params.get("accountIds") or [call.view.account]
    if len(accounts) > 100:
        raise AwsError("ValidationException", "accountIds takes at most 100 values")
    known = {
        view.account: view for view in call.world.overseen(call.view.account, call.view.region)
    }
    return {
        "accounts": [_status(known[account]) for account in accounts if account in known],
        "failedAccounts": [
            {"accountId": account, "errorCode": "ACCESS_DENIED", "errorMessage": "Not a member."}
            for account in accounts
            if account not in known
        ],
    }


def _status(view: RegistryView) -> dict[str, Any]:
    on = "ENABLED" if view.scan_type == ENHANCED else "DISABLED"
    off = "DISABLED"
    scans = {"ec2": off, "ecr": on, "lambda": off, "lambdaCode": off, "codeRepository": off}
    return {
        "accountId": view.account,
        "state": _state(on),
        "resourceState": {name: _state(word) for name, word in scans.items()},
    }


def _state(word: str) -> dict[str, str]:
    return {"status": word, "errorCode": "ALREADY_ENABLED", "errorMessage": "-"}


OPERATIONS: dict[str, tuple[str, Operation]] = {
    "/delegatedadminaccounts/get": ("GetDelegatedAdminAccount", get_delegated_admin_account),
    "/members/list": ("ListMembers", list_members),
    "/status/batch/get": ("BatchGetAccountStatus", batch_get_account_status),
}
