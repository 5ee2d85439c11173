"""Stages the rows of imported reports and publishes them as one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.app import App, RunResult
from audit.errors import ReportFileError
from audit.importing.reading import ImportResult, read_reports
from audit.model.columns import Columns
from audit.model.enums import Outcome
from audit.model.scope import ScopeOutcome
from audit.ports import ImportedReport, Importer, RunContext
from audit.store.lock import writer_lock
from audit.store.reader import Warehouse
from audit.store.staging import TaskStaging, discard

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
# The time of a look that lies ahead of the run is no ground to refuse another.
_PUBLISHED = """
SELECT max(scanned_at) AS scanned_at FROM assessments
WHERE (registry_id, repository, digest, source) = ($registry_id, $repository, $digest, $source)
    AND scanned_at <= $moment
"""
Judged = tuple[str, ...]
"""(registry_id, repository, digest, source): what one assessment is of."""
LastLook = Callable[[Judged], datetime | None]
"""Tells when the published runs last looked; None when they did not or do not tell."""


@dataclass(frozen=True)
class Imported:
    """What became of the named files. ``result`` is None when not one could be read."""

    result: RunResult | None
    errors: list[ReportFileError]


@dataclass(frozen=True)
class _File:
    scope_id: str
    path: Path


@dataclass
class _Intake:
    """Reports as they come in: rows staged, the newest report of an image and source kept."""

    context: RunContext
    folder: Path
    last_look: LastLook
    outcomes: list[ScopeOutcome] = field(default_factory=list)
    errors: list[ReportFileError] = field(default_factory=list)
    read: int = 0
    _newest: dict[Judged, tuple[datetime, _File]] = field(default_factory=dict)

    def take(self, result: ImportResult) -> None:
        """Stage one report, or record what is wrong with its file."""
        if isinstance(result.outcome, ReportFileError):
            self.errors.append(result.outcome)
            self.outcomes.append(_unread(result, result.outcome))
            return
        self.read += 1
        self.outcomes.append(ScopeOutcome(result.scope, Outcome.COMPLETE, expected=1, listed=1))
        _log(self.context, result, result.outcome)
        if self._is_newest(_File(result.scope.scope_id, result.path), result.outcome):
            with TaskStaging(self.folder, result.scope.scope_id) as sink:
                for block in result.outcome.blocks:
                    sink.write(block)

    def _is_newest(self, file: _File, report: ImportedReport) -> bool:
        """Whether no report so far speaks later of the same image by the same source.

        Two reports of one image by one source are two looks: the later one holds, and of two of
        the same time the one that was named last. A report of an earlier run is a look too: what
        it stated is not mended because an older report does not know of it yet. One that does not
        tell its time is taken at its word: it may be new.
        """
        for judged, scanned_at in _judgements(report):
            published = self.last_look(judged)
            if published and _NO_TIME < scanned_at < published:
                self._supersede(file, "superseded by a later report of an earlier run")
                return False
            held = self._newest.get(judged)
            if held and held[0] > scanned_at:
                self._supersede(file, "superseded by a later report")
                return False
            if held:
                discard(self.folder, held[1].scope_id)
                self._supersede(held[1], "superseded by a later report")
            self._newest[judged] = (scanned_at, file)
        return True

    def _supersede(self, file: _File, event: str) -> None:
        told = {"scope": file.scope_id, "path": str(file.path)}
        self.context.log.warning(event, extra=told)


def import_reports(app: App, paths: Sequence[Path], importers: Sequence[Importer]) -> Imported:
    """Read every report below ``paths`` and publish those that could be read as one run.

    A file that cannot be read is an error and a failed scope of the run; the others still land.
    """
    context = app.context()
    app.reports()  # a wrong name must not wait until everything is read
    with writer_lock(app.warehouse.layout, context.run_id):
        ledger = app.ready(context.run_id, fill_in=True)
        newest = ledger.before(context.run_id).newest
        with _last_look(app.warehouse, newest, context.moment) as look:
            intake = _Intake(context, app.warehouse.layout.staged(context.run_id) / "raw", look)
            for result in read_reports(paths, importers, context):
                intake.take(result)
        if not intake.read:
            return Imported(None, intake.errors)
        done = app.commit(context, "import", intake.outcomes, ledger)
    return Imported(done, intake.errors)


@contextmanager
def _last_look(warehouse: Warehouse, run_id: str | None, moment: datetime) -> Iterator[LastLook]:
    """Open the run before, which holds the last look at every image it knows."""
    if run_id is None:
        yield lambda _: None
        return
    with warehouse.open_run(run_id) as newest:

        def look(judged: Judged) -> datetime | None:
            registry_id, repository, digest, source = judged
            where = {"registry_id": registry_id, "repository": repository, "digest": digest}
            found = newest.rows(_PUBLISHED, {**where, "source": source, "moment": moment})
            looked: datetime | None = found[0]["scanned_at"]
            return looked

        yield look


def _judgements(report: ImportedReport) -> Iterator[tuple[Judged, datetime]]:
    for block in report.blocks:
        if block.table == "assessments":
            cells = [_cells(block, name) for name in ("registry_id", "repository", "digest")]
            sources, moments = _cells(block, "source"), _cells(block, "scanned_at")
            for *where, source, moment in zip(*cells, sources, moments, strict=True):
                yield (*map(str, where), str(source)), moment or _NO_TIME


def _cells(block: Columns, name: str) -> list[Any]:
    return block.data.get(name, [block.constants.get(name)] * block.rows)


def _unread(result: ImportResult, error: ReportFileError) -> ScopeOutcome:
    return ScopeOutcome(
        result.scope,
        Outcome.FAILED,
        expected=1,
        errors=1,
        error_code="Unreadable",
        error=str(error),
    )


def _log(context: RunContext, result: ImportResult, report: ImportedReport) -> None:
    context.log.info(
        "imported a report",
        extra={
            "path": str(result.path),
            "subject": report.subject,
            "keyed_by": report.keyed_by,
            "statements": report.statements,
        },
    )
