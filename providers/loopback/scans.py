"""How each cloud words the state of a scan, and what that truly means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from providers.loopback.estate import Image, Place, Scan, Statement

SOURCES = {"ENHANCED": "inspector", "BASIC": "ecr-basic"}

FORGETFUL = frozenset({"defender"})
"""Sources whose rows vanish for a night and return: only what is missing twice is gone."""

ODDITIES: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "inspector": (
        (("ACTIVE", "PENDING_INITIAL_SCAN"), "pending"),
        (("INACTIVE", "UNSUPPORTED_OS"), "unsupported"),
        (("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED"), "expired"),
        (("INACTIVE", "INTERNAL_ERROR"), "failed"),
        (("INACTIVE", "ACCESS_DENIED_TO_ENCRYPTION_KEY"), "denied"),
        (("ACTIVE", "PHASED_REEVALUATION"), "unknown"),
        ((), "not_scanned"),
    ),
    "ecr-basic": (
        (("IN_PROGRESS",), "pending"),
        (("UNSUPPORTED_IMAGE",), "unsupported"),
        (("FAILED",), "failed"),
        (("SCAN_ELIGIBILITY_EXPIRED",), "expired"),
        (("DEFERRED_BY_POLICY",), "unknown"),
        ((), "not_scanned"),
    ),
    "defender": (
        (("NotApplicable",), "unsupported"),
        (("OnHold",), "unknown"),
        ((), "by time"),
    ),
    "artifact-analysis": (
        (("PENDING", "ACTIVE"), "pending"),
        (("FINISHED_UNSUPPORTED", "INACTIVE"), "unsupported"),
        (("FINISHED_FAILED", "INACTIVE"), "failed"),
        (("FINISHED_SUCCESS", "INACTIVE"), "stale"),
        (("ANALYSIS_STATUS_99", "ACTIVE"), "unknown"),
        ((), "not_scanned"),
    ),
}
"""Ways in which an image is not assessed, in the cloud's words, with the state it must become."""

LOOKED_AT: dict[str, tuple[str, ...]] = {
    "inspector": ("ACTIVE", "SUCCESSFUL"),
    "ecr-basic": ("COMPLETE",),
    "defender": ("Unhealthy",),
    "artifact-analysis": ("FINISHED_SUCCESS", "ACTIVE"),
}


def source_of(place: Place) -> str:
    """Return the native source that judges a place; a plain registry has none."""
    if place.provider == "aws":
        return SOURCES[place.settings["scan_type"]]
    return {"azure": "defender", "gcp": "artifact-analysis", "oci": ""}[place.provider]


def assessed(source: str, moment: datetime, statements: Sequence[Statement]) -> Scan:
    """Return a scan that looked at the image a few hours before ``moment``."""
    native = LOOKED_AT[source]
    if source == "defender" and not statements:
        native = ("Healthy",)
    return Scan(native, "assessed", moment - timedelta(hours=5), tuple(statements))


def odd(source: str, random: Random, moment: datetime) -> Scan:
    """Return a scan that did not look at the image, in one of the cloud's ways."""
    native, state = random.choice(ODDITIES[source])
    told = native and source in {"inspector", "artifact-analysis"} and state != "pending"
    return Scan(native, state, moment - timedelta(days=2) if told else None)


def unfollowed(moment: datetime) -> Scan:
    """Return what Google says of an image that it once followed: it stops before it forgets."""
    return Scan(("FINISHED_SUCCESS", "INACTIVE"), "stale", moment - timedelta(days=2))


def azure_state_by_time(image: Image, place: Place, moment: datetime) -> str:
    """Return what the absence of any row means for an image of an Azure subscription."""
    if place.settings.get("defender_plan") != "Standard":
        return "not_scanned"
    age = moment - image.pushed_at
    if age < timedelta(hours=1):
        return "pending"
    return "stale" if age > timedelta(days=30) else "inferred_clean"
