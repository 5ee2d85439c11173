"""Reads ``aws ecr describe-image-scan-findings``: basic, enhanced, and scans that failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from audit.model.columns import Columns
from audit.model.enums import FixState, State
from audit.normalise.severity import normalise_severity
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.aws_image import image_of_answer, image_of_arn
from providers.files.fields import Record
from providers.files.inspector_finding import INSPECTOR, learn, statements, vulnerability_id
from providers.files.rows import Cvss, Rows, Verdict
from providers.files.subject import Subject

BASIC = "ecr-basic"
_VECTOR_VERSION = re.compile(r"CVSS:(\d\.\d)/")
_CVSS = (("CVSS4", "4.0"), ("CVSS3", None), ("CVSS2", "2.0"))
"""Prefixes of attributes, best first; a CVSS3 score tells its version in its vector only."""
_STATES: Mapping[str, State] = {
    "COMPLETE": State.ASSESSED,
    "ACTIVE": State.ASSESSED,
    "IN_PROGRESS": State.PENDING,
    "PENDING": State.PENDING,
    "FAILED": State.FAILED,
    "FINDINGS_UNAVAILABLE": State.FAILED,
    "LIMIT_EXCEEDED": State.FAILED,
    "UNSUPPORTED_IMAGE": State.UNSUPPORTED,
    "IMAGE_SIZE_EXCEEDED": State.UNSUPPORTED,
    "SCAN_ELIGIBILITY_EXPIRED": State.EXPIRED,
    "IMAGE_ARCHIVED": State.ARCHIVED,
}


class EcrScanFindings:
    """Importer of the answer of ecr DescribeImageScanFindings."""

    name: ClassVar[str] = "ecr-scan-findings"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (
        ("imageScanFindings", "findings"),
        ("imageScanFindings", "enhancedFindings"),
    )

    def recognises(self, document: object) -> bool:
        """Whether it is such an answer; a failed scan has no ``imageScanFindings``."""
        return isinstance(document, dict) and {"imageId", "imageScanStatus"} <= document.keys()

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn an answer into rows.

        Raises:
            ReportFileError: The region is not known: ECR's answers do not tell it, but enhanced
                findings name their resource.
        """
        answer = Record(document.root)
        subject = _told_by_finding(answer) or image_of_answer(answer, order.region)
        return ImportedReport(
            _blocks(document, answer, subject, order), subject.said, subject.keyed_by
        )


def _told_by_finding(answer: Record) -> Subject | None:
    digest, tag = (
        answer.record("imageId").text("imageDigest"),
        answer.record("imageId").text("imageTag"),
    )
    for finding in answer.record("imageScanFindings").records("enhancedFindings")[:1]:
        for resource in finding.records("resources"):
            found = image_of_arn(resource.text("id") or "", [tag] if tag else [])
            if found and found.digest == digest:
                return found
    return None


def _blocks(
    document: Document, answer: Record, subject: Subject, order: ImportOrder
) -> Iterator[Columns]:
    held = answer.record("imageScanFindings")
    enhanced = held.has("enhancedFindings")
    rows = Rows(order)
    image = rows.image(subject, INSPECTOR if enhanced else BASIC)
    rows.only(image)
    for finding in held.each("enhancedFindings" if enhanced else "findings", document):
        if enhanced:
            for row in statements(finding):
                rows.state(image, row)
            learn(rows.about(vulnerability_id(finding)), finding)
        else:
            _basic(finding, rows)
        if rows.full:
            yield from rows.flushed()
    image.verdict = _verdict(answer, held, image.source)
    yield from rows.rest()


def _basic(finding: Record, rows: Rows) -> None:
    name, url, severity = finding.needed_text("name"), finding.text("uri"), finding.text("severity")
    told = {one.text("key"): one.text("value") for one in finding.records("attributes")}
    scores = [score for prefix, version in _CVSS if (score := _score(told, prefix, version))]
    rows.state(
        next(iter(rows.images)),
        {
            "vulnerability_id": name,
            "aliases": [],
            "package_name": told.get("package_name"),
            "package_version": told.get("package_version"),
            "fix_state": FixState.UNKNOWN.value,
            "severity": normalise_severity(severity).value,
            "native_severity": severity,
            **(scores[0].lead() if scores else {}),
            "title": name,
            "url": url,
        },
    )
    known = rows.about(name)
    known.title, known.description = name, finding.text("description")
    known.references.update([url] if url else [])
    known.cvss.update(scores)


def _score(told: Mapping[str | None, str | None], prefix: str, version: str | None) -> Cvss | None:
    vector, text = told.get(f"{prefix}_VECTOR"), told.get(f"{prefix}_SCORE")
    try:
        score = float(text) if text else None
    except ValueError:
        score = None
    if score is None and vector is None:
        return None
    found = _VECTOR_VERSION.match(vector or "")
    return Cvss(None, found[1] if found else version, vector, score)


def _verdict(answer: Record, held: Record, source: str) -> Verdict:
    status = answer.record("imageScanStatus")
    word, said = status.text("status") or "", status.text("description")
    state, reason = _state(word, held)
    if state is State.ASSESSED and answer.has("nextToken"):
        state, reason = State.UNKNOWN, "the answer is one page of several"
    notes: list[Any] = ["imported answer of ECR", reason, said if said != reason else None]
    return Verdict(
        source=source,
        state=state,
        reason="; ".join(note for note in notes if note),
        native_status=word or None,
        scanned_at=held.instant("imageScanCompletedAt"),
        db_updated_at=held.instant("vulnerabilitySourceUpdatedAt"),
        os_packages_only=True if source == BASIC else None,
    )


def _state(word: str, held: Record) -> tuple[State, str | None]:
    """Judge a status word, and whether what must come with it is there."""
    state = _STATES.get(word)
    if state is None:
        return State.UNKNOWN, f"unknown scan status {ascii(word)[:60]}"
    if word == "COMPLETE" and not held.has("findingSeverityCounts"):
        return State.PENDING, "called complete, but its counts are not there yet"
    if state is State.ASSESSED and not (held.has("findings") or held.has("enhancedFindings")):
        return State.UNKNOWN, "no list of findings came with it"
    if word == "ACTIVE" and not held.has("enhancedFindings"):
        return State.UNKNOWN, "status ACTIVE came without enhanced findings"
    return state, None
