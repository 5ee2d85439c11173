"""What an analyst imports: a warehouse's published runs as pandas, Arrow or DuckDB.

Start with ``warehouse = open_warehouse("out/warehouse")``. Nothing is read to open it.
``warehouse.table("findings")`` is a table of the newest run as pandas, ``warehouse.findings(...)``
its findings joined to their images, ``warehouse.question("open_now")`` one of the questions of
``questions()``; ``warehouse.as_of("2026-11-03")`` gives all of it as it was known then.
docs/analysts.md shows more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pandas as pd
import pyarrow as pa

from audit import opening
from audit import questions as asked
from audit.errors import UsageError
from audit.store.catalog import Bounds, Catalog
from audit.store.reader import Warehouse
from audit.tables import TABLES

Value = str | bool | int | float | datetime | None
Filter = Value | Collection[Value]
Moment = str | date | datetime


class RunNotebook:
    """One published run and what it knew of those before it, open for questions.

    Every table of the data dictionary is a relation of the same name; ``previous_<table>`` is the
    run before, ``<table>_history`` all changes up to this run, ``exposures_now`` the state of every
    exposure as of it, ``all_runs`` the ledger. A relation is read when it is first asked for.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.run_id = catalog.run_id
        self.previous_run_id = catalog.earlier.newest

    @property
    def relations(self) -> tuple[str, ...]:
        """Names that a query may read from."""
        return self._catalog.names

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of this run (or any of ``relations``) as pandas."""
        return _pandas(self.relation(name))

    def arrow(self, name: str) -> pa.Table:
        """Return a table of this run (or any of ``relations``) as Arrow."""
        rows: pa.Table = self.relation(name).to_arrow_table()
        return rows

    def relation(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return a table of this run (or any of ``relations``), or a query, as a lazy relation.

        Raises:
            UsageError: There is no table of that name.
            PrunedError: It asks for a snapshot that was thinned out.
        """
        if query in self.relations:
            return self._catalog.ask(f'SELECT * FROM "{query}"')  # noqa: S608  our own names
        if query.isidentifier():
            raise UsageError(
                f"no table {query!r}", where="table", cure=f"tables: {', '.join(TABLES)}"
            )
        return self._catalog.ask(query)

    def sql(self, query: str, **parameters: Value) -> pd.DataFrame:
        """Return a query's result as pandas; ``$name`` in it stands for a parameter."""
        return _pandas(self._catalog.ask(query, parameters or None))

    def findings(self, **filters: Filter) -> duckdb.DuckDBPyRelation:
        """Return what sources stated, joined to placement, image and assessment, as a relation.

        Args:
            filters: Column -> the value it must have, or a list of which it must have one, as in
                ``findings(severity=["CRITICAL", "HIGH"], current=True)``. Only what passes is read.
        """
        return self._filtered("flat_findings", filters)

    def images(self, **filters: Filter) -> duckdb.DuckDBPyRelation:
        """Return placements joined to the facts of their images, filtered as ``findings``."""
        return self._filtered("flat_images", filters)

    def exposures(self, **filters: Filter) -> duckdb.DuckDBPyRelation:
        """Return every exposure as of this run, closed ones too, filtered as ``findings``."""
        return self._filtered("flat_exposures", filters)

    def question(self, name: str, **parameters: Value | Moment) -> pd.DataFrame:
        """Return the answer to one of ``questions()`` as of this run.

        Raises:
            UsageError: There is no such question, or it does not take these parameters.
        """
        question = _question(name)
        return self.sql(question.sql, **_parameters(question, parameters))

    def _filtered(self, name: str, filters: dict[str, Filter]) -> duckdb.DuckDBPyRelation:
        relation = self.relation(name)
        for column, wanted in filters.items():
            if column not in relation.columns:
                raise UsageError(
                    f"no column {column!r}", where=name, cure=f"columns: {relation.columns}"
                )
            relation = relation.filter(_condition(column, wanted))
        return relation

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
        """Close the engine behind this run; relations that are not read yet die with it."""
        self._catalog.connection.close()


class WarehouseNotebook:
    """A warehouse for an analyst: the newest published run unless another is asked for."""

    def __init__(self, warehouse: Warehouse, bounds: Bounds) -> None:
        self._warehouse, self._bounds = warehouse, bounds

    @property
    def runs(self) -> list[str]:
        """Ids of the published runs, oldest first."""
        return self._warehouse.run_ids()

    def run(self, run_id: str | None = None) -> RunNotebook:
        """Open a published run, by default the newest.

        Raises:
            UsageError: There is no such run.
        """
        ledger = self._warehouse.ledger()
        chosen = run_id or ledger.newest
        if chosen is None or chosen not in ledger.sequences:
            raise UsageError(
                f"no published run {run_id or 'yet'}",
                where="run",
                cure=f"published: {', '.join(ledger.run_ids[-5:]) or 'none'}",
            )
        return RunNotebook(Catalog(self._warehouse.layout, chosen, ledger, self._bounds))

    def as_of(self, moment: Moment) -> RunNotebook:
        """Open the newest run at or before a moment (UTC); a date means the whole of that day.

        Its history is always there. Asking it for a snapshot that was pruned says so.

        Raises:
            UsageError: There is no run so old, or the moment is not one.
        """
        bound = _moment(moment)
        known = [run for run in self.runs if run <= f"{bound:%Y%m%dT%H%M%SZ}"]
        if not known:
            first = next(iter(self.runs), "none")
            raise UsageError(f"no run at or before {moment}", where="as_of", cure=f"first: {first}")
        return self.run(known[-1])

    def table(self, name: str, run_id: str | None = None) -> pd.DataFrame:
        """Return one table of a run as pandas."""
        with self.run(run_id) as run:
            return run.table(name)

    def arrow(self, name: str, run_id: str | None = None) -> pa.Table:
        """Return one table of a run as Arrow."""
        with self.run(run_id) as run:
            return run.arrow(name)

    def sql(self, query: str, run_id: str | None = None, **parameters: Value) -> pd.DataFrame:
        """Return a query's result over a run's relations as pandas."""
        with self.run(run_id) as run:
            return run.sql(query, **parameters)

    def findings(self, **filters: Filter) -> duckdb.DuckDBPyRelation:
        """Return the newest run's findings with joins done; see ``RunNotebook.findings``."""
        return self.run().findings(**filters)

    def images(self, **filters: Filter) -> duckdb.DuckDBPyRelation:
        """Return the newest run's placed images with joins done."""
        return self.run().images(**filters)

    def exposures(self, **filters: Filter) -> duckdb.DuckDBPyRelation:
        """Return every exposure as of the newest run."""
        return self.run().exposures(**filters)

    def question(self, name: str, **parameters: Value | Moment) -> pd.DataFrame:
        """Return the answer to one of ``questions()`` as of the newest run."""
        with self.run() as run:
            return run.question(name, **parameters)


def open_warehouse(
    location: str,
    memory: str = "512MB",
    spill: str | None = None,
    store: Mapping[str, object] | None = None,
) -> WarehouseNotebook:
    """Open a warehouse by its address; no table is read until one is asked for.

    Args:
        location: A folder, or ``s3://bucket/prefix``, ``az://``, ``abfs://`` or ``gs://``.
        memory: Bound of the engine's memory; a result that is asked for comes on top.
        spill: Folder for what does not fit; without one such a query stops and says so.
        store: Settings of its object store, as in the configuration's ``store`` block.

    Raises:
        ConfigError: There is no such kind of store, or its settings are wrong.
        UsageError: Nothing has been published there.
    """
    warehouse = opening.open_warehouse(location, store or {}, "open_warehouse")
    if not warehouse.run_ids():
        raise UsageError("no published run", where=location, cure="run registry-audit first")
    return WarehouseNotebook(warehouse, Bounds(memory, Path(spill) if spill else None))


def questions() -> pd.DataFrame:
    """Return the questions that ``question`` answers: name, title, parameters and columns."""
    return pd.DataFrame(
        [
            {
                "name": question.name,
                "title": question.title,
                "parameters": ", ".join(p.name for p in question.parameters),
                "columns": ", ".join(question.columns),
            }
            for question in map(asked.load, asked.NAMES)
        ]
    )


def _pandas(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    frame: pd.DataFrame = relation.to_arrow_table().to_pandas()
    return frame


def _question(name: str) -> asked.Question:
    if name not in asked.NAMES:
        raise UsageError(
            f"no question {name!r}", where="question", cure=f"questions: {', '.join(asked.NAMES)}"
        )
    return asked.load(name)


def _parameters(question: asked.Question, given: dict[str, Value | Moment]) -> dict[str, Value]:
    known = {parameter.name: parameter for parameter in question.parameters}
    missing = [p.name for p in question.parameters if p.default is None and p.name not in given]
    if given.keys() - known or missing:
        wrong = ", ".join(sorted(given.keys() - known) or missing)
        raise UsageError(
            f"{question.name} {'does not take' if given.keys() - known else 'needs'} {wrong}",
            where="question",
            cure=f"it takes: {', '.join(known) or 'nothing'}",
        )
    return {
        name: _value(parameter, given.get(name, parameter.default))
        for name, parameter in known.items()
    }


def _value(parameter: asked.Parameter, value: Value | Moment) -> Value:
    if value is None or value == "null":
        return None
    if parameter.kind in ("days", "count"):
        return int(str(value))
    return _moment(value) if parameter.kind == "moment" else str(value)


def _moment(moment: Value | Moment) -> datetime:
    """Return a moment in UTC; a date alone is its last microsecond."""
    told: date | datetime
    try:
        if isinstance(moment, date):
            told = moment
        elif len(str(moment)) == len("2026-11-03"):
            told = date.fromisoformat(str(moment))
        else:
            told = datetime.fromisoformat(str(moment))
    except ValueError as error:
        raise UsageError(
            f"{moment!r} is no moment", where="moment", cure="write it as 2026-11-03"
        ) from error
    if not isinstance(told, datetime):
        return datetime.combine(told, time.max, UTC)
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


def _condition(column: str, wanted: Filter) -> str:
    name = '"' + column.replace('"', '""') + '"'
    if isinstance(wanted, Collection) and not isinstance(wanted, str):
        found = [_condition(column, value) for value in wanted]
        return f"({' OR '.join(found) or 'false'})"
    return f"{name} IS NULL" if wanted is None else f"{name} = {_literal(wanted)}"


def _literal(value: Value) -> str:
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{_moment(value).isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"
