"""Google's own count of vulnerabilities, against what was read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from audit.errors import BrokenPageError
from providers.gcp.names import Where, place_of
from providers.gcp.values import Message

_ALL_SEVERITIES = 0  # "SEVERITY_UNSPECIFIED indicates total across all severities"


def counted(summary: Message, about: Mapping[Where, Where]) -> dict[Where, int]:
    """Return the vulnerabilities that a ``lean.Summary`` counts for each image.

    Args:
        summary: GetVulnerabilityOccurrencesSummary's answer.
        about: Every manifest that statements may be about -> the image that they count for.
    """
    totals: dict[Where, int] = {}
    parts: dict[Where, int] = {}
    for row in summary.counts:
        place = None
        with suppress(BrokenPageError):  # a check: what it does not name is not checked
            place = place_of(row.resource_uri)
        where = about.get(place) if place else None
        if where is not None:
            kind = totals if row.severity == _ALL_SEVERITIES else parts
            kind[where] = kind.get(where, 0) + row.total_count
    return {**parts, **totals}


def unread(counts: Mapping[Where, int], read: Mapping[Where, int]) -> dict[Where, BrokenPageError]:
    """Return the images that Google counts vulnerabilities of, while its listing held none."""
    return {
        where: BrokenPageError(
            f"Google counts {count} vulnerabilities of {where.repository}@{where.digest}, "
            "and listed none",
            operation="containeranalysis:GetVulnerabilityOccurrencesSummary",
        )
        for where, count in counts.items()
        if count and not read.get(where)
    }
