"""The closed word lists of the product. Anything a source says outside them is *not assessed*."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """Normalised severity; the source's own word is kept beside it in ``native_severity``."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    NEGLIGIBLE = "NEGLIGIBLE"
    UNKNOWN = "UNKNOWN"


class State(StrEnum):
    """State of one assessment (placement x source). Only ``assessed`` counts as looked at."""

    ASSESSED = "assessed"
    PENDING = "pending"
    NOT_SCANNED = "not_scanned"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    STALE = "stale"
    EXPIRED = "expired"
    ARCHIVED = "archived"
    DENIED = "denied"
    INFERRED_CLEAN = "inferred_clean"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How the reading of one scope ended; ``left_out``: not read, by the operator's own word."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    DENIED = "denied"
    DISABLED = "disabled"
    FAILED = "failed"
    LEFT_OUT = "left_out"


class RunOutcome(StrEnum):
    """How a whole run ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class ScopeKind(StrEnum):
    """What a scope lists: other scopes, repositories and images, settings, a source's findings.

    ``scan`` is a registry of which our own scanner looks at images.
    """

    DISCOVERY = "discovery"
    INVENTORY = "inventory"
    CONFIGURATION = "configuration"
    FINDINGS = "findings"
    SCAN = "scan"


class Weakness(StrEnum):
    """What a scanner finds in an image beside packages, where it is asked to look for it."""

    SECRET = "secret"  # noqa: S105  a kind of finding
    MISCONFIGURATION = "misconfiguration"


class ImageKind(StrEnum):
    """What a manifest is. Only ``image`` is assessable; an index is judged through its children."""

    IMAGE = "image"
    INDEX = "index"
    ATTESTATION = "attestation"
    SIGNATURE = "signature"
    SBOM = "sbom"
    ARTIFACT = "artifact"


class FixState(StrEnum):
    """Whether the source knows a version that mends the vulnerability."""

    AVAILABLE = "available"
    NOT_AVAILABLE = "not_available"
    WONT_FIX = "wont_fix"
    UNKNOWN = "unknown"


class ControlStatus(StrEnum):
    """Result of one control on one subject. UNKNOWN is never PASS."""

    PASS = "PASS"  # noqa: S105  a verdict, not a password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    EXCEPTED = "EXCEPTED"
    MANUAL = "MANUAL"


class ExposureState(StrEnum):
    """State of an exposure. ``unconfirmed`` is open: this run could not confirm it."""

    OPEN = "open"
    UNCONFIRMED = "unconfirmed"
    CLOSED = "closed"


class ClosingReason(StrEnum):
    """Why an exposure closed. Nothing else closes one."""

    FIXED = "fixed"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"
    NOT_AFFECTED = "not_affected"
