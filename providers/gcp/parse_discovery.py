"""Grafeas DISCOVERY occurrences -> the state of each image's assessment. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from audit.errors import BrokenPageError
from audit.model.enums import State
from providers.gcp.values import (
    ANALYSIS_STATUS,
    CONTINUOUS_ANALYSIS,
    SBOM_STATE,
    Message,
    moment_of,
    word,
)

_NOTE_OWNER, _NOTE_ID = "projects/goog-analysis/", "/PACKAGE_VULNERABILITY"
SUCCESS = 3
"""Number of FINISHED_SUCCESS."""
_UNFINISHED = {
    1: (State.PENDING, "the image is known but its analysis has not begun"),
    2: (State.PENDING, "the image is being analysed"),
    4: (State.FAILED, "the analysis failed"),
    5: (State.UNSUPPORTED, "the analysis does not support this image"),
}
_ACTIVE, _CONTINUOUS_UNSPECIFIED, _SBOM_UNSPECIFIED = 1, 0, 0


class Discovery(NamedTuple):
    """What Artifact Analysis says of its work on one image; enums as numbers, times in UTC.

    ``results_changed`` is ``last_vulnerability_update_time``, "the last time vulnerability scan
    results changed", in microseconds since 1970; None where it is not told.
    """

    resource_uri: str
    name: str
    updated: tuple[int, int]
    status: int
    continuous: int
    last_scan_time: datetime | None
    archive_time: datetime | None
    results_changed: int | None
    sbom: int
    error: str


class Verdict(NamedTuple):
    """The state of an assessment, why, in the source's words, and the time of the evidence."""

    state: State
    reason: str
    native_status: str | None = None
    scanned_at: datetime | None = None


def discovery_of(message: Message) -> Discovery | None:
    """Read one DISCOVERY occurrence; None when it is not about vulnerabilities of packages.

    Other analyses, of Google or of others, leave DISCOVERY occurrences of their own.

    Raises:
        BrokenPageError: The occurrence is of another kind than was asked for.
    """
    if not message.HasField("discovery"):
        raise BrokenPageError(f"{message.name} holds no discovery")
    note = message.note_name
    if not (note.startswith(_NOTE_OWNER) and note.endswith(_NOTE_ID)):
        return None
    detail = message.discovery
    return Discovery(
        resource_uri=message.resource_uri,
        name=message.name,
        updated=(message.update_time.seconds, message.update_time.nanos),
        status=detail.analysis_status,
        continuous=detail.continuous_analysis,
        last_scan_time=moment_of(detail, "last_scan_time"),
        archive_time=moment_of(detail, "archive_time"),
        results_changed=_microseconds(detail, "last_vulnerability_update_time"),
        sbom=detail.sbom_status.sbom_state,
        error=_error(detail),
    )


def newer(one: Discovery | None, other: Discovery) -> Discovery:
    """Return the one updated last; the name decides between equals, so the order does not."""
    if one is None or (one.updated, one.name) < (other.updated, other.name):
        return other
    return one


def verdict_of(discovery: Discovery, moment: datetime, stale_after: timedelta) -> Verdict:
    """Judge an image by its DISCOVERY occurrence.

    Args:
        discovery: The newest one of the image.
        moment: The run's moment.
        stale_after: Age of the last scan from which a success no longer counts.
    """
    state, reason = _judge(discovery, moment, stale_after)
    if discovery.error and state in {State.FAILED, State.UNSUPPORTED}:
        reason = f"{reason}: {discovery.error}"
    return Verdict(state, reason, native_status(discovery), discovery.last_scan_time)


def undiscovered(platform: str | None) -> Verdict:
    """Judge an image without a DISCOVERY occurrence.

    Args:
        platform: Its platform, when an index names it; else None.
    """
    if platform is None:
        return Verdict(State.NOT_SCANNED, "Artifact Analysis has no DISCOVERY occurrence for it")
    return Verdict(
        State.NOT_SCANNED,
        f"no DISCOVERY occurrence for this {platform} manifest of an index, "
        "of which Google scans only the first linux/amd64 one",
    )


def forgotten(native: str) -> Verdict:
    """Judge an image whose DISCOVERY occurrence is gone: Google deletes what it no longer follows.

    Args:
        native: What the occurrence last said.
    """
    return Verdict(
        State.EXPIRED, "Google has deleted what it knew of this image; nothing was fixed", native
    )


def native_status(discovery: Discovery) -> str:
    """Return ``analysis status/continuous analysis; SBOM status`` in Google's words.

    A value without a word is its number; what is unspecified of the last two is left out.
    """
    status = word(ANALYSIS_STATUS, discovery.status)
    if discovery.continuous != _CONTINUOUS_UNSPECIFIED:
        status = f"{status}/{word(CONTINUOUS_ANALYSIS, discovery.continuous)}"
    if discovery.sbom != _SBOM_UNSPECIFIED:
        status = f"{status}; SBOM {word(SBOM_STATE, discovery.sbom)}"
    return status


def _judge(discovery: Discovery, moment: datetime, stale_after: timedelta) -> tuple[State, str]:
    if discovery.archive_time is not None and discovery.archive_time <= moment:
        return State.EXPIRED, "Google has archived the results of this image"
    if discovery.status in _UNFINISHED:
        return _UNFINISHED[discovery.status]
    if discovery.status != SUCCESS:
        return State.UNKNOWN, f"analysis status {native_status(discovery)} is not a known outcome"
    if discovery.continuous not in CONTINUOUS_ANALYSIS:
        return State.UNKNOWN, f"continuous analysis {discovery.continuous} is not a known value"
    doubt = _doubt(discovery, moment, stale_after)
    if doubt:
        return State.STALE, doubt
    return State.ASSESSED, "scanned, and followed continuously"


def _doubt(discovery: Discovery, moment: datetime, stale_after: timedelta) -> str:
    """Say why a success does not hold today; empty when it does."""
    if discovery.continuous != _ACTIVE:
        return "scanned once, but Google no longer follows the image"
    if discovery.last_scan_time is None:
        return "scanned, but Google does not say when"
    if moment - discovery.last_scan_time > stale_after:
        return f"the last scan is more than {stale_after.days} days old"
    return ""


def _microseconds(detail: Message, field: str) -> int | None:
    if not detail.HasField(field):
        return None
    stamp = getattr(detail, field)
    return int(stamp.seconds) * 1_000_000 + int(stamp.nanos) // 1000


def _error(detail: Message) -> str:
    if detail.analysis_status_error.message:
        return str(detail.analysis_status_error.message)
    return "; ".join(error.message for error in detail.analysis_error if error.message)
