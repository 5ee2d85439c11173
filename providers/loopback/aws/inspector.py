"""Listing operations of Amazon Inspector (REST JSON)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from providers.loopback.aws.findings import IMAGE_TYPE, inspector_finding, resource_id
from providers.loopback.aws.wire import AwsError, Call, Operation, epoch, without_empty
from providers.loopback.aws.world import FindingAt, ImageAt
from providers.loopback.paging import Page, PageTokenError

Item = TypeVar("Item")
Reader = Callable[[Call, Item], str]

# The filters known here and the value of an item that each one compares.
_FINDING_FILTERS: dict[str, Reader[FindingAt]] = {
    "resourceType": lambda _call, _one: IMAGE_TYPE,
    "awsAccountId": lambda call, _one: call.view.account,
    "findingStatus": lambda _call, _one: "ACTIVE",
    "findingType": lambda _call, _one: "PACKAGE_VULNERABILITY",
    "ecrImageHash": lambda _call, one: one.at.image.digest,
    "ecrImageRepositoryName": lambda _call, one: one.at.repository.name,
}
_COVERAGE_FILTERS: dict[str, Reader[ImageAt]] = {
    "resourceType": lambda _call, _one: IMAGE_TYPE,
    "accountId": lambda call, _one: call.view.account,
    "ecrRepositoryName": lambda _call, one: one.repository.name,
    "scanType": lambda _call, _one: "PACKAGE",
}


def list_findings(call: Call) -> dict[str, Any]:
    """ListFindings: one row for each image and vulnerability; most 100 a page."""
    _check_denied(call)
    criteria = _criteria(call, _FINDING_FILTERS, {"EQUALS", "NOT_EQUALS", "PREFIX"})
    found = _chosen(call, call.view.findings, criteria, _FINDING_FILTERS)
    page = _page(call, found, most=100, within=criteria)
    if page.number > 1 and call.view.fault("findings"):
        raise AwsError("InternalServerException", "An internal error has occurred.", 500)
    return without_empty(
        {
            "findings": [inspector_finding(call.view, one) for one in page.items],
            "nextToken": page.next_token or None,
        }
    )


def list_coverage(call: Call) -> dict[str, Any]:
    """ListCoverage: one row for each image that Inspector knows; most 200 a page."""
    _check_denied(call)
    criteria = _criteria(call, _COVERAGE_FILTERS, {"EQUALS", "NOT_EQUALS"})
    covered = _chosen(call, call.view.covered, criteria, _COVERAGE_FILTERS)
    page = _page(call, covered, most=200, within=criteria)
    return without_empty(
        {
            "coveredResources": [_coverage(call, one) for one in page.items],
            "nextToken": page.next_token or None,
        }
    )


# By path; both are sent by POST.
OPERATIONS: dict[str, tuple[str, Operation]] = {
    "/findings/list": ("ListFindings", list_findings),
    "/coverage/list": ("ListCoverage", list_coverage),
}


def _check_denied(call: Call) -> None:
    if call.view.fault("findings_denied"):
        raise AwsError(
            "AccessDeniedException",
            f"User is not authorized to perform: inspector2:{call.operation}",
            403,
        )


def _page(call: Call, items: Sequence[Item], *, most: int, within: object) -> Page[Item]:
    cap = call.view.estate.findings_page_size
    named = json.dumps(within, sort_keys=True)
    try:
        return call.page(items, default=most, most=most, cap=cap, within=named)
    except PageTokenError as error:
        raise AwsError("ValidationException", str(error)) from error


def _criteria(
    call: Call, known: dict[str, Reader[Item]], comparisons: set[str]
) -> dict[str, list[dict[str, str]]]:
    """Return the request's filter criteria.

    Raises:
        AwsError: A filter or comparison not known here, or more than ten values of one.
    """
    criteria: dict[str, list[dict[str, str]]] = call.params.get("filterCriteria") or {}
    for name, values in criteria.items():
        if name not in known:
            raise AwsError("ValidationException", f"filterCriteria: {name} is not known")
        if not 1 <= len(values) <= 10:
            raise AwsError("ValidationException", f"filterCriteria: {name} takes 1 to 10 values")
        if any(one.get("comparison") not in comparisons for one in values):
            raise AwsError("ValidationException", f"filterCriteria: {name}: unknown comparison")
    return criteria


def _chosen(
    call: Call,
    items: Sequence[Item],
    criteria: dict[str, list[dict[str, str]]],
    known: dict[str, Reader[Item]],
) -> Sequence[Item]:
    """Return the items that pass every filter; remembered, as each page asks anew."""
    key = f"{call.operation} {json.dumps(criteria, sort_keys=True)}"
    if key not in call.view.chosen:
        readers = [(known[name], conditions) for name, conditions in criteria.items()]
        call.view.chosen[key] = [
            item
            for item in items
            if all(_matches(read(call, item), conditions) for read, conditions in readers)
        ]
    return call.view.chosen[key]


def _matches(value: str, conditions: list[dict[str, str]]) -> bool:
    """Any of the EQUALS and PREFIX values, and none of the NOT_EQUALS ones."""
    wanted = [one for one in conditions if one["comparison"] != "NOT_EQUALS"]
    if any(value == one["value"] for one in conditions if one not in wanted):
        return False
    return not wanted or any(
        value == one["value"] or (one["comparison"] == "PREFIX" and value.startswith(one["value"]))
        for one in wanted
    )


def _coverage(call: Call, at: ImageAt) -> dict[str, Any]:
    image, scan = at.image, at.image.scan
    code, reason = (*scan.native, "")[:2] if scan else ("", "")
    scanned = scan.scanned_at if scan else None
    pulled = image.last_pulled_at
    frequency = at.repository.settings.get("scan_frequency", "CONTINUOUS_SCAN")
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
            "resourceId": resource_id(call.view, at),
            "accountId": call.view.account,
            "scanType": "PACKAGE",
            "scanStatus": {"statusCode": code, "reason": reason},
            "resourceMetadata": {
                "ecrRepository": {"name": at.repository.name, "scanFrequency": frequency},
                "ecrImage": image_metadata,
            },
            "lastScannedAt": epoch(scanned) if scanned else None,
            "provider": "AWS",
        }
    )
