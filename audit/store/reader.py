"""Reading a warehouse: which runs are published, and any of them open for questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from audit.errors import AuditError, PrunedError, UsageError, WarehouseError
from audit.store import views
from audit.store.history import exposures_as_of, history_of
from audit.store.layout import Layout
from audit.store.ledger import Ledger
from audit.store.measures import prepare_measures, prepare_opinions
from audit.tables import HISTORY, TABLES

_RUN_ID = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True)
class Warehouse:
    """A warehouse's published runs, oldest first."""

    layout: Layout

    @classmethod
    def at(cls, location: str) -> Warehouse:
        """Open a warehouse in a local folder; it need not exist yet."""
        path = location.removeprefix("file://")
        if "://" in path:  # audit.opening knows those; here it would be made a folder's name
            raise UsageError(f"{location} is no local folder", where="warehouse")
        return cls(Layout(Path(path).absolute()))

    def run_ids(self) -> list[str]:
        """Return the ids of all published runs, oldest first."""
        named = [name.removeprefix("run_id=") for name in self.layout.files.names("runs")]
        return sorted(name for name in named if _RUN_ID.fullmatch(name))

    def ledger(self) -> Ledger:
        """Return the published runs by moment and in the order of their publication."""
        published = self.run_ids()
        rows = views.history_rows(self.layout, "runs", published)
        with closing(views.connect()) as con:
            found = con.execute(f"SELECT run_id, sequence FROM ({rows})").fetchall()  # noqa: S608  our own query
        for run_id in set(published) - {row[0] for row in found}:
            raise WarehouseError(f"run {run_id} has no row in the table runs; restore its file")
        return Ledger.of(found)

    def unpublished(self) -> UsageError:
        """Return what to say where a published run is needed and there is none."""
        return UsageError(
            f"no published run yet in {self.layout.address}",
            where="--warehouse",
            cure="name the warehouse that holds them; published: none",
        )

    def open_run(self, run_id: str | None = None) -> StoredRun:
        """Open a published run, by default the newest.

        Raises:
            UsageError: There is no such run.
        """
        ledger = self.ledger()
        known = ledger.run_ids
        if not known or (run_id is not None and run_id not in known):
            if run_id is None:
                raise self.unpublished()
            raise UsageError(
                f"no published run {run_id} in {self.layout.address}",
                where="--run",
                cure=f"published: {', '.join(known[-5:]) or 'none'}",
            )
        return StoredRun(self.layout, run_id or known[-1], ledger)


class StoredRun:
    """One published run with the run before it, as views in a DuckDB engine.

    Views: every table of ``audit.tables`` (this run), ``previous_<table>``, for the tables that
    hold changes or totals ``<table>_history`` (all runs that this one knows), ``all_runs``,
    ``exposures_now``, ``exposures_before``, ``exposure_changes``, the measures over time of
    ``audit.judge.measures`` and the views of ``audit.judge.opinions``. Close it after use.
    """

    def __init__(self, layout: Layout, run_id: str, ledger: Ledger) -> None:
        self.run_id = run_id
        earlier = ledger.before(run_id)
        known = Ledger({**earlier.sequences, run_id: ledger.sequences[run_id]})
        self.previous_run_id = earlier.newest
        self.connection = views.connect()
        self._own: AuditError | None = None
        self._refused: dict[str, AuditError] = {}
        self._closing: list[str] = []
        runs = [run for run in (run_id, self.previous_run_id) if run]
        with suppress(FileNotFoundError):  # whoever opens what is missing says so
            layout.files.fetch([layout.part(table, run) for table in TABLES for run in runs])
        for table in TABLES:
            self._open(layout, f"previous_{table}", table, self.previous_run_id)
            self._own = self._open(layout, table, table, run_id) or self._own
        prepare_measures(self.connection, owners=self._own is None)
        prepare_opinions(self.connection)
        for table in HISTORY:
            views.view(self.connection, f"{table}_history", history_of(layout, table, known))
        views.view(self.connection, "all_runs", "SELECT * FROM runs_history")
        views.view(self.connection, "exposures_now", exposures_as_of(layout, known))
        views.view(self.connection, "exposures_before", exposures_as_of(layout, earlier))
        views.view(self.connection, "exposure_changes", "SELECT * FROM exposures")
        for statement in self._closing:
            self.connection.execute(statement)

    def _open(self, layout: Layout, name: str, table: str, run_id: str | None) -> AuditError | None:
        """Define the view of a partition; where it cannot be read, one that answers with an error.

        A run whose own rows are damaged is not opened; of one that was thinned out, and of the run
        before, what can be read still is.
        """
        try:
            views.view(self.connection, name, views.partition_rows(layout, table, run_id))
        except (PrunedError, WarehouseError) as error:
            if isinstance(error, WarehouseError) and run_id == self.run_id:
                raise
            word = f"{name}: {error}"
            self._refused[word] = error
            self._closing.append(views.refused(self.connection, name, table, word))
            return error
        return None

    def must_be_whole(self) -> None:
        """Check that the run still has its snapshot.

        Raises:
            PrunedError: It was thinned out; what history tables tell of it can still be asked.
        """
        if self._own:
            raise self._own

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn the engine's word for rows that cannot be read into the error they were met with.

        Raises:
            PrunedError: The snapshot was thinned out.
            WarehouseError: The run before is damaged.
        """
        try:
            yield
        except duckdb.CatalogException as error:
            for word, met in self._refused.items():
                if word in str(error):
                    raise met from error
            raise

    def __enter__(self) -> StoredRun:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def query(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Run a query and return the engine's result (``.df()``, ``.to_arrow_table()``, ...).

        Raises:
            PrunedError: It asks for a snapshot that was thinned out.
            WarehouseError: It asks for rows of the run before, and that is damaged.
        """
        with self.told():
            return self.connection.execute(sql, dict(parameters) if parameters else None)

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Run a query and return its rows in the query's order."""
        result = self.query(sql, parameters)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
