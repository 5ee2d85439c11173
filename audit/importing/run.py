"""Stages the rows of imported reports and publishes them as one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from audit.app import App, RunResult
from audit.errors import ReportFileError
from audit.importing.looks import KEYS, File, Judged, LastLooks, Looks
from audit.importing.reading import ImportResult, Reader, named
from audit.importing.sources import shown
from audit.importing.staged import stage
from audit.model.enums import Outcome
from audit.model.scope import ScopeOutcome
from audit.opening import open_source
from audit.ports import ImportedReport, Importer, ImportOrder, RunContext
from audit.store.lock import writer_lock
from audit.store.reader import Warehouse

# The time of a look that lies ahead of the run is no ground to refuse another.
_PUBLISHED = """
SELECT registry_id, repository, digest, source, max(scanned_at) AS scanned_at FROM assessments
WHERE digest IN (SELECT unnest($digests)) AND scanned_at <= $moment GROUP BY ALL
"""
_UNKNOWN = """
SELECT document_id, scope_id, count(*) AS statements,
    count(*) FILTER (image_known IS NOT TRUE) AS unknown
FROM vex_statements WHERE observed_run_id = $run_id
GROUP BY ALL HAVING unknown > 0 ORDER BY ALL
"""


@dataclass(frozen=True)
class Asked:
    """What of the files is wanted; see :class:`~audit.ports.ImportOrder`."""

    whole: bool = False
    any_target: bool = False
    region: str = ""


@dataclass(frozen=True)
class Imported:
    """What became of the named files. ``result`` is None when not one could be read."""

    result: RunResult | None
    errors: list[ReportFileError]


@dataclass
class _Intake:
    """Reports as they come in: rows staged, the newest look at each image kept."""

    context: RunContext
    folder: Path
    looks: Looks
    outcomes: list[ScopeOutcome] = field(default_factory=list)
    errors: list[ReportFileError] = field(default_factory=list)
    read: int = 0

    def take(self, result: ImportResult) -> None:
        """Stage one report, or record what is wrong with its file."""
        try:
            if isinstance(result.outcome, ReportFileError):
                raise result.outcome
            self._stage(result, result.outcome)
        except ReportFileError as error:
            self.errors.append(error)
            self.outcomes.append(_unread(result, error))
            return
        self.read += 1
        self.outcomes.append(ScopeOutcome(result.scope, Outcome.COMPLETE, expected=1, listed=1))

    def _stage(self, result: ImportResult, report: ImportedReport) -> None:
        try:
            staged = stage(report, self.folder, result.scope.scope_id)
        except ReportFileError as error:
            raise named(error, result.name) from error
        self.looks.take(File(result.scope.scope_id, shown(result.name)), staged.judged)
        told = {"path": shown(result.name), "statements": staged.statements}
        told |= {"subject": report.subject, "keyed_by": report.keyed_by}
        self.context.log.info("imported a report", extra=told)


def import_reports(
    app: App, names: Sequence[str | Path], importers: Sequence[Importer], asked: Asked | None = None
) -> Imported:
    """Read every report below the names and publish those that could be read as one run.

    Names are files, folders, archives, and addresses of object stores. A file that cannot be read
    is an error and a failed scope of the run; the others still land.
    """
    context = app.context()
    app.reports()  # a wrong name must not wait until everything is read
    staged, asked = app.warehouse.layout.staged(context.run_id), asked or Asked()
    order = ImportOrder(context, "", asked.whole, asked.any_target, asked.region)
    config = app.config
    reader = Reader(
        importers,
        order,
        lambda address: open_source(address, config.import_stores, config.source),
        staged / "unpacked",
    )
    with writer_lock(app.warehouse.layout, context.run_id):
        ledger = app.ready(context.run_id, fill_in=True)
        newest = ledger.before(context.run_id).newest
        with _last_looks(app.warehouse, newest, context.moment) as last_looks:
            looks = Looks(context, staged / "raw", last_looks)
            intake = _Intake(context, staged / "raw", looks)
            for result in reader.read([str(name) for name in names]):
                intake.take(result)
            looks.settle()
        if not intake.read:
            return Imported(None, intake.errors)
        done = app.commit(context, "import", intake.outcomes, ledger)
    _tell_unknown(app.warehouse, context)
    return Imported(done, intake.errors)


def _tell_unknown(warehouse: Warehouse, context: RunContext) -> None:
    """Say of which VEX statements the image is not known: they are kept until it is."""
    with warehouse.open_run(context.run_id) as run:
        found = run.rows(_UNKNOWN, {"run_id": context.run_id})
    for row in found:
        context.log.warning(
            "%s of %s VEX statements name no image that is known; they are kept",
            row["unknown"],
            row["statements"],
            extra={"document": row["document_id"], "scope": row["scope_id"]},
        )


@contextmanager
def _last_looks(warehouse: Warehouse, run_id: str | None, moment: datetime) -> Iterator[LastLooks]:
    """Open the run before, which holds the last look at every image it knows."""
    if run_id is None:
        yield lambda _: {}
        return
    with warehouse.open_run(run_id) as newest:

        def looks(digests: Iterable[str]) -> Mapping[Judged, datetime]:
            asked = {"digests": list(digests), "moment": moment}
            rows = newest.rows(_PUBLISHED, asked)
            return {tuple(row[name] for name in KEYS): row["scanned_at"] for row in rows}

        yield looks


def _unread(result: ImportResult, error: ReportFileError) -> ScopeOutcome:
    return ScopeOutcome(
        result.scope,
        Outcome.FAILED,
        expected=1,
        errors=1,
        error_code="Unreadable",
        error=str(error),
    )
