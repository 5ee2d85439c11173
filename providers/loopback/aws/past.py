"""What Inspector remembers from one estate to the next: when a finding changed, what it closed.

The service keeps a closed finding for three days when its resource went or is not scanned any
more, and for thirty when it closed for another reason. Times lie between the two estates: what
changed did so after the first was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from providers.loopback.estate import Image, Repository, Scan, Statement

Key = tuple[str, str, str, str, str]
"""Account, region, repository, digest, vulnerability."""
RESOURCE_GONE = timedelta(days=3)
OTHER_REASON = timedelta(days=30)
_SCANNED = frozenset({("ACTIVE", "SUCCESSFUL")})


class When(NamedTuple):
    """When a finding was first seen, and when it last changed."""

    first: datetime
    updated: datetime


@dataclass(frozen=True)
class ImageAt:
    """An image and the repository that holds it: the resource a scanner speaks of."""

    repository: Repository
    image: Image


@dataclass(frozen=True)
class FindingAt:
    """One Inspector finding: a vulnerability of an image, in one or more packages.

    ``when`` is None where only the scan's own time is known.
    """

    at: ImageAt
    statements: tuple[Statement, ...]
    status: str = "ACTIVE"
    when: When | None = None


@dataclass(frozen=True)
class Gone:
    """A closed finding; ``until`` is when Inspector deletes it."""

    at: ImageAt
    statements: tuple[Statement, ...]
    when: When
    until: datetime


def scan_time(image: Image) -> datetime:
    """Return when an image was looked at, or pushed where that is not told."""
    return (image.scan and image.scan.scanned_at) or image.pushed_at


@dataclass(frozen=True)
class Past:
    """Everything remembered of the estates shown so far."""

    times: Mapping[Key, When] = field(default_factory=dict)
    closed: Mapping[Key, Gone] = field(default_factory=dict)

    def closed_in(self, account: str, region: str) -> tuple[Gone, ...]:
        """Return the closed findings of one registry."""
        return tuple(one for key, one in self.closed.items() if key[:2] == (account, region))

    def followed_by(
        self,
        was: Iterable[tuple[Key, FindingAt]],
        now: Mapping[Key, FindingAt],
        scans: Mapping[tuple[str, str, str, str], Scan | None],
        moments: tuple[datetime, datetime],
    ) -> Past:
        """Return what is remembered once another estate is shown.

        Args:
            was: The open findings until now.
            now: The open findings from now on.
            scans: What is known of each image that is there from now on.
            moments: When the one and the other estate are.
        """
        before, after = moments
        known = {key: (one, self._when(key, one)) for key, one in was}
        times = {}
        for key, one in now.items():
            scanned = scan_time(one.at.image)
            at = min(max(scanned, before + timedelta(seconds=1)), after)
            if key in known:
                other, when = known[key]
                same = (other.statements, other.status) == (one.statements, one.status)
                times[key] = when if same else When(when.first, at)
            else:
                first = self.closed[key].when.first if key in self.closed else at
                times[key] = When(first, at)
        closed = {key: gone for key, gone in self.closed.items() if key not in now}
        for key, (one, when) in known.items():
            if key not in now:
                closed[key] = _closing(key, one, when, scans, moments)
        return Past(times, {key: gone for key, gone in closed.items() if gone.until > after})

    def _when(self, key: Key, one: FindingAt) -> When:
        seen = scan_time(one.at.image)
        return self.times.get(key) or When(seen, seen)


def _closing(
    key: Key,
    one: FindingAt,
    when: When,
    scans: Mapping[tuple[str, str, str, str], Scan | None],
    moments: tuple[datetime, datetime],
) -> Gone:
    scan = scans.get(key[:4])
    at = moments[0] + timedelta(seconds=1)
    if scan is not None and scan.scanned_at is not None:
        at = min(max(scan.scanned_at, at), moments[1])
    scanned = scan is not None and tuple(scan.native) in _SCANNED
    life = OTHER_REASON if scanned else RESOURCE_GONE
    return Gone(one.at, one.statements, When(when.first, at), at + life)
