"""Views over published partitions and staged files in a DuckDB connection."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from audit.errors import PrunedError, WarehouseError
from audit.store.layout import Layout
from audit.store.merged import believed
from audit.store.pruned import SNAPSHOTS, read_pruned
from audit.tables import HISTORY, TABLES


def connect(spill: Path | None = None, memory: str = "512MB") -> duckdb.DuckDBPyConnection:
    """Open an in-memory engine that answers in UTC and, given a folder, spills to it."""
    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"SET memory_limit = '{memory}'")
    con.execute("SET threads = 2")
    con.execute("SET enable_progress_bar = false")
    if spill:
        spill.mkdir(parents=True, exist_ok=True)
        con.execute(f"SET temp_directory = {_literal(str(spill))}")
    else:
        con.execute("SET temp_directory = ''")
    return con


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _file(path: Path) -> str:
    """Quote a path for read_parquet, which would take ``*``, ``?`` and ``[`` as patterns."""
    return _literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def parquet_rows(table: str, files: Iterable[Path], run_id: str | None = None) -> str:
    """Return a query for the rows of a table in some files; without files it has none.

    Columns that a file written by an earlier version lacks are null. With ``run_id`` a column of
    that name is added.
    """
    listed = list(files)
    extra = f", {_literal(run_id)} AS run_id" if run_id is not None else ""
    empty = _empty(table)
    if not listed:
        return f"SELECT {empty}{extra} WHERE false"
    return (
        f"SELECT *{extra} FROM (SELECT {empty} WHERE false UNION ALL BY NAME "  # noqa: S608  paths are quoted
        f"FROM {_reading(listed)})"
    )


def _empty(table: str) -> str:
    stored = TABLES[table].schema
    return ", ".join(f'NULL::{_sql_type(field.type)} AS "{field.name}"' for field in stored)


def _reading(files: Iterable[Path], named: str = "") -> str:
    """Return a reading of files; with ``named`` each row's file is told in a column so called."""
    names = ", ".join(_file(path) for path in files)
    more = f", filename='{named}'" if named else ""
    return f"read_parquet([{names}], hive_partitioning=false, union_by_name=true{more})"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return f"STRUCT({', '.join(f'{f.name} {_sql_type(f.type)}' for f in kind)})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ"
    return {"string": "VARCHAR", "bool": "BOOLEAN", "int64": "BIGINT", "double": "DOUBLE"}[
        str(kind)
    ]


def partition_rows(layout: Layout, table: str, run_id: str | None) -> str:
    """Return a query for one published run's rows of a table, with ``run_id``; none for None.

    Raises:
        WarehouseError: The run's partition is missing: it must not read as empty.
    """
    return history_rows(layout, table, [] if run_id is None else [run_id])


def history_rows(layout: Layout, table: str, run_ids: Iterable[str]) -> str:
    """Return a query for a table's rows over several runs, with ``run_id``.

    Where a merged copy of the table holds the rows of some of them, it is read in their place.

    Raises:
        PrunedError: It asks for a snapshot that was thinned out.
        WarehouseError: A run's partition is missing: it must not read as empty.
    """
    listed = list(run_ids)
    copy = believed(layout, table) if len(listed) > 1 and table in HISTORY else None
    covered = [run_id for run_id in listed if copy and run_id in copy.runs]
    if copy is None or not covered:
        return partitions_rows(layout, table, listed)
    wanted = ", ".join(map(_literal, covered))
    rest = partitions_rows(layout, table, [run for run in listed if run not in copy.runs])
    return (
        f"SELECT * FROM ({merged_rows(table, copy.file)}) WHERE run_id IN ({wanted}) "  # noqa: S608  quoted
        f"UNION ALL SELECT * FROM ({rest})"
    )


def merged_rows(table: str, file: Path) -> str:
    """Return a query for the rows of a merged copy, which holds ``run_id`` itself."""
    return (
        f"SELECT {_empty(table)}, NULL::VARCHAR AS run_id WHERE false "  # noqa: S608  quoted
        f"UNION ALL BY NAME FROM {_reading([file])}"
    )


def partitions_rows(layout: Layout, table: str, run_ids: Iterable[str]) -> str:
    """Do what ``history_rows`` does from the partitions alone.

    It is one reading of many files: a union of one reading a run costs time and memory by the run.
    """
    files = files_of(layout, table, list(run_ids))
    if not files:
        return parquet_rows(table, [], "")
    if len(files) == 1:
        ((run_id, file),) = files.items()
        return parquet_rows(table, [file], run_id)
    return _rows_of_runs(table, files)


def files_of(layout: Layout, table: str, run_ids: Sequence[str]) -> dict[str, Path]:
    """Return the file of each run's rows of a table, in the order given.

    A run of an earlier version, which did not know the table yet, has none.

    Raises:
        PrunedError: A run's snapshot was thinned out.
        WarehouseError: A file is missing.
    """
    try:
        paths = layout.files.fetch([layout.part(table, run_id) for run_id in run_ids])
    except FileNotFoundError as error:
        refuse_pruned(layout, table, run_ids)
        knew = [run_id for run_id in run_ids if table in _tables_of(layout, run_id)]
        if len(knew) == len(run_ids):
            raise WarehouseError(f"{error}: is missing; the run is damaged") from error
        return files_of(layout, table, knew)
    return dict(zip(run_ids, paths, strict=True))


def _tables_of(layout: Layout, run_id: str) -> Collection[str]:
    """Return the tables that the version of a run knew; all, where nothing tells."""
    try:
        row = pq.read_table(
            layout.files.local(layout.part("runs", run_id)),
            columns=["schema_versions"],
            partitioning=None,
        )
        return set(orjson.loads(row["schema_versions"][0].as_py())) | {"runs"}
    except (FileNotFoundError, IndexError, pa.ArrowInvalid):
        return TABLES.keys()


def _rows_of_runs(table: str, files: Mapping[str, Path]) -> str:
    """Return one reading of many files: a union of a reading a run costs memory by the run."""
    runs = ", ".join(f"({_literal(str(path))}, {_literal(run)})" for run, path in files.items())
    return (
        "SELECT stored.* EXCLUDE (read_from), "  # noqa: S608  paths are quoted
        "coalesce(runs.run_id, error('no run of ' || stored.read_from)) AS run_id "
        f"FROM (SELECT {_empty(table)}, NULL::VARCHAR AS read_from WHERE false UNION ALL BY NAME "
        f"FROM {_reading(files.values(), named='read_from')}) AS stored "
        f"LEFT JOIN (VALUES {runs}) AS runs(read_from, run_id) USING (read_from)"
    )


def refuse_pruned(layout: Layout, table: str, run_ids: Iterable[str]) -> None:
    """Say so where a snapshot is missing because it was thinned out.

    Raises:
        PrunedError: It was.
    """
    pruned = read_pruned(layout)
    gone = [run_id for run_id in run_ids if table in SNAPSHOTS and run_id in pruned.runs]
    if gone:
        published = [name.removeprefix("run_id=") for name in layout.files.names("runs")]
        raise PrunedError(
            f"{pruned.why(gone[0], published)}", where=table, cure="history tables are kept whole"
        )


def view(con: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """Create a view; ``name`` is one of ours, never a user's.

    Raises:
        WarehouseError: A file that it reads is damaged.
    """
    try:
        con.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {query}')
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        told = str(error).partition("\n")[0]
        raise WarehouseError(f"{name} cannot be read: {told}; ask registry-audit verify") from error
