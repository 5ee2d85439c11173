"""Conditions that no permission grants: Inspector's reach, its administrator, pull times."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from audit.errors import NotFoundError, SourceError
from audit.model.scope import ScopeTally
from audit.ports import Check, CheckStatus
from providers.aws.administration import ENABLED
from providers.aws.api import Answer, Api
from providers.aws.client import AwsApi
from providers.aws.permissions import needed
from providers.aws.probes import check, status_of
from providers.aws.scopes import account_scope

ADMINISTRATOR = "inspector2:GetDelegatedAdminAccount"
MEMBERS = "inspector2:ListMembers"
ACCOUNT_STATUS = "inspector2:BatchGetAccountStatus"


class Enrolment:
    """Who administers Inspector in a region, and whether it sees an account.

    Args:
        open_account: Opens an account and region.
    """

    def __init__(self, open_account: Callable[[str, str, ScopeTally], AwsApi]) -> None:
        self._open_account = open_account
        self._seen: dict[tuple[str, str], frozenset[str] | SourceError] = {}

    def of(self, account: str, region: str, api: Api, tally: ScopeTally) -> Iterator[Check]:
        """Say what the account tells of its administrator, and that one of the account."""
        subject, asked = f"aws/{account}/{region}", needed(ADMINISTRATOR)
        try:
            answer = api.call(tally, ADMINISTRATOR, "delegatedAdmin")
        except NotFoundError:
            admin = ""
        except SourceError as error:
            yield check(asked, subject, status_of(error), f"{error.code}: {error.message}")
            return
        else:
            admin = str(answer["delegatedAdmin"].get("accountId") or "")
        yield check(asked, subject, CheckStatus.OK)
        yield Check(
            provider="aws",
            subject=subject,
            what="Inspector has a delegated administrator",
            status=CheckStatus.OK if admin else CheckStatus.MISSING,
            costs="Findings are read account by account: more calls, and nothing is lost.",
            required=False,
            told=admin,
        )
        if admin and admin != account:
            yield self._member(account, region, admin)

    def _member(self, account: str, region: str, admin: str) -> Check:
        if (admin, region) not in self._seen:
            self._seen[admin, region] = self._members(admin, region)
        seen = self._seen[admin, region]
        if isinstance(seen, SourceError):
            told = f"{seen.code}: {seen.message}"
            return check(needed(MEMBERS), f"aws/{admin}/{region}", status_of(seen), told)
        return Check(
            provider="aws",
            subject=f"aws/{account}/{region}",
            what="Inspector's administrator sees the account",
            status=CheckStatus.OK if account in seen else CheckStatus.MISSING,
            costs="Its findings are not among the administrator's.",
            required=False,
            told=admin,
        )

    def _members(self, admin: str, region: str) -> frozenset[str] | SourceError:
        """Read whom the administrator sees (inspector2 ListMembers, 50 a page), as a run does."""
        tally = ScopeTally(account_scope(admin))
        try:
            with self._open_account(admin, region, tally) as api:
                pages = api.pages(tally, MEMBERS, "members", onlyAssociated=True, maxResults=50)
                rows = [row for page in pages for row in page["members"] if row]
        except SourceError as error:
            return error
        enabled = (row for row in rows if row.get("relationshipStatus") == ENABLED)
        return frozenset(str(row.get("accountId")) for row in enabled)


def inspector_scans(subject: str, account: str, answer: Answer | None) -> Check:
    """Say whether Inspector scans the account's ECR images (inspector2 BatchGetAccountStatus)."""
    rows = (answer or {}).get("accounts") or []
    mine = [row for row in rows if isinstance(row, dict) and row.get("accountId") == account]
    ecr = ((mine[0].get("resourceState") or {}).get("ecr") or {}) if mine else {}
    word = ecr.get("status")
    status = {"ENABLED": CheckStatus.OK, "DISABLED": CheckStatus.MISSING, None: CheckStatus.UNKNOWN}
    return Check(
        provider="aws",
        subject=subject,
        what="Inspector scans ECR images",
        status=status.get(word, CheckStatus.UNKNOWN),
        costs="Basic scanning alone judges: no language packages, no fixed versions.",
        required=False,
        told=str(word or ""),
    )


def our_pulls_count(subject: str, role: str | None, answer: Answer | None) -> Check:
    """Say whether the audit's role is among ECR's pull time exclusions."""
    rows = (answer or {}).get("pullTimeUpdateExclusions")
    status = CheckStatus.UNKNOWN
    if role is not None and isinstance(rows, list):
        more = bool((answer or {}).get("nextToken"))
        status = CheckStatus.UNKNOWN if more else CheckStatus.MISSING
        status = CheckStatus.OK if role in rows else status
    return Check(
        provider="aws",
        subject=subject,
        what="the audit's role is excluded from pull times",
        status=status,
        costs="Reading an index may count as a pull: unused images look used.",
        required=False,
        told="" if role is not None else "the tool's own credentials have no configured role",
    )
