"""The door to AWS as the collectors see it: operations by name, answers as plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from audit.errors import BrokenPageError, NotFoundError, SourceError
from audit.model.scope import ScopeTally

Answer = dict[str, Any]
"""A parsed answer: botocore's dict, timestamps as timezone-aware UTC datetimes."""

ECR_SCANNING = "ecr:GetRegistryScanningConfiguration"
ECR_REPOSITORIES = "ecr:DescribeRepositories"
ECR_REPOSITORY_SCANNING = "ecr:BatchGetRepositoryScanningConfiguration"
ECR_IMAGES = "ecr:DescribeImages"
ECR_MANIFESTS = "ecr:BatchGetImage"
ECR_FINDINGS = "ecr:DescribeImageScanFindings"
ECR_REPOSITORY_POLICY = "ecr:GetRepositoryPolicy"
ECR_LIFECYCLE = "ecr:GetLifecyclePolicy"
ECR_REPOSITORY_TAGS = "ecr:ListTagsForResource"
ECR_REGISTRY_POLICY = "ecr:GetRegistryPolicy"
ECR_REGISTRY = "ecr:DescribeRegistry"
ECR_PULL_THROUGH = "ecr:DescribePullThroughCacheRules"
ECR_TEMPLATES = "ecr:DescribeRepositoryCreationTemplates"
ECR_SIGNING = "ecr:GetSigningConfiguration"
ECR_ACCOUNT_SETTING = "ecr:GetAccountSetting"
ECR_PULL_EXCLUSIONS = "ecr:ListPullTimeUpdateExclusions"
ECR_TOKEN = "ecr:GetAuthorizationToken"  # noqa: S105  an operation
PUBLIC_REPOSITORIES = "ecr-public:DescribeRepositories"
PUBLIC_IMAGES = "ecr-public:DescribeImages"
INSPECTOR_CONFIGURATION = "inspector2:GetConfiguration"
INSPECTOR_FILTERS = "inspector2:ListFilters"
KMS_KEY = "kms:DescribeKey"
TAGGED_RESOURCES = "tag:GetResources"
INSPECTOR_FINDINGS = "inspector2:ListFindings"
INSPECTOR_COVERAGE = "inspector2:ListCoverage"
INSPECTOR_COUNTS = "inspector2:ListFindingAggregations"
INSPECTOR_MEMBERS = "inspector2:ListMembers"
INSPECTOR_ADMINISTRATOR = "inspector2:GetDelegatedAdminAccount"
STS_ASSUME_ROLE = "sts:AssumeRole"
STS_IDENTITY = "sts:GetCallerIdentity"
ORGANIZATION_ACCOUNTS = "organizations:ListAccounts"
ACCOUNT_REGIONS = "account:ListRegions"

CLIENTS = {"tag": "resourcegroupstaggingapi"}
"""Prefix of an IAM action -> botocore's name of the service, where the two differ."""
PAGE_TOKENS = {
    "account": "NextToken",
    "organizations": "NextToken",
    "tag": "PaginationToken",
}
"""Prefix of an IAM action -> what its page token is called, where that is not ``nextToken``."""
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


class Api(Protocol):
    """One account and region. An operation's name is also the IAM action that allows it."""

    def call(self, tally: ScopeTally, operation: str, needs: str, **parameters: object) -> Answer:
        """Make one call, counted in ``tally``.

        Args:
            tally: Scope that the call is made for.
            operation: ``service:Operation``.
            needs: Member (a list, a structure or a text) without which the answer is not
                believed: a body that was cut short parses to an empty success.
            parameters: Members of the request.

        Raises:
            SourceError: Typed by what can be done about it.
        """

    def pages(
        self, tally: ScopeTally, operation: str, needs: str, **parameters: object
    ) -> Iterator[Answer]:
        """Yield every page, following its token alone (a page may be short or empty).

        Raises:
            SourceError: At the first page that cannot be read; a token that comes back a second
                time is a :class:`~audit.errors.BrokenPageError`.
        """


def clock_of(page: Answer) -> datetime | None:
    """Return the time (UTC) at which the service says that it answered (header ``Date``)."""
    headers = (page.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    try:
        return datetime.strptime(headers["date"], _HTTP_DATE).replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError):
        return None


class Listing:
    """Rows of a paged operation, read to the end or to the page that fails.

    Args:
        operation: ``service:Operation``.
        needs: The operation's list.
        may_vanish: What is listed may be deleted meanwhile: that sets ``vanished``, and is no
            error.

    Attributes:
        error: The first thing that could not be read; None while the listing is whole.
        clock: The service's own time when it gave the first page; None if it did not tell.
    """

    def __init__(
        self, api: Api, tally: ScopeTally, operation: str, needs: str, *, may_vanish: bool = False
    ) -> None:
        self._api, self._tally = api, tally
        self._operation, self._needs = operation, needs
        self._may_vanish = may_vanish
        self.vanished = False
        self.error: SourceError | None = None
        self.clock: datetime | None = None

    def pages(self, **parameters: object) -> Iterator[list[Answer]]:
        """Yield each page's rows; what cannot be read ends up in ``error`` and in the tally."""
        try:
            for page in self._api.pages(self._tally, self._operation, self._needs, **parameters):
                self.clock = self.clock or clock_of(page)
                yield [row for row in page[self._needs] if self._is_row(row)]
        except SourceError as error:
            if self._may_vanish and isinstance(error, NotFoundError):
                self.vanished = True
            else:
                self.record(error)

    def record(self, error: SourceError) -> None:
        """Note that something of this listing could not be read."""
        self._tally.fail(error)
        self.error = self.error or error

    def _is_row(self, row: object) -> bool:
        if isinstance(row, dict):
            return True
        self.record(BrokenPageError(f"a row of {self._needs} is empty", operation=self._operation))
        return False


def whole_rows(rows: Iterable[object], operation: str) -> list[Answer]:
    """Return rows that must all be there.

    Raises:
        BrokenPageError: One of them is empty.
    """
    found = list(rows)
    if not all(isinstance(row, dict) for row in found):
        raise BrokenPageError("a row is empty", operation=operation)
    return [row for row in found if isinstance(row, dict)]


def member(row: Answer, name: str, operation: str) -> str:
    """Return a row's text.

    Raises:
        BrokenPageError: The row has none of that name.
    """
    value = row.get(name)
    if not isinstance(value, str):
        raise BrokenPageError(f"a row has no {name}", operation=operation)
    return value
