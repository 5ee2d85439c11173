"""Listing operations of Amazon Inspector (REST JSON).

A delegated administrator sees its members' findings and coverage beside its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from providers.loopback.aws.findings import IMAGE_TYPE, inspector_finding, resource_id
from providers.loopback.aws.inspector_filters import (
    Filters,
    Seen,
    chosen_page,
    page_of,
    refuse_denied,
)
from providers.loopback.aws.past import FindingAt, ImageAt, scan_time
from providers.loopback.aws.wire import AwsError, Call, Operation, epoch, without_empty
from providers.loopback.aws.world import RegistryView

_ALL, _EXACT = frozenset({"EQUALS", "NOT_EQUALS", "PREFIX"}), frozenset({"EQUALS", "NOT_EQUALS"})
_FINDINGS: Filters[FindingAt] = Filters(
    {
        "resourceType": lambda _seen: IMAGE_TYPE,
        "awsAccountId": lambda seen: seen.view.account,
        "findingStatus": lambda seen: seen.item.status,
        "findingType": lambda _seen: "PACKAGE_VULNERABILITY",
        "ecrImageHash": lambda seen: seen.item.at.image.digest,
        "ecrImageRepositoryName": lambda seen: seen.item.at.repository.name,
    },
    {"updatedAt": lambda seen: _updated(seen.item)},
    _ALL,
)
_COVERAGE: Filters[ImageAt] = Filters(
    {
        "resourceType": lambda _seen: IMAGE_TYPE,
        "accountId": lambda seen: seen.view.account,
        "ecrRepositoryName": lambda seen: seen.item.repository.name,
        "scanType": lambda _seen: "PACKAGE",
    },
    {},
    _EXACT,
)
_COUNTED = {
    "CRITICAL": "critical",
    "HIGH": "high",
    "MEDIUM": "medium",
    "LOW": "low",
    "INFORMATIONAL": "informational",
    "UNTRIAGED": "untriaged",
}


def list_findings(call: Call) -> dict[str, Any]:
    """ListFindings: one row for each image and vulnerability; most 100 a page."""
    refuse_denied(call)
    page = chosen_page(call, _findings, _FINDINGS, most=100)
    if page.number > 1 and call.view.fault("findings"):
        raise AwsError("InternalServerException", "An internal error has occurred.", 500)
    return without_empty(
        {
            "findings": [inspector_finding(seen.view, seen.item) for seen in page.items],
            "nextToken": page.next_token or None,
        }
    )


def list_coverage(call: Call) -> dict[str, Any]:
    """ListCoverage: one row for each image that Inspector knows; most 200 a page."""
    refuse_denied(call)
    page = chosen_page(call, lambda view: iter(view.covered), _COVERAGE, most=200)
    return without_empty(
        {
            "coveredResources": [_coverage(seen) for seen in page.items],
            "nextToken": page.next_token or None,
        }
    )


def list_finding_aggregations(call: Call) -> dict[str, Any]:
    """ListFindingAggregations of AWS_ECR_CONTAINER: active findings of each image that has any."""
    refuse_denied(call)
    if call.params.get("aggregationType") != "AWS_ECR_CONTAINER":
        raise AwsError("ValidationException", "only AWS_ECR_CONTAINER is known here")
    accounts = [one.get("value") for one in call.params.get("accountIds") or ()]
    if len(accounts) > 10:
        raise AwsError("ValidationException", "accountIds takes 1 to 10 values")
    sums = [
        _sum(view, at, group)
        for view in call.world.overseen(call.view.account, call.view.region)
        if not accounts or view.account in accounts
        for at, group in _active_by_image(view)
    ]
    page = page_of(call, sums, most=100, within=accounts)
    return without_empty(
        {
            "aggregationType": "AWS_ECR_CONTAINER",
            "responses": [{"awsEcrContainerAggregation": one} for one in page.items],
            "nextToken": page.next_token or None,
        }
    )


# By path; all are sent by POST.
OPERATIONS: dict[str, tuple[str, Operation]] = {
    "/findings/list": ("ListFindings", list_findings),
    "/coverage/list": ("ListCoverage", list_coverage),
    "/findings/aggregation/list": ("ListFindingAggregations", list_finding_aggregations),
}


def _findings(view: RegistryView) -> Iterator[FindingAt]:
    yield from view.findings
    yield from view.closed


def _updated(finding: FindingAt) -> float:
    return epoch(finding.when.updated if finding.when else scan_time(finding.at.image))


def _active_by_image(view: RegistryView) -> list[tuple[ImageAt, list[FindingAt]]]:
    by_image: dict[tuple[str, str], tuple[ImageAt, list[FindingAt]]] = {}
    for one in view.findings:
        if one.status == "ACTIVE":
            image = (one.at.repository.name, one.at.image.digest)
            by_image.setdefault(image, (one.at, []))[1].append(one)
    return list(by_image.values())


def _sum(view: RegistryView, at: ImageAt, findings: list[FindingAt]) -> dict[str, Any]:
    counts = Counter(_COUNTED[one.statements[0].native_severity] for one in findings)
    return without_empty(
        {
            "resourceId": resource_id(view, at),
            "imageSha": at.image.digest,
            "repository": at.repository.name,
            "architecture": at.image.architecture,
            "imageTags": list(at.image.tags),
            "accountId": view.account,
            "severityCounts": {"all": len(findings), **counts},
        }
    )


def _coverage(seen: Seen[ImageAt]) -> dict[str, Any]:
    image, scan = seen.item.image, seen.item.image.scan
    code, reason = (*scan.native, "")[:2] if scan else ("", "")
    scanned = scan.scanned_at if scan else None
    pulled = image.last_pulled_at
    repository = seen.item.repository
    frequency = repository.settings.get("scan_frequency", "CONTINUOUS_SCAN")
    image_metadata = without_empty(
        {
            "tags": list(image.tags),
            "imagePulledAt": epoch(pulled) if pulled else None,
            "inUseCount": image.in_use_count,
        }
    )
    return without_empty(
        {
            "resourceType": IMAGE_TYPE,
            "resourceId": resource_id(seen.view, seen.item),
            "accountId": seen.view.account,
            "scanType": "PACKAGE",
            "scanStatus": {"statusCode": code, "reason": reason},
            "resourceMetadata": {
                "ecrRepository": {"name": repository.name, "scanFrequency": frequency},
                "ecrImage": image_metadata,
            },
            "lastScannedAt": epoch(scanned) if scanned else None,
            "provider": "AWS",
        }
    )
