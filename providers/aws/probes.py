"""Harmless calls that tell which permissions there are: the smallest page of each operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import (
    AccessDeniedError,
    NotFoundError,
    SourceError,
    TransientError,
)
from audit.model.scope import ScopeTally
from audit.ports import Check, CheckStatus
from providers.aws.api import Answer, Api
from providers.aws.permissions import Permission

UNTRIED = "not tried: there is nothing to try it on"


@dataclass(frozen=True)
class Found:
    """What was found so far in a region, for calls that need something to ask about.

    Attributes:
        account: The account examined.
        repository: The first repository listed, as ECR describes it.
        digest: The first image listed of it.
    """

    account: str
    repository: Answer | None = None
    digest: str | None = None


@dataclass(frozen=True)
class Probe:
    """How one operation is tried.

    Attributes:
        needs: Member of a whole answer.
        request: Parameters; None where there is nothing to ask about.
    """

    needs: str
    request: Callable[[Found], Mapping[str, Any] | None]


def _always(**parameters: object) -> Callable[[Found], Mapping[str, Any] | None]:
    return lambda _: parameters


def _of_account(found: Found) -> Mapping[str, Any] | None:
    return {"accountIds": [found.account]}


def _in_repository(found: Found) -> Mapping[str, Any] | None:
    return _named(found, lambda name: {"repositoryName": name})


def _one_row(found: Found) -> Mapping[str, Any] | None:
    return _named(found, lambda name: {"repositoryName": name, "maxResults": 1})


def _of_names(found: Found) -> Mapping[str, Any] | None:
    return _named(found, lambda name: {"repositoryNames": [name]})


def _of_arn(found: Found) -> Mapping[str, Any] | None:
    arn = (found.repository or {}).get("repositoryArn")
    return {"resourceArn": arn} if arn else None


def _of_key(found: Found) -> Mapping[str, Any] | None:
    key = ((found.repository or {}).get("encryptionConfiguration") or {}).get("kmsKey")
    return {"KeyId": key} if key else None


def _of_image(found: Found) -> Mapping[str, Any] | None:
    digest = {"imageDigest": found.digest}
    return _named(found, lambda name: {"repositoryName": name, "imageId": digest}, image=True)


def _of_images(found: Found) -> Mapping[str, Any] | None:
    """Ask for an image that does not exist: a real one would count as pulled."""
    ids = [{"imageDigest": "sha256:" + "0" * 64}]
    return _named(found, lambda name: {"repositoryName": name, "imageIds": ids})


def _named(
    found: Found, parameters: Callable[[str], Mapping[str, Any]], *, image: bool = False
) -> Mapping[str, Any] | None:
    name = (found.repository or {}).get("repositoryName")
    if not isinstance(name, str) or (image and found.digest is None):
        return None
    return parameters(name)


ANY = "ResponseMetadata"
"""For answers of which no member is always there."""

PROBES: Mapping[str, Probe] = {
    "ecr:DescribeRepositories": Probe("repositories", _always(maxResults=1)),
    "ecr:DescribeImages": Probe("imageDetails", _one_row),
    "ecr:BatchGetImage": Probe(ANY, _of_images),
    "ecr:GetRegistryScanningConfiguration": Probe("scanningConfiguration", _always()),
    "ecr:BatchGetRepositoryScanningConfiguration": Probe(ANY, _of_names),
    "ecr:DescribeImageScanFindings": Probe(ANY, _of_image),
    "ecr:GetRepositoryPolicy": Probe(ANY, _in_repository),
    "ecr:GetLifecyclePolicy": Probe(ANY, _in_repository),
    "ecr:ListTagsForResource": Probe(ANY, _of_arn),
    "ecr:GetRegistryPolicy": Probe(ANY, _always()),
    "ecr:DescribeRegistry": Probe(ANY, _always()),
    "ecr:DescribePullThroughCacheRules": Probe(ANY, _always(maxResults=1)),
    "ecr:DescribeRepositoryCreationTemplates": Probe(ANY, _always(maxResults=1)),
    "ecr:GetSigningConfiguration": Probe(ANY, _always()),
    "ecr:GetAccountSetting": Probe(ANY, _always(name="BASIC_SCAN_TYPE_VERSION")),
    "ecr:ListPullTimeUpdateExclusions": Probe(ANY, _always(maxResults=1000)),
    "inspector2:ListFindings": Probe("findings", _always(maxResults=1)),
    "inspector2:ListCoverage": Probe("coveredResources", _always(maxResults=1)),
    "inspector2:ListFindingAggregations": Probe(
        ANY, _always(aggregationType="AWS_ECR_CONTAINER", maxResults=1)
    ),
    "inspector2:GetConfiguration": Probe(ANY, _always()),
    "inspector2:ListFilters": Probe(ANY, _always(maxResults=1)),
    "inspector2:BatchGetAccountStatus": Probe("accounts", _of_account),
    "kms:DescribeKey": Probe(ANY, _of_key),
    "tag:GetResources": Probe(
        ANY, _always(ResourcesPerPage=1, ResourceTypeFilters=["ecr:repository"])
    ),
    "ecr-public:DescribeRepositories": Probe("repositories", _always(maxResults=1)),
    "ecr-public:DescribeImages": Probe("imageDetails", _one_row),
    "ecr:GetAuthorizationToken": Probe("authorizationData", _always()),
    "account:ListRegions": Probe("Regions", _always(MaxResults=1)),
}


def check(permission: Permission, subject: str, status: CheckStatus, told: str = "") -> Check:
    """Return what was found out about a permission."""
    return Check(
        provider="aws",
        subject=subject,
        what=permission.operation,
        status=status,
        permission=", ".join(permission.allowed_by),
        costs=permission.costs,
        required=not permission.optional,
        told=told,
    )


def tried(
    permission: Permission, subject: str, api: Api, tally: ScopeTally, found: Found
) -> tuple[Check, Answer | None]:
    """Try an operation once; the answer comes along where there is one."""
    probe = PROBES.get(permission.operation)
    request = probe.request(found) if probe else None
    if probe is None or request is None:
        return check(permission, subject, CheckStatus.UNKNOWN, UNTRIED), None
    try:
        answer = api.call(tally, permission.operation, probe.needs, **request)
    except SourceError as error:
        return check(permission, subject, status_of(error), f"{error.code}: {error.message}"), None
    return check(permission, subject, CheckStatus.OK), answer


def status_of(error: SourceError) -> CheckStatus:
    """Return what an error says of the permission: what is not there was looked for.

    Credentials that are refused as such (a region that is off, an expired key) lack no permission.
    """
    if isinstance(error, AccessDeniedError):
        return CheckStatus.MISSING if error.permission else CheckStatus.UNREACHABLE
    if isinstance(error, TransientError):
        return CheckStatus.UNREACHABLE
    return CheckStatus.OK if isinstance(error, NotFoundError) else CheckStatus.UNKNOWN
