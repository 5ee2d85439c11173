"""Reads documents through the real importers and hands back plain rows."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from audit.importing.reading import ImportResult, read_reports
from audit.ports import ImportedReport, Importer, RunContext
from audit.store.staging import to_arrow
from providers.files.gcloud import GcloudJson
from providers.files.grype import GrypeJson
from providers.files.trivy import TrivyJson

CONTEXT = RunContext(
    "20261123T020000Z", datetime(2026, 11, 23, 2, tzinfo=UTC), logging.getLogger("test")
)
IMPORTERS: list[Importer] = [GcloudJson(), GrypeJson(), TrivyJson()]


def rows(report: ImportedReport, table: str) -> list[dict[str, Any]]:
    """Return a table's rows as they would be written."""
    blocks = [to_arrow(block) for block in report.blocks if block.table == table]
    return [row for block in blocks for row in block.to_pylist()]


def row(report: ImportedReport, table: str) -> dict[str, Any]:
    """Return the only row of a table."""
    (one,) = rows(report, table)
    return one


def read(document: Any) -> ImportedReport:
    """Read a document by the one importer that recognises it."""
    (importer,) = [one for one in IMPORTERS if one.recognises(document)]
    return importer.read(document, CONTEXT, "files/0")


def read_paths(*paths: Path) -> list[ImportResult]:
    return list(read_reports(paths, IMPORTERS, CONTEXT))


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(document))
    return path
