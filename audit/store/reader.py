"""Reading a warehouse: which runs are published, and any of them open for questions."""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from audit.errors import UsageError, WarehouseError
from audit.store import views
from audit.store.catalog import Bounds, Catalog
from audit.store.layout import Layout
from audit.store.ledger import Ledger
from audit.tables import TABLES

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
    """One published run with the run before it, as relations in a DuckDB engine.

    Relations: those of ``audit.store.catalog``. The tables of this run and the histories are opened
    at once, so that a run whose own rows are damaged is not opened; the rest when it is first asked
    for: of one that was thinned out, and of the run before, what can be read still is. Close it
    after use.
    """

    def __init__(self, layout: Layout, run_id: str, ledger: Ledger) -> None:
        self.run_id = run_id
        # What is held side by side of a large estate does not fit in the bound of memory.
        spill = Path(tempfile.mkdtemp(prefix="registry-audit-"))
        self._emptied = weakref.finalize(self, shutil.rmtree, spill, ignore_errors=True)
        self._catalog = Catalog(layout, run_id, ledger, Bounds(spill=spill))
        self.previous_run_id = self._catalog.earlier.newest
        runs = [run for run in (run_id, self.previous_run_id) if run]
        with suppress(FileNotFoundError):  # whoever opens what is missing says so
            layout.files.fetch([layout.part(table, run) for table in TABLES for run in runs])
        self._pruned = self._catalog.make_first()

    def must_be_whole(self) -> None:
        """Check that the run still has its snapshot.

        Raises:
            PrunedError: It was thinned out; what history tables tell of it can still be asked.
        """
        if self._pruned:
            raise self._pruned

    def __enter__(self) -> StoredRun:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the engine, and of what it spilled."""
        self._catalog.connection.close()
        self._emptied()

    def query(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Run a query and return the engine's result (``.df()``, ``.to_arrow_table()``, ...).

        Raises:
            PrunedError: It asks for a snapshot that was thinned out.
            WarehouseError: It asks for rows of the run before, and that is damaged.
        """
        return self._catalog.execute(sql, parameters)

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Run a query and return its rows in the query's order."""
        result = self.query(sql, parameters)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
