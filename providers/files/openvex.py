"""Reads OpenVEX documents, versions 0.0.1 and 0.2.0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.normalise.vex import vex_status
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import AGAIN, Record
from providers.files.vex import Product, VexDocument, VexRows

STATEMENTS = "no look at an image: VEX statements"
_CONTEXT = "https://openvex.dev/ns"


class OpenVex:
    """Importer of OpenVEX."""

    name: ClassVar[str] = "openvex"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("statements",),)

    def recognises(self, document: object) -> bool:
        """Whether its context is OpenVEX's."""
        context = document.get("@context") if isinstance(document, dict) else None
        return isinstance(context, str) and context.startswith(_CONTEXT)

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn statements into rows: one for each product and part of it.

        Raises:
            ReportFileError: A promised member is missing.
        """
        report = Record(document.root)
        report.needed_list("statements")
        issued = report.moment("last_updated") or report.moment("timestamp")
        vex = VexDocument(report.needed_text("@id"), report.text("author"), issued)
        return ImportedReport(_blocks(document, report, vex, order), STATEMENTS, "product")


def _blocks(
    document: Document, report: Record, vex: VexDocument, order: ImportOrder
) -> Iterator[Columns]:
    rows = VexRows(vex, order)
    for statement in report.each("statements", document):
        row = _row(statement, vex)
        for product in _products(statement):
            rows.add(product, row)
        if rows.full:
            yield from rows.flushed()
    yield from rows.flushed()


def _row(statement: Record, vex: VexDocument) -> dict[str, Any]:
    word = statement.needed_text("status")
    return {
        **_vulnerability(statement),
        "status": needed_status(word, statement.where("status")),
        "justification": statement.text("justification"),
        "impact": statement.text("impact_statement") or statement.text("action_statement"),
        "stated_at": statement.moment("timestamp") or vex.issued_at,
    }


def needed_status(word: str, where: str) -> str:
    """Return a VEX status.

    Raises:
        ReportFileError: The word is none of the four.
    """
    status = vex_status(word)
    if status is None:
        raise ReportFileError(f"{ascii(word)[:40]} is no VEX status", where=where, cure=AGAIN)
    return status


def _vulnerability(statement: Record) -> dict[str, Any]:
    told = statement.raw("vulnerability")
    if isinstance(told, str):  # before 0.2.0
        return {"vulnerability_id": statement.needed_text("vulnerability"), "aliases": []}
    held = statement.record("vulnerability")
    name = held.text("name") or held.needed_text("@id")
    aliases = set(held.texts("aliases")) - {name}
    return {"vulnerability_id": name.rpartition("/")[2], "aliases": sorted(aliases)}


def _products(statement: Record) -> Iterator[Product]:
    statement.needed_list("products")
    for at, told in enumerate(statement.raw("products")):
        if isinstance(told, str):
            parts = statement.texts("subcomponents") if _texts(statement) else []
            yield from (Product(told, None, part) for part in parts)
            if not parts:
                yield Product(told)
            continue
        product = Record(told, None, f"{statement.where('products')}[{at}]")
        name, digest = _name(product), product.record("hashes").text("sha-256")
        digest = f"sha256:{digest}" if digest else None
        held = product.records("subcomponents")
        yield from (Product(name, digest, _name(part)) for part in held)
        if not held:
            yield Product(name, digest)


def _texts(statement: Record) -> bool:
    parts = statement.raw("subcomponents")
    return isinstance(parts, list) and all(isinstance(part, str) for part in parts)


def _name(product: Record) -> str:
    return product.record("identifiers").text("purl") or product.needed_text("@id")
