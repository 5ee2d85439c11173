"""Reads Amazon Inspector: coverage says what was looked at, findings say what was found.

An image without findings is in no findings answer at all: only coverage tells clean from
never scanned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from audit.errors import AccessDeniedError, BrokenPageError, SourceError
from audit.model.columns import Columns
from audit.model.scope import ScopeTally
from providers.aws.api import INSPECTOR_COVERAGE, INSPECTOR_FINDINGS, Answer, Listing
from providers.aws.holdings import Holdings
from providers.aws.judgement import Vulnerabilities, append_statements, write_assessments
from providers.aws.parse_coverage import Covered, covered_image
from providers.aws.parse_findings import (
    CLOSED,
    ECR_IMAGE,
    images_of,
    statements,
    vulnerability,
)
from providers.aws.place import Place
from providers.aws.status import INSPECTOR, Verdict, unread, without_word

_Image = tuple[str, str]
_NO_COVERAGE = "Inspector's coverage does not list the image."


def _equals(*words: str) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": word} for word in words]


@dataclass
class Coverage:
    """What ListCoverage says of each image; ``error`` when it was not read to its end."""

    covered: dict[_Image, Covered] = field(default_factory=dict)
    error: SourceError | None = None

    def in_use(self, repository: str, digest: str) -> int | None:
        """Return the running containers counted for an image, if Inspector counted."""
        found = self.covered.get((repository, digest))
        return found.in_use_count if found else None

    def verdict(self, repository: str, digest: str, archived: bool | None) -> Verdict:
        """Judge a placed image. No row means something only in a listing read to its end."""
        if isinstance(self.error, AccessDeniedError):
            return unread(self.error)
        found = self.covered.get((repository, digest))
        if found:
            return found.verdict
        if self.error:
            return unread(self.error)
        return without_word(archived=archived, words=_NO_COVERAGE)


@dataclass
class InspectorReader:
    """Collector of a findings scope under enhanced scanning."""

    place: Place
    tally: ScopeTally

    def coverage(self) -> Coverage:
        """Read the coverage of every image of the account and region."""
        listing = Listing(self.place.api, self.tally, INSPECTOR_COVERAGE, "coveredResources")
        coverage = Coverage()
        criteria = {"resourceType": _equals(ECR_IMAGE), "accountId": _equals(self.place.account)}
        for page in listing.pages(filterCriteria=criteria, maxResults=200):
            for row in page:
                try:
                    entry = covered_image(row, self.place.account)
                except BrokenPageError as error:
                    listing.record(error)
                    continue
                if entry:
                    image, covered = entry
                    known = coverage.covered.get(image)
                    coverage.covered[image] = known.with_other(covered) if known else covered
        coverage.error = listing.error
        return coverage

    def read(self, holdings: Holdings, coverage: Coverage) -> None:
        """Read the findings and write findings, vulnerabilities and assessments."""
        reading = _Findings(self.place, self.tally, holdings)
        reading.run()

        def verdict_of(repository: str, digest: str, archived: bool | None) -> Verdict:
            verdict = coverage.verdict(repository, digest, archived)
            error = reading.error or reading.spoiled.get((repository, digest))
            return unread(error, verdict) if error else verdict

        write_assessments(self.place, INSPECTOR, holdings, verdict_of)


class _Findings:
    """One reading of ListFindings.

    Attributes:
        spoiled: Images about which a single statement could not be read.
    """

    def __init__(self, place: Place, tally: ScopeTally, holdings: Holdings) -> None:
        self._place, self._tally, self._holdings = place, tally, holdings
        self._listing = Listing(place.api, tally, INSPECTOR_FINDINGS, "findings")
        self._vulnerabilities = Vulnerabilities(place)
        self._met: set[str] = set()
        self.spoiled: dict[_Image, SourceError] = {}

    @property
    def error(self) -> SourceError | None:
        """Why the listing may lack statements about any image; None when it is whole."""
        return self._listing.error

    def run(self) -> None:
        """Read page by page; the filter is a must, as an open listing never comes to an end."""
        criteria = {
            "awsAccountId": _equals(self._place.account),
            "resourceType": _equals(ECR_IMAGE),
            "findingStatus": _equals("ACTIVE", "SUPPRESSED"),
        }
        for page in self._listing.pages(filterCriteria=criteria, maxResults=100):
            block = self._place.judged("findings", INSPECTOR)
            for finding in page:
                if self._is_new(finding):
                    self._take(finding, block)
            self._place.write(block)
            self._vulnerabilities.flush()

    def _is_new(self, finding: Answer) -> bool:
        """Whether it has to be taken: not closed, and not met on an earlier page."""
        if finding.get("status") == CLOSED:
            return False
        arn = finding.get("findingArn")
        if not arn:
            return True
        if arn in self._met:
            return False
        self._met.add(arn)
        return True

    def _take(self, finding: Answer, block: Columns) -> None:
        try:
            images = images_of(finding)
        except BrokenPageError as error:
            self._listing.record(error)
            return
        try:
            rows = statements(finding)
        except BrokenPageError as error:
            self._tally.fail(error)
            self.spoiled |= {(repository, digest): error for repository, digest, _ in images}
            return
        for repository, digest, owner in images:
            self._tally.listed += len(rows)
            if owner in (None, self._place.account) and self._holdings.holds(repository, digest):
                append_statements(block, repository, digest, rows)
                self._vulnerabilities.meet(rows[0]["vulnerability_id"], vulnerability, finding)
