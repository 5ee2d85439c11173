"""Reads documents through the real importers and hands back plain rows."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from audit import plugins
from audit.errors import ReportFileError
from audit.importing.reading import Reader, named
from audit.model.columns import Columns
from audit.model.scope import ScopeRef
from audit.ports import (
    Document,
    ImportedReport,
    Importer,
    ImportOrder,
    ObjectStore,
    RunContext,
)
from audit.store.staging import to_arrow

CONTEXT = RunContext(
    "20261123T020000Z", datetime(2026, 11, 23, 2, tzinfo=UTC), logging.getLogger("test")
)
ORDER = ImportOrder(CONTEXT, "files/0")
IMPORTERS: list[Importer] = plugins.importers()


@dataclass(frozen=True)
class Read:
    """A report that was read to its end."""

    blocks: Sequence[Columns]
    subject: str
    keyed_by: str

    @property
    def statements(self) -> int:
        return sum(block.rows for block in self.blocks if block.table == "findings")


@dataclass(frozen=True)
class Result:
    """What became of one file."""

    name: str
    scope: ScopeRef
    outcome: Read | ReportFileError

    @property
    def path(self) -> Path:
        return Path(self.name)


def rows(report: Read, table: str) -> list[dict[str, Any]]:
    """Return a table's rows as they would be written."""
    blocks = [to_arrow(block) for block in report.blocks if block.table == table]
    return [row for block in blocks for row in block.to_pylist()]


def row(report: Read, table: str) -> dict[str, Any]:
    """Return the only row of a table."""
    (one,) = rows(report, table)
    return one


def read(document: Any, **asked: Any) -> Read:
    """Read a document by the one importer that recognises it."""
    return read_document(Document(document), **asked)


def read_document(document: Document, **asked: Any) -> Read:
    (importer,) = [one for one in IMPORTERS if one.recognises(document.root)]
    return to_the_end(importer.read(document, replace(ORDER, **asked)))


def to_the_end(report: ImportedReport) -> Read:
    return Read(list(report.blocks), report.subject, report.keyed_by)


def read_paths(*paths: Path | str, open_store: Any = None, **asked: Any) -> list[Result]:
    with tempfile.TemporaryDirectory() as work:
        reader = Reader(
            IMPORTERS, replace(ORDER, **asked), open_store or _no_store, Path(work) / "unpacked"
        )
        return [
            Result(one.name, one.scope, _outcome(one.outcome, one.name))
            for one in reader.read([str(path) for path in paths])
        ]


def _outcome(outcome: ImportedReport | ReportFileError, name: str) -> Read | ReportFileError:
    if isinstance(outcome, ReportFileError):
        return outcome
    try:
        return to_the_end(outcome)
    except ReportFileError as error:
        return named(error, name)


def _no_store(address: str) -> ObjectStore:
    raise AssertionError(f"nothing was to be asked of {address}")


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(document))
    return path
