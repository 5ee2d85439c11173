"""Reads ECR's own findings, image by image (DescribeImageScanFindings).

Only where the run before knows no result, or one that may have moved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    NotFoundError,
    SourceError,
)
from audit.model.enums import State
from audit.model.scope import ScopeTally
from providers.aws import parse_basic, parse_findings
from providers.aws.api import ECR_FINDINGS, Answer
from providers.aws.basic_memory import BasicMemory
from providers.aws.holdings import Holdings
from providers.aws.judgement import Basis, Vulnerabilities, append_statements, write_assessments
from providers.aws.place import Place
from providers.aws.status import ECR_BASIC, Verdict, scan_verdict, unread, without_word

_NEVER_SCANNED = "ScanNotFoundException"
_ARCHIVED = "ImageArchivedException"
_GONE = "The image was deleted while the run was reading."
_Facts = Callable[[Mapping[str, Any]], dict[str, Any]]
_Rows = Callable[[Mapping[str, Any]], list[dict[str, Any]]]


class BasicReader:
    """Collector of a findings scope under basic (or undetermined) scanning.

    Args:
        place: The account and region.
        tally: Counts of the findings scope.
        certain: Scanning is known to be basic: what the run before knew may stand.
    """

    def __init__(self, place: Place, tally: ScopeTally, *, certain: bool) -> None:
        self._place, self._tally = place, tally
        self._vulnerabilities = Vulnerabilities(place)
        self._denied: dict[str, AccessDeniedError] = {}
        self._memory = BasicMemory(place) if certain else None
        self._stands: set[tuple[str, str]] = set()

    def read(self, holdings: Holdings) -> None:
        """Ask for every assessable image whose result may have moved.

        Writes findings, vulnerabilities and assessments.
        """

        def verdict_of(repository: str, digest: str, archived: bool | None) -> Verdict:
            image = (repository, digest)
            if self._memory and not archived:
                known = self._memory.verdict(image, holdings.pushed.get(image))
                if known:
                    self._stands.add(image)
                    return known
            return self._verdict(repository, digest, archived)

        def basis_of(repository: str, digest: str) -> Basis:
            return "remembered" if (repository, digest) in self._stands else "read"

        write_assessments(
            self._place, ECR_BASIC, holdings, verdict_of, basis_of, os_packages_only=True
        )

    def _verdict(self, repository: str, digest: str, archived: bool | None) -> Verdict:
        """Read one image. A repository that refuses once is not asked again."""
        if repository in self._denied:
            return unread(self._denied[repository])
        reading = _ImageReading(self._place, self._tally, self._vulnerabilities)
        try:
            return reading.run(repository, digest)
        except NotFoundError as error:
            if error.code == _NEVER_SCANNED:
                return without_word(archived=archived, words="The image was never scanned.")
            return Verdict(State.UNKNOWN, _GONE)
        except SourceError as error:
            if error.code == _ARCHIVED:
                return without_word(archived=True, words="")
            self._tally.fail(error)
            if isinstance(error, AccessDeniedError):
                self._denied[repository] = error
            return unread(error, reading.verdict)


@dataclass
class _ImageReading:
    """One image's pages."""

    place: Place
    tally: ScopeTally
    vulnerabilities: Vulnerabilities
    verdict: Verdict | None = None
    broken: SourceError | None = None

    def run(self, repository: str, digest: str) -> Verdict:
        """Write the image's statements and return its verdict.

        Raises:
            SourceError: A page could not be read; what was read before is written.
        """
        met: set[tuple[Any, ...]] = set()
        pages = self.place.api.pages(
            self.tally,
            ECR_FINDINGS,
            "imageScanStatus",
            repositoryName=repository,
            imageId={"imageDigest": digest},
            maxResults=1000,
        )
        for page in pages:
            self._judge(page)
            rows = [row for row in self._rows(page) if _is_new(row, met)]
            block = self.place.judged("findings", ECR_BASIC)
            append_statements(block, repository, digest, rows)
            self.tally.listed += len(rows)
            self.place.write(block)
            self.vulnerabilities.flush()
        if self.verdict is None:
            raise BrokenPageError("no page came", operation=ECR_FINDINGS)
        return unread(self.broken, self.verdict) if self.broken else self.verdict

    def _judge(self, page: Answer) -> None:
        """The first page judges; a later one of another mind outweighs it."""
        status = page["imageScanStatus"].get("status", "absent")
        body = page.get("imageScanFindings") or {}
        if self.verdict is None:
            self.verdict = scan_verdict(status, body)
        elif status != self.verdict.native_status or not body.keys() & {
            "findings",
            "enhancedFindings",
        }:
            raise BrokenPageError("a later page contradicts the first", operation=ECR_FINDINGS)

    def _rows(self, page: Answer) -> list[dict[str, Any]]:
        body = page.get("imageScanFindings") or {}
        return [
            *self._read(body.get("findings"), _basic_rows, parse_basic.vulnerability),
            *self._read(
                body.get("enhancedFindings"),
                parse_findings.statements,
                parse_findings.vulnerability,
            ),
        ]

    def _read(
        self, findings: list[Answer | None] | None, rows_of: _Rows, facts_of: _Facts
    ) -> list[dict[str, Any]]:
        """Turn one list into rows; a finding that cannot be read spoils the image's verdict."""
        rows: list[dict[str, Any]] = []
        for finding in findings or ():
            try:
                taken = rows_of(finding or {})
            except BrokenPageError as error:
                self.tally.fail(error)
                self.broken = self.broken or error
                continue
            if finding and finding.get("status") != parse_findings.CLOSED:
                self.vulnerabilities.meet(taken[0]["vulnerability_id"], facts_of, finding)
                rows += taken
        return rows


def _basic_rows(finding: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [parse_basic.statement(finding)]


def _is_new(row: Mapping[str, Any], met: set[tuple[Any, ...]]) -> bool:
    """Whether no earlier row of the image has the same key."""
    names = ("vulnerability_id", "package_name", "package_version", "location", "native_id")
    key = tuple(row.get(name) for name in names)
    if key in met:
        return False
    met.add(key)
    return True
