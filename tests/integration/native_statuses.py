"""Every native status of every source, known and unknown, and the state that each must become.

The tables are written by hand from what the clouds' words mean; the lists of words come from the
clouds' own models, so that a word that an SDK update brings is planted too, and must be unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import botocore.session
from grafeas import grafeas_v1

from tests.support.status_estate import FRESH, Planted

# Reasons of Inspector's coverage whatever the status code, if that code is one of Inspector's.
INSPECTOR = {
    "PENDING_INITIAL_SCAN": "pending",
    "SCAN_IN_PROGRESS": "pending",
    "PENDING_REVIVAL_SCAN": "pending",
    "SCAN_ELIGIBILITY_EXPIRED": "expired",
    "SCAN_FREQUENCY_MANUAL": "not_scanned",
    "RESOURCE_TERMINATED": "not_scanned",
    "PENDING_DISABLE": "not_scanned",
    "SCAN_FREQUENCY_SCAN_ON_PUSH": "not_scanned",  # unless a scan is on record
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
ECR_BASIC = {
    "COMPLETE": "assessed",
    "ACTIVE": "unknown",  # unless enhanced findings come with it
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
# The status codes of all rows of one image, and what they say together.
DEFENDER = {
    ("Unhealthy",): "assessed",
    ("unhealthy",): "assessed",
    ("UNHEALTHY",): "assessed",
    ("Healthy",): "assessed",
    ("healthy",): "assessed",
    ("HEALTHY",): "assessed",
    ("Unhealthy", "Healthy"): "assessed",
    ("Unhealthy", "NotApplicable"): "assessed",
    ("Healthy", "NotApplicable"): "assessed",
    ("NotApplicable",): "unsupported",
    ("notApplicable",): "unsupported",
    ("NOTAPPLICABLE",): "unsupported",
    ("OnHold",): "unknown",
    ("Exempt",): "unknown",
    ("Unhealthy", "OnHold"): "unknown",
    ("NotApplicable", "OnHold"): "unknown",
    ("Not Applicable",): "unknown",
    ("Unhealthyish",): "unknown",
    ("",): "unknown",
}
ARTIFACT_ANALYSIS = {
    "PENDING": "pending",
    "SCANNING": "pending",
    "FINISHED_FAILED": "failed",
    "FINISHED_UNSUPPORTED": "unsupported",
    # FINISHED_SUCCESS, of which COMPLETE is another name: by continuous analysis, see below.
}
SUCCESS = {
    "ACTIVE": "assessed",
    "INACTIVE": "stale",
    "CONTINUOUS_ANALYSIS_UNSPECIFIED": "stale",
    # Any other word of continuous analysis has never been seen before.
}

# How a source says that it looked and found something.
FOUND = {
    "inspector": ("ACTIVE", "SUCCESSFUL"),
    "ecr-basic": ("COMPLETE",),
    "defender": ("Unhealthy",),
    "defender off": ("Unhealthy",),
    "defender silent": ("Unhealthy",),
    "artifact-analysis": ("FINISHED_SUCCESS", "ACTIVE"),
}

HOUR, OLD = timedelta(hours=1), timedelta(days=31)


def enum(service: str, shape: str) -> list[str]:
    """Return the words of an enum of a service model."""
    model: Any = botocore.session.get_session().get_service_model(service)
    return list(model.shape_for(shape).enum)


def grafeas_words(enumeration: str) -> list[str]:
    """Return the words of an enum of DiscoveryOccurrence."""
    return list(getattr(grafeas_v1.DiscoveryOccurrence, enumeration).__members__)


def every_status() -> list[Planted]:
    """Return one image a status."""
    return [*_inspector(), *_ecr_basic(), *_defender(), *_artifact_analysis()]


def _inspector() -> Iterator[Planted]:
    codes, reasons = enum("inspector2", "ScanStatusCode"), enum("inspector2", "ScanStatusReason")
    for code, reason in product(codes, reasons):
        known = INSPECTOR.get(reason, "unknown")
        if reason == "SUCCESSFUL":
            known = "assessed" if code == "ACTIVE" else "unknown"
        scanned = None if reason == "SCAN_FREQUENCY_SCAN_ON_PUSH" else FRESH
        yield Planted("inspector", (code, reason), known, scanned)
        if scanned is None:
            yield Planted("inspector", (code, reason), "assessed")
    for code, reason in product(codes, ("PHASED_REEVALUATION", "successful", "")):
        yield Planted("inspector", (code, reason), "unknown", invented=reason)
    for code, reason in product(("PAUSED", "active", ""), reasons):
        yield Planted("inspector", (code, reason), "unknown", invented=code)
    yield Planted("inspector", ("ACTIVE", "SUCCESSFUL"), "assessed", told=True)
    yield Planted("inspector", ("ACTIVE", "SUCCESSFUL"), "stale", OLD)
    yield Planted("inspector", ("ACTIVE", "PHASED_REEVALUATION"), "unknown", told=True)
    yield Planted("inspector", (), "not_scanned")
    yield Planted("inspector", (), "archived", archived=True)


def _ecr_basic() -> Iterator[Planted]:
    for status in enum("ecr", "ScanStatus"):
        yield Planted("ecr-basic", (status,), ECR_BASIC.get(status, "unknown"))
    yield Planted("ecr-basic", ("COMPLETE",), "assessed", told=True)
    yield Planted("ecr-basic", ("COMPLETE",), "pending")  # its counts are not there yet
    yield Planted("ecr-basic", ("COMPLETE",), "stale", OLD)
    yield Planted("ecr-basic", ("ACTIVE", "enhancedFindings"), "assessed", told=True)
    yield Planted("ecr-basic", ("FAILED",), "failed", told=True)
    for word in ("DEFERRED_BY_POLICY", "complete"):
        yield Planted("ecr-basic", (word,), "unknown", invented=word)
    yield Planted("ecr-basic", (), "not_scanned")
    yield Planted("ecr-basic", (), "archived", archived=True)


def _defender() -> Iterator[Planted]:
    for codes, state in DEFENDER.items():
        words = {code for code in codes if state == "unknown"} - {"Unhealthy", "NotApplicable"}
        found = codes[0].lower() == "unhealthy"
        yield Planted("defender", codes, state, told=found, invented=next(iter(words), ""))
    yield Planted("defender", ("Healthy",), "assessed", OLD)  # when it changed, not when it looked
    yield Planted("defender", (), "inferred_clean")
    yield Planted("defender", (), "pending", pushed=HOUR / 2)
    yield Planted("defender", (), "stale", pushed=OLD)
    for age in (HOUR / 2, timedelta(days=3), OLD):
        yield Planted("defender off", (), "not_scanned", pushed=age)
    yield Planted("defender off", ("Healthy",), "stale")
    yield Planted("defender off", ("Unhealthy",), "stale", told=True)
    yield Planted("defender silent", (), "pending", pushed=HOUR / 2)


def _artifact_analysis() -> Iterator[Planted]:
    place = "artifact-analysis"
    continuous = [*grafeas_words("ContinuousAnalysis"), "17"]
    for status, follow in product((*grafeas_words("AnalysisStatus"), "6", "99"), continuous):
        success = status in {"FINISHED_SUCCESS", "COMPLETE"}
        states, word = (SUCCESS, follow) if success else (ARTIFACT_ANALYSIS, status)
        invented = word if word.isdecimal() else ""
        yield Planted(place, (status, follow), states.get(word, "unknown"), invented=invented)
    yield Planted(place, ("FINISHED_SUCCESS", "ACTIVE"), "assessed", told=True)
    yield Planted(place, ("FINISHED_SUCCESS", "ACTIVE"), "stale", OLD)
    yield Planted(place, ("FINISHED_SUCCESS", "ACTIVE"), "stale", None)
    yield Planted(place, ("FINISHED_SUCCESS", "ACTIVE"), "expired")  # its results are archived
    yield Planted(place, ("SCANNING", "ACTIVE"), "pending", None, told=True)
    yield Planted(place, (), "not_scanned")
