"""What an analyst imports: a warehouse's published runs as pandas, Arrow or DuckDB.

Start with ``open_warehouse("out/warehouse")``; ``.table("findings")`` is a table of the newest run
as pandas, ``.sql("SELECT ...")`` a question over its views. docs/analysts.md shows more.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import duckdb
import pandas as pd

from audit.errors import UsageError
from audit.store.reader import StoredRun, Warehouse
from audit.tables import TABLES


class RunNotebook:
    """One published run, open for questions.

    Every table of the data dictionary is a view of the same name; ``previous_<table>`` is the run
    before, ``exposures_now`` the state of every exposure as of the run, ``all_runs`` the ledger.
    """

    def __init__(self, run: StoredRun) -> None:
        self._run = run
        self.run_id = run.run_id
        self.previous_run_id = run.previous_run_id

    def table(self, name: str) -> pd.DataFrame:
        """Return one table of this run as pandas.

        Raises:
            UsageError: There is no table of that name.
        """
        if name not in TABLES:
            raise UsageError(
                f"no table {name!r}", where="table", cure=f"tables: {', '.join(TABLES)}"
            )
        return self.sql(f'SELECT * FROM "{name}"')  # noqa: S608  checked against our own names

    def sql(self, query: str) -> pd.DataFrame:
        """Return a query's result as pandas.

        Raises:
            PrunedError: It asks for a snapshot that was thinned out.
        """
        with self._run.told():
            frame: pd.DataFrame = self.relation(query).to_arrow_table().to_pandas()
        return frame

    def relation(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return a query as a lazy DuckDB relation (``.df()``, ``.to_arrow_table()``, ...)."""
        return self._run.connection.sql(query)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the engine behind this run."""
        self._run.connection.close()


class WarehouseNotebook:
    """A warehouse for an analyst: the newest published run unless another is asked for."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    @property
    def runs(self) -> list[str]:
        """Ids of the published runs, oldest first."""
        return self._warehouse.run_ids()

    def run(self, run_id: str | None = None) -> RunNotebook:
        """Open a published run, by default the newest."""
        return RunNotebook(self._warehouse.open_run(run_id))

    def table(self, name: str, run_id: str | None = None) -> pd.DataFrame:
        """Return one table of a run as pandas."""
        with self.run(run_id) as run:
            return run.table(name)

    def sql(self, query: str, run_id: str | None = None) -> pd.DataFrame:
        """Return a query's result over a run's views as pandas."""
        with self.run(run_id) as run:
            return run.sql(query)


def open_warehouse(location: str) -> WarehouseNotebook:
    """Open a warehouse by folder or ``file://`` address.

    Raises:
        UsageError: Nothing has been published there.
    """
    warehouse = Warehouse.at(location)
    if not warehouse.run_ids():
        raise UsageError("no published run", where=location, cure="run registry-audit first")
    return WarehouseNotebook(warehouse)
