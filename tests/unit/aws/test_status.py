"""Every native status, known and unknown, becomes the state it must become."""

from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.model import StringShape

from audit.errors import AccessDeniedError, UnavailableError
from audit.model.enums import State
from providers.aws.status import (
    COVERAGE_CODES,
    COVERAGE_REASONS,
    NOT_OF_IMAGES,
    SCAN_ON_PUSH,
    SCAN_STATUSES,
    Verdict,
    coverage_verdict,
    scan_verdict,
    unread,
    without_word,
)

AT = datetime(2026, 11, 1, tzinfo=UTC)

# Written out by hand from the agreed list, not computed from the table under test.
COVERAGE = {
    "SUCCESSFUL": "assessed",
    "PENDING_INITIAL_SCAN": "pending",
    "SCAN_IN_PROGRESS": "pending",
    "PENDING_REVIVAL_SCAN": "pending",
    "SCAN_ELIGIBILITY_EXPIRED": "expired",
    "SCAN_FREQUENCY_MANUAL": "not_scanned",
    "RESOURCE_TERMINATED": "not_scanned",
    "PENDING_DISABLE": "not_scanned",
    "SCAN_FREQUENCY_SCAN_ON_PUSH": "assessed",
    "UNSUPPORTED_OS": "unsupported",
    "UNSUPPORTED_MEDIA_TYPE": "unsupported",
    "UNSUPPORTED_CONFIG_FILE": "unsupported",
    "IMAGE_SIZE_EXCEEDED": "unsupported",
    "INVALID_ARTIFACT": "unsupported",
    "IMAGE_ARCHIVED": "archived",
    "ACCESS_DENIED": "denied",
    "ACCESS_DENIED_TO_ENCRYPTION_KEY": "denied",
    "INTERNAL_ERROR": "failed",
    "STORAGE_LIMIT_EXCEEDED": "failed",
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": "failed",
    "INTEGRATION_CONNECTION_LOST": "failed",
}
SCANS = {
    "COMPLETE": "assessed",
    "ACTIVE": "assessed",
    "IN_PROGRESS": "pending",
    "PENDING": "pending",
    "FAILED": "failed",
    "FINDINGS_UNAVAILABLE": "failed",
    "LIMIT_EXCEEDED": "failed",
    "UNSUPPORTED_IMAGE": "unsupported",
    "IMAGE_SIZE_EXCEEDED": "unsupported",
    "SCAN_ELIGIBILITY_EXPIRED": "expired",
    "IMAGE_ARCHIVED": "archived",
}
FULL: dict[str, Any] = {"findingSeverityCounts": {}, "findings": [], "enhancedFindings": []}


def _words(service: str, name: str) -> list[str]:
    shape = botocore.session.Session().get_service_model(service).shape_for(name)
    assert isinstance(shape, StringShape)
    return list(shape.enum)


REASONS = _words("inspector2", "ScanStatusReason")
STATUSES = _words("ecr", "ScanStatus")


@pytest.mark.parametrize("reason", REASONS)
def test_every_coverage_reason_of_the_model_has_its_state(reason):
    assert coverage_verdict("ACTIVE", reason, AT).state == COVERAGE.get(reason, "unknown")


@pytest.mark.parametrize("reason", [r for r in REASONS if r != "SUCCESSFUL"])
def test_an_inactive_coverage_means_the_same(reason):
    assert coverage_verdict("INACTIVE", reason, AT).state == COVERAGE.get(reason, "unknown")


def test_no_reason_of_today_is_left_to_chance():
    assert set(REASONS) == {*COVERAGE_REASONS, SCAN_ON_PUSH, *NOT_OF_IMAGES}
    assert set(_words("inspector2", "ScanStatusCode")) == COVERAGE_CODES


@pytest.mark.parametrize(
    ("code", "reason", "named"),
    [
        ("INACTIVE", "SUCCESSFUL", "INACTIVE"),
        ("ACTIVE", "SCANNED_BY_MOONLIGHT", "SCANNED_BY_MOONLIGHT"),
        ("PAUSED", "SUCCESSFUL", "PAUSED"),
        ("absent", "absent", "absent"),
    ],
)
def test_coverage_words_that_do_not_prove_a_look_are_unknown_by_name(code, reason, named):
    verdict = coverage_verdict(code, reason, AT)
    assert verdict.state is State.UNKNOWN
    assert named in verdict.reason
    assert verdict.native_status == f"{code}/{reason}"


def test_scan_on_push_without_a_scan_is_not_scanned():
    assert coverage_verdict("ACTIVE", SCAN_ON_PUSH, None).state is State.NOT_SCANNED


@pytest.mark.parametrize("status", STATUSES)
def test_every_scan_status_of_the_model_has_its_state(status):
    assert scan_verdict(status, FULL).state == SCANS[status]


def test_no_scan_status_of_today_is_left_to_chance():
    assert set(STATUSES) == set(SCAN_STATUSES)


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        ("COMPLETE", {"findings": []}, "pending"),
        ("COMPLETE", {}, "pending"),
        ("COMPLETE", {"findingSeverityCounts": {}}, "unknown"),
        ("COMPLETE", {"findingSeverityCounts": {}, "enhancedFindings": []}, "assessed"),
        ("ACTIVE", {"findingSeverityCounts": {}, "findings": []}, "unknown"),
        ("ACTIVE", {"enhancedFindings": []}, "assessed"),
        ("SCANNED_BY_MOONLIGHT", FULL, "unknown"),
        ("absent", FULL, "unknown"),
    ],
)
def test_a_scan_proves_itself_by_keys(status, body, state):
    assert scan_verdict(status, body).state == state


def test_unknown_scan_status_is_named():
    assert "SCANNED_BY_MOONLIGHT" in scan_verdict("SCANNED_BY_MOONLIGHT", FULL).reason


@pytest.mark.parametrize(
    ("archived", "state"), [(True, "archived"), (False, "not_scanned"), (None, "not_scanned")]
)
def test_silence_of_the_source(archived, state):
    assert without_word(archived=archived, words="Nothing is known.").state == state


def test_incomplete_reading_outweighs_a_good_status():
    verdict = unread(
        UnavailableError("no", operation="inspector2:ListFindings", code="500"),
        Verdict(State.ASSESSED, "fine", "ACTIVE/SUCCESSFUL", AT),
    )
    assert verdict.state is State.UNKNOWN
    assert "inspector2:ListFindings" in verdict.reason
    assert verdict.native_status == "ACTIVE/SUCCESSFUL"


def test_denied_reading_is_denied():
    assert unread(AccessDeniedError("no")).state is State.DENIED
