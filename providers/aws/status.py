"""Status words of Amazon Inspector and ECR scanning -> assessment states, as tables. Pure.

The words are those of the service models (``ScanStatusCode`` and ``ScanStatusReason`` of
inspector2, ``ScanStatus`` of ecr). A word that is in no table is *unknown*, and named in the
reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.errors import AccessDeniedError, BrokenPageError, DisabledError, SourceError
from audit.model.enums import State

INSPECTOR = "inspector"
ECR_BASIC = "ecr-basic"


@dataclass(frozen=True)
class Verdict:
    """State of one image under one source, with its evidence."""

    state: State
    reason: str
    native_status: str | None = None
    scanned_at: datetime | None = None
    db_updated_at: datetime | None = None


COVERAGE_CODES = frozenset({"ACTIVE", "INACTIVE"})
COVERAGE_REASONS: Mapping[str, tuple[State, str]] = {
    "SUCCESSFUL": (State.ASSESSED, "Inspector scans the image and the last scan succeeded."),
    "PENDING_INITIAL_SCAN": (State.PENDING, "The first scan has not happened yet."),
    "SCAN_IN_PROGRESS": (State.PENDING, "A scan is under way."),
    "PENDING_REVIVAL_SCAN": (State.PENDING, "The image is eligible again; its scan is due."),
    "SCAN_ELIGIBILITY_EXPIRED": (
        State.EXPIRED,
        "The rescan window has passed: Inspector has closed the findings without a fix.",
    ),
    "SCAN_FREQUENCY_MANUAL": (State.NOT_SCANNED, "No scanning rule covers the repository."),
    "RESOURCE_TERMINATED": (State.NOT_SCANNED, "Inspector believes the image is gone."),
    "PENDING_DISABLE": (State.NOT_SCANNED, "Inspector is being switched off."),
    "UNSUPPORTED_OS": (State.UNSUPPORTED, "The operating system is not supported."),
    "UNSUPPORTED_MEDIA_TYPE": (State.UNSUPPORTED, "The media type is not supported."),
    "UNSUPPORTED_CONFIG_FILE": (State.UNSUPPORTED, "The image's config is not supported."),
    "IMAGE_SIZE_EXCEEDED": (State.UNSUPPORTED, "The image is too large to be scanned."),
    "INVALID_ARTIFACT": (State.UNSUPPORTED, "The artifact is not valid for scanning."),
    "IMAGE_ARCHIVED": (State.ARCHIVED, "The image is archived and cannot be scanned."),
    "ACCESS_DENIED": (State.DENIED, "Inspector was refused access to the image."),
    "ACCESS_DENIED_TO_ENCRYPTION_KEY": (State.DENIED, "Inspector was refused the key."),
    "INTERNAL_ERROR": (State.FAILED, "Inspector failed with an internal error."),
    "STORAGE_LIMIT_EXCEEDED": (State.FAILED, "The scan went over its storage limit."),
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": (State.FAILED, "The scan ran out of time."),
    "INTEGRATION_CONNECTION_LOST": (State.FAILED, "Inspector lost its connection."),
}
"""Reasons that speak of an image; SCAN_FREQUENCY_SCAN_ON_PUSH needs the scan's time as well."""
SCAN_ON_PUSH = "SCAN_FREQUENCY_SCAN_ON_PUSH"
NOT_OF_IMAGES = frozenset(
    {
        *("UNMANAGED_EC2_INSTANCE", "NO_RESOURCES_FOUND", "EC2_INSTANCE_STOPPED", "NO_INVENTORY"),
        *("STALE_INVENTORY", "EXCLUDED_BY_TAG", "UNSUPPORTED_RUNTIME", "UNSUPPORTED_LANGUAGE"),
        *("DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED", "DEEP_INSPECTION_NO_INVENTORY"),
        *("DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED", "RESOURCE_STOPPED"),
        *("DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED", "NO_SCAN_CONFIGURATION_ASSOCIATED"),
        *("AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED", "UNSUPPORTED_CODE_ARTIFACTS"),
        *("AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED", "RESOURCE_UNMANAGED"),
    }
)
"""Reasons of instances, functions and code repositories: of an image they mean nothing known."""

SCAN_STATUSES: Mapping[str, tuple[State, str]] = {
    "COMPLETE": (State.ASSESSED, "The scan completed."),
    "ACTIVE": (State.ASSESSED, "The image is scanned continuously."),
    "IN_PROGRESS": (State.PENDING, "A scan is under way."),
    "PENDING": (State.PENDING, "The scan has not started yet."),
    "FAILED": (State.FAILED, "The scan failed."),
    "FINDINGS_UNAVAILABLE": (State.FAILED, "The scan's findings are unavailable."),
    "LIMIT_EXCEEDED": (State.FAILED, "The scan went over a limit."),
    "UNSUPPORTED_IMAGE": (State.UNSUPPORTED, "The image is not supported by the scanner."),
    "IMAGE_SIZE_EXCEEDED": (State.UNSUPPORTED, "The image is too large to be scanned."),
    "SCAN_ELIGIBILITY_EXPIRED": (State.EXPIRED, "The rescan window has passed."),
    "IMAGE_ARCHIVED": (State.ARCHIVED, "The image is archived and cannot be scanned."),
}


def coverage_verdict(code: str, reason: str, scanned_at: datetime | None) -> Verdict:
    """Judge a coverage row of inspector2 ListCoverage (statusCode, reason, lastScannedAt)."""
    native = f"{code}/{reason}"
    if code not in COVERAGE_CODES:
        return Verdict(State.UNKNOWN, f"Unknown coverage status code {code}.", native, scanned_at)
    if reason == SCAN_ON_PUSH:
        state, words = _scan_on_push(scanned_at)
    elif reason == "SUCCESSFUL" and code != "ACTIVE":
        state, words = State.UNKNOWN, f"Coverage says SUCCESSFUL but is {code}."
    elif reason in NOT_OF_IMAGES:
        state, words = State.UNKNOWN, f"Coverage reason {reason} does not speak of images."
    else:
        unknown = (State.UNKNOWN, f"Unknown coverage reason {reason}.")
        state, words = COVERAGE_REASONS.get(reason, unknown)
    return Verdict(state, words, native, scanned_at)


def _scan_on_push(scanned_at: datetime | None) -> tuple[State, str]:
    if scanned_at is None:
        return State.NOT_SCANNED, "Scanned on push only, and no scan is on record."
    return State.ASSESSED, "Scanned once, when it was pushed."


def scan_verdict(status: str, body: Mapping[str, Any]) -> Verdict:
    """Judge an answer of ecr DescribeImageScanFindings.

    Args:
        status: ``imageScanStatus.status``.
        body: ``imageScanFindings`` ({} when absent). Which list it holds (``findings`` or
            ``enhancedFindings``) is asked of the key, not of the status; without
            ``findingSeverityCounts`` a COMPLETE scan has no result yet.
    """
    unknown = (State.UNKNOWN, f"Unknown scan status {status}.")
    state, words = SCAN_STATUSES.get(status, unknown)
    if status == "COMPLETE":
        state, words = _complete(body)
    elif status == "ACTIVE" and "enhancedFindings" not in body:
        state, words = State.UNKNOWN, "Status ACTIVE came without enhanced findings."
    return Verdict(
        state,
        words,
        status,
        body.get("imageScanCompletedAt"),
        body.get("vulnerabilitySourceUpdatedAt"),
    )


def _complete(body: Mapping[str, Any]) -> tuple[State, str]:
    if "findingSeverityCounts" not in body:
        return State.PENDING, "The scan is called complete but its counts are not there yet."
    if "findings" not in body and "enhancedFindings" not in body:
        return State.UNKNOWN, "The scan is called complete but no list of findings came with it."
    return SCAN_STATUSES["COMPLETE"]


def without_word(*, archived: bool | None, words: str) -> Verdict:
    """Judge an image of which the source, read to its end, says nothing."""
    if archived:
        return Verdict(State.ARCHIVED, "The image is archived and cannot be scanned.")
    return Verdict(State.NOT_SCANNED, words)


def unread(error: SourceError, verdict: Verdict | None = None) -> Verdict:
    """Judge an image whose statements could not all be read, whatever its own status says."""
    native, scanned_at = (verdict.native_status, verdict.scanned_at) if verdict else (None, None)
    where = f"{error.operation} ({error.code})"
    if isinstance(error, AccessDeniedError):
        return Verdict(State.DENIED, f"Reading the findings was denied: {where}.", native)
    if isinstance(error, DisabledError):
        return Verdict(State.UNKNOWN, f"Nobody could be asked: {error.message}.", native)
    reason = f"The listing of findings was incomplete: {where}."
    if isinstance(error, BrokenPageError):
        reason = f"{reason[:-1]}: {error.message}."
    return Verdict(State.UNKNOWN, reason, native, scanned_at)
