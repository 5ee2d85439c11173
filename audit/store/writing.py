"""A run's relations on their way into files: in order, and in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pyarrow as pa

from audit.errors import WarehouseError
from audit.store.parquet import RowGroups, write_parquet
from audit.store.splitting import sorted_parts
from audit.tables import TABLES

PART_ROWS = 50_000
"""Findings that are sorted at once."""
SORTED_ROWS = 100_000
"""Rows of any other table that are; they are narrower."""

_PLACE = ("provider", "registry_id", "repository")
_CUT = 4
"""Leading columns by which parts are cut: the place and what comes next, as one repository may hold
as much as a thousand others."""


def write_ordered(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    relation: str,
    order: Sequence[str],
    schema: pa.Schema | None,
    aside: Path,
) -> int:
    """Write a relation to a file, in an order that leaves nothing open; return its rows.

    The file has the Arrow schema that is given, else the relation's own. ``aside`` is a folder for
    what is there while it is written.
    """
    rows = _count(con, relation)
    keys = _keys(con.table(relation).columns, order)
    if rows <= SORTED_ROWS or tuple(order[:3]) != _PLACE:
        query = f"SELECT * FROM {relation} ORDER BY {keys}"  # noqa: S608  our own names
        reader = con.sql(query).to_arrow_reader(65_536)
        return write_parquet(path, schema or plain(reader.schema), reader)
    empty = con.sql(f"SELECT * FROM {relation} LIMIT 0").to_arrow_table()  # noqa: S608  the same
    with RowGroups(path, schema or plain(empty.schema)) as file:
        for part in sorted_parts(con, relation, order[:_CUT], keys, SORTED_ROWS, aside):
            file.write(part.to_batches())
    _none_lost(relation, rows, file.rows)
    return rows


def write_findings(
    con: duckdb.DuckDBPyConnection, path: Path, flat: Path | None, aside: Path
) -> int:
    """Write the findings, and beside them the flat table of them; return their rows."""
    table = TABLES["findings"]
    keys = _keys(con.table("findings_all").columns, table.sort_by)
    with ExitStack() as stack:
        file = stack.enter_context(RowGroups(path, table.schema))
        wide = None
        if flat:
            empty = _flat(con, table.schema.empty_table())
            wide = stack.enter_context(RowGroups(flat, plain(empty.schema)))
        cut = table.sort_by[:_CUT]
        for part in sorted_parts(con, "findings_all", cut, keys, PART_ROWS, aside):
            file.write(part.to_batches())
            if wide:
                wide.write(_flat(con, part).to_batches())
    _none_lost("findings_all", _count(con, "findings_all"), file.rows)
    return file.rows


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    ((rows,),) = con.execute(f"SELECT count(*) FROM {relation}").fetchall()  # noqa: S608  our own
    return int(rows)


def _none_lost(relation: str, rows: int, written: int) -> None:
    """Check that the parts held every row: one without its place would be in none of them.

    Raises:
        WarehouseError: They did not.
    """
    if written != rows:
        raise WarehouseError(f"{rows} rows of {relation} became {written} on their way to a file")


def _flat(con: duckdb.DuckDBPyConnection, part: pa.Table) -> pa.Table:
    con.register("findings_part", part)
    flat = con.sql("FROM flat_findings_of('findings_part')")
    keys = _keys(flat.columns, TABLES["findings"].sort_by)
    table: pa.Table = flat.order(keys).to_arrow_table()
    return table


def _keys(names: Sequence[str], order: Sequence[str]) -> str:
    rest = [f'"{name}"' for name in names if name not in order]
    return ", ".join([f'"{name}" NULLS FIRST' for name in order] + rest)


def plain(schema: pa.Schema) -> pa.Schema:
    """Name list items as in ``audit.tables``, so that every file has the same Arrow types."""
    return pa.schema(
        [
            pa.field(field.name, pa.list_(pa.field("element", field.type.value_type)))
            if pa.types.is_list(field.type)
            else field
            for field in schema
        ]
    )
