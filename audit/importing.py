"""Import: scanner reports made elsewhere become a run of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from audit.app import App, RunResult
from audit.errors import ReportFileError, UsageError
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from audit.ports import ImportedReport, Importer, RunContext
from audit.store.lock import writer_lock
from audit.store.staging import TaskStaging


@dataclass(frozen=True)
class Imported:
    """What became of the named files. ``result`` is None when not one could be read."""

    result: RunResult | None
    errors: list[ReportFileError]


@dataclass(frozen=True)
class ReportFile:
    """One file read: its rows, or the error that says what is wrong with it."""

    path: Path
    scope_id: str
    report: ImportedReport | ReportFileError


def import_reports(app: App, paths: Sequence[Path], importers: Sequence[Importer]) -> Imported:
    """Read every report below ``paths`` and publish those that could be read as one run."""
    context = app.context()
    with writer_lock(app.warehouse.layout, context.run_id):
        published = app.ready(context.run_id)
        outcomes: list[ScopeOutcome] = []
        errors: list[ReportFileError] = []
        raw = app.warehouse.layout.staged(context.run_id) / "raw"
        for file in read_reports(paths, importers, context):
            if isinstance(file.report, ReportFileError):
                errors.append(file.report)
                continue
            with TaskStaging(raw, file.scope_id) as sink:
                for block in file.report.blocks:
                    sink.write(block)
            outcomes.append(_outcome(file))
            _log(context, file, file.report)
        result = app.commit(context, "import", outcomes, published) if outcomes else None
    return Imported(result, errors)


def read_reports(
    paths: Sequence[Path], importers: Sequence[Importer], context: RunContext
) -> Iterator[ReportFile]:
    """Yield each distinct file below ``paths`` in order; the same bytes are read once.

    Raises:
        UsageError: A path does not exist.
    """
    seen: set[str] = set()
    for path in _expand(paths):
        content = path.read_bytes()
        scope_id = f"files/{hashlib.sha256(content).hexdigest()[:16]}"
        if scope_id not in seen:
            seen.add(scope_id)
            yield ReportFile(path, scope_id, _read(path, content, importers, context, scope_id))


def _expand(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.json") if p.is_file())
        elif path.is_file():
            yield path
        else:
            raise UsageError("no such file or folder", where=str(path), cure="name a report")


def _read(
    path: Path, content: bytes, importers: Sequence[Importer], context: RunContext, scope_id: str
) -> ImportedReport | ReportFileError:
    try:
        document: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return ReportFileError(
            f"not JSON: {error}", where=str(path), cure="export the report as JSON again"
        )
    for importer in importers:
        if importer.recognises(document):
            try:
                return importer.read(document, context, scope_id)
            except ReportFileError as error:
                return ReportFileError(
                    error.message, where=_join(path, error.where), cure=error.cure
                )
    known = ", ".join(importer.name for importer in importers)
    return ReportFileError("format not recognised", where=str(path), cure=f"known: {known}")


def _join(path: Path, where: str) -> str:
    return f"{path}: {where}" if where else str(path)


def _outcome(file: ReportFile) -> ScopeOutcome:
    ref = ScopeRef("files", file.scope_id, ScopeKind.INVENTORY)
    return ScopeOutcome(ref, Outcome.COMPLETE, expected=1, listed=1)


def _log(context: RunContext, file: ReportFile, report: ImportedReport) -> None:
    context.log.info(
        "imported %s",
        file.path,
        extra={
            "path": str(file.path),
            "subject": report.subject,
            "keyed_by": report.keyed_by,
            "statements": report.statements,
        },
    )
