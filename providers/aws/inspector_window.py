"""What changed since the last reading: held until the last word on each finding is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.errors import BrokenPageError, SourceError
from providers.aws.api import INSPECTOR_FINDINGS, Answer, Listing
from providers.aws.inspector_filters import Criteria
from providers.aws.inspector_standing import MOST_FINDINGS, unknown_status
from providers.aws.parse_findings import LIVE, images_of, moment_of, statements, vulnerability


@dataclass(frozen=True, slots=True)
class Told:
    """The last word on one finding.

    Attributes:
        images: (repository, digest, registry account) of each image it is about.
        rows: Columns of ``findings``; empty where ``error`` says why it could not be read.
    """

    arn: str
    status: str
    updated: datetime | None
    first_seen: datetime | None
    images: tuple[tuple[str, str, str], ...]
    rows: tuple[dict[str, Any], ...]
    error: SourceError | None

    @property
    def stands(self) -> bool:
        """Whether the statement holds; else the source has taken it back."""
        return self.status in LIVE

    @property
    def vulnerability(self) -> str:
        """The vulnerability that it is about."""
        return str(self.rows[0]["vulnerability_id"])

    def outdoes(self, other: Told) -> bool:
        """Whether this is the later word; of two of one time, what stands is."""
        if self.updated is None or other.updated is None or self.updated == other.updated:
            return self.stands or not other.stands
        return self.updated > other.updated


class Window:
    """One reading of all that changed since a moment.

    Attributes:
        error: Why it may lack something; None when it is whole.
        clock: The service's own time when it gave the first page.
        overflowed: More changed than is held; nothing is kept then.
        facts: What was told of each vulnerability: columns of ``vulnerabilities``.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._latest: dict[str, Told] = {}
        self._by_account: dict[str, list[Told]] = {}
        self.error: SourceError | None = None
        self.clock: datetime | None = None
        self.overflowed = False
        self.facts: dict[str, Mapping[str, Any]] = {}

    def read(self, listing: Listing, criteria: Criteria) -> None:
        """Read the window to its end, or until it is too large to be held."""
        for page in listing.pages(filterCriteria=criteria, maxResults=MOST_FINDINGS):
            for finding in page:
                self._take(finding, listing)
            if len(self._latest) > self._most:
                self.overflowed = True
                self._latest, self.facts = {}, {}
                break
        self.error, self.clock = listing.error, listing.clock
        self._by_account, self._latest = _by_account(self._latest.values()), {}

    def of(self, account: str) -> list[Told]:
        """Return what is told of an account's images, once for each account."""
        return self._by_account.pop(account, [])

    def _take(self, finding: Answer, listing: Listing) -> None:
        try:
            images = _images(finding)
        except BrokenPageError as error:
            listing.record(error)
            return
        told = self._told(finding, images)
        known = self._latest.get(told.arn)
        if known is None or told.outdoes(known):
            self._latest[told.arn] = told

    def _told(self, finding: Answer, images: tuple[tuple[str, str, str], ...]) -> Told:
        error: SourceError | None = unknown_status(finding)
        rows: list[dict[str, Any]] = []
        try:
            rows = statements(finding)
        except BrokenPageError as broken:
            error = broken
        else:
            identity = rows[0]["vulnerability_id"]
            if identity not in self.facts:
                self.facts[identity] = vulnerability(finding)
        return Told(
            arn=str(finding.get("findingArn") or f"unnamed {len(self._latest)}"),
            status=str(finding.get("status", "absent")),
            updated=moment_of(finding.get("updatedAt")),
            first_seen=moment_of(finding.get("firstObservedAt")),
            images=images,
            rows=tuple(rows),
            error=error,
        )


def _images(finding: Answer) -> tuple[tuple[str, str, str], ...]:
    owner = str(finding.get("awsAccountId") or "")
    images = tuple((name, digest, told or owner) for name, digest, told in images_of(finding))
    if not all(account for _, _, account in images):
        raise BrokenPageError("a finding names no account", operation=INSPECTOR_FINDINGS)
    return images


def _by_account(latest: Iterable[Told]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for told in latest:
        for account in {owner for _, _, owner in told.images}:
            found.setdefault(account, []).append(told)
    return found
