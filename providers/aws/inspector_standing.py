"""Reads what stands and writes it as it comes: of an account and region, or of some images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from audit.errors import BrokenPageError, SourceError
from audit.model.scope import ScopeTally
from providers.aws.api import INSPECTOR_FINDINGS, Answer, Api, Listing
from providers.aws.holdings import Holdings
from providers.aws.inspector_filters import MOST_VALUES, Criteria, about, standing
from providers.aws.inspector_marks import Image
from providers.aws.judgement import Vulnerabilities
from providers.aws.parse_findings import (
    CLOSED,
    LIVE,
    STATED,
    cells_of,
    images_of,
    statements,
    vulnerability,
)
from providers.aws.place import Place
from providers.aws.status import INSPECTOR

MOST_FINDINGS = 100
"""Most findings that a page is asked for; the service may give fewer."""
_COLUMNS = ("repository", "digest", *STATED)
_A_BLOCK = 2_000


def unknown_status(finding: Answer) -> BrokenPageError | None:
    """Return an error that names the status of a finding if it is a word never seen before."""
    word = finding.get("status", "absent")
    if word == CLOSED or word in LIVE:
        return None
    return BrokenPageError(f"unknown finding status {word}", operation=INSPECTOR_FINDINGS)


class Standing:
    """Listings of what stands about the images of one account and region.

    The first word on a finding holds: what changes while a listing goes on is after its mark, and
    in the next run's window.

    Attributes:
        listing: The reading of everything; None while only some images were asked for.
        spoiled: Images about which something could not be read.
        ambiguous: Images with two findings of one vulnerability.
        counts: Findings that stand about each placed image.
    """

    def __init__(self, place: Place, api: Api, tally: ScopeTally, holdings: Holdings) -> None:
        self._place, self._api, self._tally, self._holdings = place, api, tally, holdings
        self._vulnerabilities = Vulnerabilities(place)
        self._met: set[int | str] = set()
        self._pairs: set[int] = set()
        self._told: list[tuple[Any, ...]] = []
        self._together = False
        self.listing: Listing | None = None
        self.spoiled: dict[Image, SourceError] = {}
        self.ambiguous: set[Image] = set()
        self.counts: Counter[Image] = Counter()

    @property
    def error(self) -> SourceError | None:
        """Why the reading of everything may lack statements about any image."""
        return self.listing.error if self.listing else None

    def everything(self) -> None:
        """Read and write all that stands about the account."""
        self.listing = self._read(standing([self._place.account]), lambda _image: True)

    def has(self, image: Image, vulnerability_id: str) -> bool:
        """Whether a finding of the vulnerability stands about an image, as far as was read."""
        return hash((image, vulnerability_id)) in self._pairs

    def about(self, images: Iterable[Image]) -> None:
        """Read and write what stands about some images, ten digests a call."""
        wanted: dict[str, set[Image]] = {}
        for repository, digest in sorted(images):
            wanted.setdefault(digest, set()).add((repository, digest))
        digests = iter(sorted(wanted))
        while some := list(islice(digests, MOST_VALUES)):
            self._about(some, wanted)

    def _about(self, digests: Sequence[str], wanted: dict[str, set[Image]]) -> None:
        """Ask for some digests at once.

        Nothing about any of several may also mean that Inspector wants all of a list to hold, so
        they are asked for one by one, until an answer spoke of two of them.
        """
        images = {image for digest in digests for image in wanted[digest]}
        before = {image for image in images if self.counts[image]}
        listing = self._read(about(self._place.account, digests), images.__contains__)
        if listing.error:
            self.spoiled |= dict.fromkeys(images, listing.error)
            return
        met = {digest for _, digest in images if self.counts[_, digest]}
        if len(met) > 1 and not self._together:
            self._together = True
            self._place.context.log.info("Inspector takes any value of a filter's list")
        if len(digests) > 1 and not met and not before and not self._together:
            for digest in digests:
                self._about([digest], wanted)

    def _read(self, criteria: Criteria, wants: Callable[[Image], bool]) -> Listing:
        listing = Listing(self._api, self._tally, INSPECTOR_FINDINGS, "findings")
        for page in listing.pages(filterCriteria=criteria, maxResults=MOST_FINDINGS):
            for finding in page:
                if self._is_new(finding):
                    self._take(finding, listing, wants)
            if len(self._told) > _A_BLOCK:
                self._flush()
        self._flush()
        return listing

    def _flush(self) -> None:
        """Write what was told so far; many rows at once cost a third of as many by themselves."""
        block = self._place.judged("findings", INSPECTOR)
        block.extend(_COLUMNS, self._told)
        self._told = []
        self._place.write(block)
        self._vulnerabilities.flush()

    def _is_new(self, finding: Answer) -> bool:
        """Whether it has to be taken: not closed, and not met on an earlier page."""
        if finding.get("status") == CLOSED:
            return False
        arn = finding.get("findingArn")
        key = _short(str(arn)) if arn else None
        if key in self._met:
            return False
        if key is not None:
            self._met.add(key)
        return True

    def _take(self, finding: Answer, listing: Listing, wants: Callable[[Image], bool]) -> None:
        try:
            images = images_of(finding)
        except BrokenPageError as error:
            listing.record(error)
            return
        try:
            rows = statements(finding)
        except BrokenPageError as error:
            self._spoil(images, error)
            return
        if odd := unknown_status(finding):
            self._spoil(images, odd)
            return
        for repository, digest, owner in images:
            self._tally.listed += len(rows)
            image = (repository, digest)
            ours = owner in (None, self._place.account) and self._holdings.holds(*image)
            if ours and wants(image):
                self._told += [(repository, digest, *cells_of(row)) for row in rows]
                self._count(image, rows[0]["vulnerability_id"])
                self._vulnerabilities.meet(rows[0]["vulnerability_id"], vulnerability, finding)

    def _spoil(self, images: Iterable[tuple[str, str, str | None]], error: BrokenPageError) -> None:
        self._tally.fail(error)
        self.spoiled |= {(repository, digest): error for repository, digest, _ in images}

    def _count(self, image: Image, vulnerability_id: str) -> None:
        self.counts[image] += 1
        pair = hash((image, vulnerability_id))
        if pair in self._pairs:
            self.ambiguous.add(image)
        self._pairs.add(pair)


def _short(arn: str) -> int | str:
    """Return the number that an ARN of a finding ends in: a million of them are kept."""
    last = arn.rpartition("/")[2]
    try:
        return int(last, 16)
    except ValueError:
        return arn
