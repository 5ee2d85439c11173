"""Words for enum numbers and moments for timestamps of raw protobuf messages. Pure.

Messages are read raw (about eight times cheaper than through proto-plus), where an enum is a
number. A number without a word here is one that nobody has seen yet: it stays a number in the
native columns and never becomes a known state.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Message: TypeAlias = Any
"""A raw protobuf message, read by attribute: the parsers import no Google library."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ANALYSIS_STATUS: Mapping[int, str] = {
    0: "ANALYSIS_STATUS_UNSPECIFIED",
    1: "PENDING",
    2: "SCANNING",
    3: "FINISHED_SUCCESS",
    4: "FINISHED_FAILED",
    5: "FINISHED_UNSUPPORTED",
}
"""grafeas.v1.DiscoveryOccurrence.AnalysisStatus."""
CONTINUOUS_ANALYSIS: Mapping[int, str] = {
    0: "CONTINUOUS_ANALYSIS_UNSPECIFIED",
    1: "ACTIVE",
    2: "INACTIVE",
}
"""grafeas.v1.DiscoveryOccurrence.ContinuousAnalysis."""
SEVERITY: Mapping[int, str] = {
    0: "SEVERITY_UNSPECIFIED",
    1: "MINIMAL",
    2: "LOW",
    3: "MEDIUM",
    4: "HIGH",
    5: "CRITICAL",
}
"""grafeas.v1.Severity."""
VEX_STATE: Mapping[int, str] = {
    0: "STATE_UNSPECIFIED",
    1: "AFFECTED",
    2: "NOT_AFFECTED",
    3: "FIXED",
    4: "UNDER_INVESTIGATION",
}
"""grafeas.v1.VulnerabilityAssessmentNote.Assessment.State."""
VEX_JUSTIFICATION: Mapping[int, str] = {
    0: "JUSTIFICATION_TYPE_UNSPECIFIED",
    1: "COMPONENT_NOT_PRESENT",
    2: "VULNERABLE_CODE_NOT_PRESENT",
    3: "VULNERABLE_CODE_NOT_IN_EXECUTE_PATH",
    4: "VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY",
    5: "INLINE_MITIGATIONS_ALREADY_EXIST",
}
"""grafeas.v1.VulnerabilityAssessmentNote.Assessment.Justification.JustificationType."""
SBOM_STATE: Mapping[int, str] = {0: "SBOM_STATE_UNSPECIFIED", 1: "PENDING", 2: "COMPLETE"}
"""grafeas.v1.DiscoveryOccurrence.SBOMStatus.SBOMState."""
FORMAT: Mapping[int, str] = {
    0: "FORMAT_UNSPECIFIED",
    1: "DOCKER",
    2: "MAVEN",
    3: "NPM",
    5: "APT",
    6: "YUM",
    8: "PYTHON",
    9: "KFP",
    10: "GO",
    11: "GENERIC",
    12: "RUBY",
}
"""google.devtools.artifactregistry.v1.Repository.Format."""
MODE: Mapping[int, str] = {
    0: "MODE_UNSPECIFIED",
    1: "STANDARD_REPOSITORY",
    2: "VIRTUAL_REPOSITORY",
    3: "REMOTE_REPOSITORY",
}
"""google.devtools.artifactregistry.v1.Repository.Mode."""
ENABLEMENT_STATE: Mapping[int, str] = {
    0: "ENABLEMENT_STATE_UNSPECIFIED",
    1: "SCANNING_UNSUPPORTED",
    2: "SCANNING_DISABLED",
    3: "SCANNING_ACTIVE",
}
"""google.devtools.artifactregistry.v1.Repository.VulnerabilityScanningConfig.EnablementState."""


def word(words: Mapping[int, str], number: int) -> str:
    """Return the source's word for an enum number, or the number when it has none yet."""
    return words.get(number, str(number))


def moment_of(message: Message, field: str) -> datetime | None:
    """Return a Timestamp field as a UTC moment (microseconds); None when it is not set.

    A Timestamp outside the years 1 to 9999 is None as well: no clock gave it.
    """
    if not message.HasField(field):
        return None
    stamp = getattr(message, field)
    try:
        return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    except OverflowError:
        return None


def text_of(value: str) -> str | None:
    """Return a text field; None when it is empty (protobuf has no null)."""
    return value or None
