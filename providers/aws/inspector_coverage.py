"""Reads Inspector's coverage: what it looked at, and what it did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from audit.errors import AccessDeniedError, BrokenPageError, DisabledError, SourceError
from audit.model.scope import ScopeTally
from providers.aws.api import INSPECTOR_COVERAGE, Answer, Api, Listing
from providers.aws.inspector_filters import covering
from providers.aws.inspector_marks import Image
from providers.aws.parse_coverage import Covered, covered_image
from providers.aws.status import Verdict, unread, without_word

_NO_COVERAGE = "Inspector's coverage does not list the image."


@dataclass
class Coverage:
    """What ListCoverage says of each image of an account.

    Attributes:
        error: Why it was not read to its end.
        unseen: Why what it does not list may be covered all the same.
    """

    covered: dict[Image, Covered] = field(default_factory=dict)
    error: SourceError | None = None
    unseen: SourceError | None = None

    def in_use(self, repository: str, digest: str) -> int | None:
        """Return the running containers counted for an image, if Inspector counted."""
        found = self.covered.get((repository, digest))
        return found.in_use_count if found else None

    def verdict(self, repository: str, digest: str, archived: bool | None) -> Verdict:
        """Judge a placed image. No row means something only in a listing read to its end."""
        if isinstance(self.error, AccessDeniedError | DisabledError):
            return unread(self.error)
        found = self.covered.get((repository, digest))
        if found:
            return found.verdict
        if error := self.error or self.unseen:
            return unread(error)
        return without_word(archived=archived, words=_NO_COVERAGE)


@dataclass
class Coverages:
    """The coverage of several accounts, as an administrator sees it."""

    of_account: dict[str, Coverage] = field(default_factory=dict)
    error: SourceError | None = None

    def of(self, account: str) -> Coverage:
        """Return an account's coverage, once for each account."""
        coverage = self.of_account.pop(account, None) or Coverage()
        coverage.error = self.error
        return coverage


def read_coverage(api: Api, tally: ScopeTally, accounts: Iterable[str]) -> Coverages:
    """Read the coverage of every image of accounts (ListCoverage, 200 a page)."""
    listing = Listing(api, tally, INSPECTOR_COVERAGE, "coveredResources")
    coverages = Coverages()
    for page in listing.pages(filterCriteria=covering(accounts), maxResults=200):
        for row in page:
            _take(row, listing, coverages)
    coverages.error = listing.error
    return coverages


def _take(row: Answer, listing: Listing, coverages: Coverages) -> None:
    try:
        entry = covered_image(row)
    except BrokenPageError as error:
        listing.record(error)
        return
    if entry is None:
        return
    account, image, covered = entry
    ours = coverages.of_account.setdefault(account, Coverage()).covered
    ours[image] = ours[image].with_other(covered) if image in ours else covered
