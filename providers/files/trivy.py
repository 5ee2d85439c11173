"""Reads Trivy's JSON report of a container image, schema 2 (``trivy image --format json``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import ImageKind
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import Record
from providers.files.rows import Facts, Rows, Verdict
from providers.files.subject import Subject, Told, not_an_image, subject_of
from providers.files.trivy_statements import (
    SOURCE,
    TrivyStatements,
    facts_of,
    imported,
    suppressed,
)

_SCHEMA = 2
_IMAGE = "container_image"
_IMAGE_FACTS = ("ImageID", "RepoTags", "RepoDigests", "ImageConfig")
_MARKS = frozenset({"ArtifactName", "ArtifactType", "Results", "Metadata"})
_SCAN_AN_IMAGE = "import reports of container images, or everything with --any-target"


class TrivyJson:
    """Importer of Trivy JSON, schema 2."""

    name: ClassVar[str] = "trivy-json"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (
        ("Results", "*", "Vulnerabilities"),
        ("Results", "*", "Packages"),
    )

    def recognises(self, document: object) -> bool:
        """Whether it is Trivy's JSON with a schema version, of any kind of artifact."""
        return (
            isinstance(document, dict)
            and "SchemaVersion" in document
            and not _MARKS.isdisjoint(document)
        )

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a report into rows: as many findings as ``Results[].Vulnerabilities[]`` holds.

        Raises:
            ReportFileError: Another schema version, not about an image, or a field that is missing
                or of a wrong type.
        """
        report = Record(document.root)
        is_image = _check(report, order)
        subject = (
            subject_of(_told(report))
            if is_image
            else not_an_image(report.text("ArtifactName") or "")
        )
        blocks = _blocks(document, report, subject, order, is_image=is_image)
        return ImportedReport(blocks, subject.said, subject.keyed_by)


def _blocks(
    document: Document, report: Record, subject: Subject, order: ImportOrder, *, is_image: bool
) -> Iterator[Columns]:
    rows = Rows(order)
    facts = facts_of(report.record("Metadata").record("ImageConfig"))
    image = rows.image(subject, SOURCE, facts if is_image else Facts(kind=ImageKind.ARTIFACT))
    rows.only(image)
    statements = TrivyStatements(rows)
    results = report.records("Results")
    for result in results:
        for finding in result.each("Vulnerabilities", document):
            statements.add(image, result, finding)
            if rows.full:
                yield from rows.flushed()
                statements.flushed()
    image.verdict = _verdict(report, results, stated=image.statements > 0)
    yield from rows.rest()


def _check(report: Record, order: ImportOrder) -> bool:
    """Say whether the report is about an image.

    Raises:
        ReportFileError: Another schema version; or no image, and nothing else was asked for.
    """
    version = report.raw("SchemaVersion")
    if isinstance(version, bool) or version != _SCHEMA:
        raise ReportFileError(
            f"is {ascii(version)[:20]}; only {_SCHEMA} can be read",
            where="SchemaVersion",
            cure="write the report with Trivy 0.20 or newer, --format json",
        )
    kind, metadata = report.text("ArtifactType"), report.record("Metadata")
    if kind == _IMAGE:
        return True
    if kind is None and any(metadata.has(name) for name in _IMAGE_FACTS):
        return True
    if order.any_target:
        return False
    if kind is None:
        raise ReportFileError("tells nothing of an image", where="Metadata", cure=_SCAN_AN_IMAGE)
    raise ReportFileError(f"is {kind!a}, not {_IMAGE}", where="ArtifactType", cure=_SCAN_AN_IMAGE)


def _told(report: Record) -> Told:
    metadata = report.record("Metadata")
    names = (metadata.text("Reference"), report.text("ArtifactName"))
    return Told(
        names=[name for name in names if name],
        tags=metadata.texts("RepoTags"),
        digests=metadata.texts("RepoDigests"),
        image_id=metadata.text("ImageID"),
    )


def _verdict(report: Record, results: list[Record], *, stated: bool) -> Verdict:
    system = report.record("Metadata").record("OS")
    state, reason = imported(results, system, stated=stated)
    eosl, left_out = system.flag("EOSL"), suppressed(results)
    scanned_at = report.moment("CreatedAt")
    notes: list[Any] = [
        "imported report",
        reason,
        eosl and "its operating system is past its end of service life",
        left_out and f"{left_out} statements suppressed by the scanner are left out",
        not scanned_at and "it does not tell when the scan was made",
    ]
    return Verdict(
        source=SOURCE,
        state=state,
        reason="; ".join(note for note in notes if note),
        native_status="EOSL" if eosl else None,
        scanned_at=scanned_at,
        scanner_version=report.record("Trivy").text("Version"),
    )
