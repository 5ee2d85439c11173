"""Reads Trivy's first JSON: a list of results, without a word on the artifact (before 0.20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import Record, top_records
from providers.files.rows import Rows, Verdict
from providers.files.subject import Subject, Told, subject_of
from providers.files.targets import image_of_target
from providers.files.trivy_statements import SOURCE, TrivyStatements, judged


class TrivyLegacy:
    """Importer of Trivy JSON, schema 1."""

    name: ClassVar[str] = "trivy-legacy"
    lists: ClassVar[Sequence[tuple[str, ...]]] = ((),)

    def recognises(self, document: object) -> bool:
        """Whether it is a list of results."""
        head = document[0] if isinstance(document, list) and document else None
        return isinstance(head, dict) and {"Target", "Vulnerabilities"} <= head.keys()

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a list of results into rows.

        Raises:
            ReportFileError: No target names an image with its operating system, which is all that
                this format tells of the image.
        """
        results = list(top_records(document))
        targets = [image_of_target(one.text("Target")) for one in results]
        name = next((target for target in targets if target), None)
        if name is None:
            raise ReportFileError(
                "does not say which image was scanned: no target names an operating system",
                where="[0].Target",
                cure="write the report with Trivy 0.20 or newer",
            )
        subject = subject_of(Told([name], [], [], None))
        return ImportedReport(_blocks(results, subject, order), subject.said, subject.keyed_by)


def _blocks(results: list[Record], subject: Subject, order: ImportOrder) -> Iterator[Columns]:
    rows = Rows(order)
    image = rows.image(subject, SOURCE)
    rows.only(image)
    statements = TrivyStatements(rows)
    for result in results:
        for finding in result.records("Vulnerabilities"):
            statements.add(image, result, finding)
            if rows.full:
                yield from rows.flushed()
                statements.flushed()
    state, note = judged(results, family="", stated=image.statements > 0)
    notes = ("imported report", note, "it does not tell when the scan was made")
    image.verdict = Verdict(SOURCE, state, "; ".join(filter(None, notes)))
    yield from rows.rest()
