"""The verdict on each image: what DISCOVERY says of it, as far as everything was read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.errors import AccessDeniedError, DisabledError, SourceError
from audit.model.enums import State
from providers.gcp.parse_discovery import Discovery, Verdict, forgotten, undiscovered, verdict_of
from providers.gcp.parse_images import Child
from providers.gcp.recall import Told


@dataclass(frozen=True)
class Verdicts:
    """Judges images at a moment; see :func:`providers.gcp.parse_discovery.verdict_of`."""

    moment: datetime
    stale_after: timedelta

    def of(self, discovery: Discovery | None, child: Child | None, before: Told | None) -> Verdict:
        """Judge an image.

        Args:
            discovery: What Google says of its analysis; None where it says nothing.
            child: What an index says of it.
            before: What the run before was told of it. Google deletes what it knows of an image
                some time after it has stopped to follow it; that is no sign of an image that it
                never looked at, and of nothing that was fixed.
        """
        if discovery is not None:
            return verdict_of(discovery, self.moment, self.stale_after)
        if before is not None and before.native_status:
            return forgotten(before.native_status)
        return undiscovered(child.platform if child else None)


def blinded(verdict: Verdict, error: SourceError, *, nothing_told: bool) -> Verdict:
    """Return the verdict where statements may be missing: no state of Google's holds then.

    Args:
        verdict: What DISCOVERY alone would make of the image.
        error: Why statements may be missing.
        nothing_told: Whether Google told nothing at all about the project.
    """
    if isinstance(error, AccessDeniedError):
        reason = f"listing the occurrences was denied ({error.code})"
        return verdict._replace(state=State.DENIED, reason=reason)
    if isinstance(error, DisabledError) and nothing_told:
        reason = "Artifact Analysis is switched off in the project"
        return verdict._replace(state=State.NOT_SCANNED, reason=reason)
    reason = f"the listing of findings was incomplete ({error.code})"
    return verdict._replace(state=State.UNKNOWN, reason=reason)
