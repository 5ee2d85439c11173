"""Scanning operations of Amazon ECR: findings of one image, and what is set to be scanned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from providers.loopback.aws.ecr import find_image, repository_of
from providers.loopback.aws.findings import enhanced_finding
from providers.loopback.aws.past import FindingAt, ImageAt
from providers.loopback.aws.wire import AwsError, Call, Operation, epoch, without_empty
from providers.loopback.aws.world import ENHANCED
from providers.loopback.estate import Repository, Scan, Statement
from providers.loopback.packages import by_vulnerability
from providers.loopback.paging import PageTokenError

_ENHANCED_FINDINGS = "enhancedFindings"
# Scan statuses under which ECR gives the findings member, be it empty.
_WITH_FINDINGS = frozenset({"COMPLETE", "ACTIVE"})
# What ECR says of an image for each reason of Inspector's coverage; the same word if not here.
_STATUS_OF_REASON = {
    "SUCCESSFUL": "ACTIVE",
    "PENDING_INITIAL_SCAN": "PENDING",
    "PENDING_REVIVAL_SCAN": "PENDING",
    "SCAN_IN_PROGRESS": "IN_PROGRESS",
    "SCAN_FREQUENCY_SCAN_ON_PUSH": "COMPLETE",
    "UNSUPPORTED_OS": "UNSUPPORTED_IMAGE",
    "UNSUPPORTED_MEDIA_TYPE": "UNSUPPORTED_IMAGE",
    "UNSUPPORTED_CONFIG_FILE": "UNSUPPORTED_IMAGE",
    "INTERNAL_ERROR": "FAILED",
    "ACCESS_DENIED": "FAILED",
}


def describe_image_scan_findings(call: Call) -> dict[str, Any]:
    """DescribeImageScanFindings: ``findings`` of a BASIC registry, else ``enhancedFindings``."""
    at = _image_at(call)
    _check_faults(call, at)
    scan = at.image.scan
    if scan is None or not scan.native:
        raise AwsError(
            "ScanNotFoundException",
            f"Image scan does not exist for the image with '{at.image.digest}' in the repository "
            f"with name '{at.repository.name}' in the registry with id '{call.view.account}'",
        )
    # A registry that was ENHANCED until now still answers so for images it scanned that way.
    enhanced = call.view.scan_type == ENHANCED or scan.native[1:] == (_ENHANCED_FINDINGS,)
    status = _status(call, scan)
    answer: dict[str, Any] = {
        "registryId": call.view.account,
        "repositoryName": at.repository.name,
        "imageId": {"imageDigest": at.image.digest},
        "imageScanStatus": {"status": status, "description": f"The scan status is {status}."},
    }
    if status in _WITH_FINDINGS or scan.statements:
        answer |= _enhanced(call, at, scan) if enhanced else _basic(call, at, scan, status)
    return answer


def get_registry_scanning_configuration(call: Call) -> dict[str, Any]:
    """GetRegistryScanningConfiguration: scan type, and a rule for each scan frequency in use."""
    by_frequency: dict[str, list[str]] = {}
    for repository in call.view.repositories.values():
        by_frequency.setdefault(_frequency(call, repository), []).append(repository.name)
    rules = [
        {"scanFrequency": frequency, "repositoryFilters": _filters(names, len(by_frequency) == 1)}
        for frequency, names in by_frequency.items()
        if frequency != "MANUAL"
    ]
    return {
        "registryId": call.view.account,
        "scanningConfiguration": {"scanType": call.view.scan_type, "rules": rules},
    }


def batch_get_repository_scanning_configuration(call: Call) -> dict[str, Any]:
    """BatchGetRepositoryScanningConfiguration: at most 25 names; unknown ones are failures."""
    names = call.params.get("repositoryNames") or []
    if not 1 <= len(names) <= 25:
        raise AwsError("InvalidParameterException", "repositoryNames must hold 1 to 25 members")
    known = call.view.repositories
    return {
        "scanningConfigurations": [
            _configuration(call, known[name]) for name in names if name in known
        ],
        "failures": [
            {
                "repositoryName": name,
                "failureCode": "REPOSITORY_NOT_FOUND",
                "failureReason": "The repository does not exist.",
            }
            for name in names
            if name not in known
        ],
    }


OPERATIONS: dict[str, Operation] = {
    "DescribeImageScanFindings": describe_image_scan_findings,
    "GetRegistryScanningConfiguration": get_registry_scanning_configuration,
    "BatchGetRepositoryScanningConfiguration": batch_get_repository_scanning_configuration,
}


def _image_at(call: Call) -> ImageAt:
    repository = repository_of(call)
    image = find_image(repository, call.params.get("imageId") or {})
    if image is None:
        raise AwsError("ImageNotFoundException", "The image with the given id does not exist")
    return ImageAt(repository, image)


def _status(call: Call, scan: Scan) -> str:
    if call.view.scan_type == ENHANCED:
        return _STATUS_OF_REASON.get(scan.native[-1], scan.native[-1])
    return scan.native[0]


def _check_faults(call: Call, at: ImageAt) -> None:
    """Break the call where a fault of a BASIC registry says so; ENHANCED ones are Inspector's."""
    view = call.view
    if view.scan_type == ENHANCED:
        return
    if view.fault("findings_denied"):
        raise AwsError(
            "AccessDeniedException",
            "User is not authorized to perform: ecr:DescribeImageScanFindings",
        )
    if view.fault("findings") and (at.repository.name, at.image.digest) in view.failing_scans:
        raise AwsError("InternalServerError", "An internal error has occurred.", 500)


def _basic(call: Call, at: ImageAt, scan: Scan, status: str) -> dict[str, Any]:
    findings = [_basic_finding(statement) for statement in scan.statements]
    # A scan described as pending although COMPLETE is what ECR gives before results are in.
    unready = status == "COMPLETE" and scan.state == "pending"
    counts = None if unready else _counts(one["severity"] for one in findings)
    return _scan_findings(call, at, scan, counts, ("findings", findings))


def _enhanced(call: Call, at: ImageAt, scan: Scan) -> dict[str, Any]:
    findings = [
        enhanced_finding(call.view, FindingAt(at, group))
        for group in by_vulnerability(scan.statements)
    ]
    counts = _counts(one["severity"] for one in findings)
    return _scan_findings(call, at, scan, counts, (_ENHANCED_FINDINGS, findings))


def _scan_findings(
    call: Call,
    at: ImageAt,
    scan: Scan,
    counts: dict[str, int] | None,
    findings: tuple[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    key, rows = findings
    within = f"{at.repository.name}\0{at.image.digest}"
    cap = call.view.estate.findings_page_size
    try:
        page = call.page(rows, default=100, most=1000, cap=cap, within=within)
    except PageTokenError as error:
        raise AwsError("InvalidParameterException", str(error)) from error
    scanned = epoch(scan.scanned_at) if scan.scanned_at else None
    body = {
        "imageScanCompletedAt": scanned,
        "vulnerabilitySourceUpdatedAt": scanned,
        "findingSeverityCounts": counts,
        key: page.items,
    }
    return without_empty(
        {"imageScanFindings": without_empty(body), "nextToken": page.next_token or None}
    )


def _basic_finding(statement: Statement) -> dict[str, Any]:
    attributes = {
        "package_version": statement.version,
        "package_name": statement.package,
        **_cvss_attributes(statement),
    }
    return {
        "name": statement.vulnerability_id,
        "description": statement.title,
        "uri": f"https://security-tracker.debian.org/tracker/{statement.vulnerability_id}",
        "severity": statement.native_severity,
        "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
    }


def _cvss_attributes(statement: Statement) -> dict[str, str]:
    vector = statement.cvss_vector or ""
    prefix = "CVSS3" if vector.startswith("CVSS:3") or not vector else "CVSS2"
    given: dict[str, str] = {}
    if statement.cvss_score is not None:
        given[f"{prefix}_SCORE"] = str(statement.cvss_score)
    if vector:
        given[f"{prefix}_VECTOR"] = vector
    return given


def _counts(severities: Iterable[str]) -> dict[str, int]:
    return dict(Counter(severities))


def _frequency(call: Call, repository: Repository) -> str:
    usual = "CONTINUOUS_SCAN" if call.view.scan_type == ENHANCED else "SCAN_ON_PUSH"
    return repository.settings.get("scan_frequency", usual)


def _filters(names: list[str], everything: bool) -> list[dict[str, str]]:
    return [{"filter": one, "filterType": "WILDCARD"} for one in (["*"] if everything else names)]


def _configuration(call: Call, repository: Repository) -> dict[str, Any]:
    frequency = _frequency(call, repository)
    applied = [] if frequency == "MANUAL" else _filters([repository.name], everything=False)
    return {
        "repositoryArn": call.view.repository_arn(repository.name),
        "repositoryName": repository.name,
        "scanOnPush": frequency == "SCAN_ON_PUSH",
        "scanFrequency": frequency,
        "appliedScanFilters": applied,
    }
