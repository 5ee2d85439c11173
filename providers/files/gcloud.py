"""Reads what gcloud and the API write of Artifact Analysis: occurrences, as JSON.

``gcloud artifacts docker images describe --show-package-vulnerability``, ``gcloud artifacts
vulnerabilities list`` and ``gcloud artifacts docker images list-vulnerabilities`` (a list), and
the REST answer of ListOccurrences.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.enums import State
from audit.ports import ImportedReport, RunContext
from providers.files.fields import Record
from providers.files.gcloud_statements import state
from providers.files.rows import Facts, Reading, Statements, Verdict
from providers.files.subject import Subject, Told, subject_of

SOURCE = "artifact-analysis"

_SUMMARIES = ("package_vulnerability_summary", "discovery_summary")
_AN_OCCURRENCE = {"noteName", "kind"}
_DISCOVERY, _VULNERABILITY = "DISCOVERY", "VULNERABILITY"
_ANALYSIS = ("projects/goog-analysis/", "/PACKAGE_VULNERABILITY")
_SCHEME = "https://"
_STATES = {
    "PENDING": (State.PENDING, "the analysis has not begun"),
    "SCANNING": (State.PENDING, "the image is being analysed"),
    "FINISHED_FAILED": (State.FAILED, "the analysis failed"),
    "FINISHED_UNSUPPORTED": (State.UNSUPPORTED, "the analysis does not support this image"),
}
_SUCCESS = ("FINISHED_SUCCESS", "COMPLETE")


class GcloudJson:
    """Importer of Artifact Analysis occurrences as gcloud writes them."""

    name: ClassVar[str] = "gcloud-json"

    def recognises(self, document: object) -> bool:
        """Whether it is a description of an image, or a list of occurrences."""
        if isinstance(document, dict) and not document.keys().isdisjoint(_SUMMARIES):
            return True
        listed = document.get("occurrences") if isinstance(document, dict) else document
        head = listed[0] if isinstance(listed, list) and listed else None
        return isinstance(head, dict) and head.keys() >= _AN_OCCURRENCE

    def read(self, document: Any, context: RunContext, scope_id: str) -> ImportedReport:  # noqa: ANN401  parsed JSON
        """Turn occurrences into rows: a statement for each package issue of each image.

        Raises:
            ReportFileError: It names no image, or a field is missing or of a wrong type.
        """
        if isinstance(document, dict) and not document.keys().isdisjoint(_SUMMARIES):
            whole = Record(document, "")
            images = [(_described(whole), _told(whole))]
        else:
            images = _by_image(_listed(document))
        reports = [
            _reading(subject, occurrences, context).report(context, scope_id)
            for subject, occurrences in images
        ]
        return _together(reports)


def _described(document: Record) -> Subject:
    """Return the image of a description, which may name a digest that is cut."""
    image = document.record("image_summary")
    name = (image.text("fully_qualified_digest") or "").partition("@")[0]
    return subject_of(Told([name], (), (), None, image.text("digest")))


def _told(document: Record) -> list[Record]:
    """Return the occurrences of a description: vulnerabilities are grouped by severity there."""
    found = document.record("discovery_summary").records("discovery")
    groups = document.record("package_vulnerability_summary").record("vulnerabilities")
    for word in groups.members():
        found += groups.records(word)
    return found


def _listed(document: Any) -> list[Record]:  # noqa: ANN401  parsed JSON
    held = document if isinstance(document, dict) else {"occurrences": document}
    return Record(held, "").needed_records("occurrences")


def _by_image(occurrences: Iterable[Record]) -> list[tuple[Subject, list[Record]]]:
    images: dict[str, list[Record]] = {}
    for one in occurrences:
        if one.text("kind") in (_DISCOVERY, _VULNERABILITY):
            images.setdefault(one.needed_text("resourceUri"), []).append(one)
    if not images:
        message = "holds no occurrence about vulnerabilities of an image"
        raise ReportFileError(message, where="the document", cure="list the kind VULNERABILITY")
    return [
        (subject_of(Told([uri.removeprefix(_SCHEME)], (), (), None)), told)
        for uri, told in images.items()
    ]


def _reading(subject: Subject, occurrences: list[Record], context: RunContext) -> Reading:
    statements = Statements(subject, SOURCE, context)
    for one in occurrences:
        if one.text("kind") == _VULNERABILITY:
            state(statements, one)
    return Reading(subject, Facts(), _verdict(occurrences), statements)


def _verdict(occurrences: list[Record]) -> Verdict:
    """Judge an image by its newest DISCOVERY occurrence: what the list holds may not be all."""
    found = [one for one in occurrences if _tells_of_packages(one)]
    if not found:
        reason = "imported occurrences; none tells whether the analysis had come to its end"
        return Verdict(SOURCE, State.UNKNOWN, reason)
    newest = max(found, key=lambda one: one.text("updateTime") or "").record("discovery")
    status, continuous = newest.text("analysisStatus"), newest.text("continuousAnalysis")
    scanned_at = newest.moment("lastScanTime")
    verdict, reason = _STATES.get(status or "", (State.UNKNOWN, f"analysis status {status!a}"))
    if status in _SUCCESS:
        fresh = continuous == "ACTIVE" and scanned_at is not None
        verdict = State.ASSESSED if fresh else State.STALE
        reason = "scanned" if fresh else "scanned, but Google no longer followed the image"
    native = "/".join(filter(None, (status, continuous))) or None
    return Verdict(SOURCE, verdict, f"imported occurrences; {reason}", native, scanned_at)


def _tells_of_packages(occurrence: Record) -> bool:
    note = occurrence.text("noteName") or ""
    about = note.startswith(_ANALYSIS[0]) and note.endswith(_ANALYSIS[1])
    return occurrence.text("kind") == _DISCOVERY and about


def _together(reports: list[ImportedReport]) -> ImportedReport:
    """Return the rows of all images of one file."""
    others = f" and {len(reports) - 1} more" if len(reports) > 1 else ""
    return ImportedReport(
        blocks=[block for report in reports for block in report.blocks],
        subject=f"{reports[0].subject}{others}",
        keyed_by=", ".join(sorted({report.keyed_by for report in reports})),
        statements=sum(report.statements for report in reports),
    )
