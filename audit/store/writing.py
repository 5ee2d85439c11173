"""A run's relations on their way into files: in order, and in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pyarrow as pa

from audit.store.parquet import RowGroups, write_parquet
from audit.tables import TABLES

PART_ROWS = 50_000
_PARTS = """
CREATE OR REPLACE TEMP TABLE findings_parts AS
SELECT provider, registry_id, repository,
    (sum(rows) OVER (ORDER BY provider, registry_id, repository) // $part)::BIGINT AS part
FROM (SELECT provider, registry_id, repository, count(*) AS rows FROM findings_all GROUP BY ALL)
"""
_PART = """
SELECT f.* FROM findings_all AS f
SEMI JOIN (FROM findings_parts WHERE part = {part}) USING (provider, registry_id, repository)
ORDER BY {keys}
"""


def write_ordered(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    relation: str,
    order: Sequence[str],
    schema: pa.Schema | None,
) -> int:
    """Write a relation to a file, in an order that leaves nothing open; return its rows.

    The file has the Arrow schema that is given, else the relation's own.
    """
    keys = _keys(con.table(relation).columns, order)
    query = f"SELECT * FROM {relation} ORDER BY {keys}"  # noqa: S608  our own names
    reader = con.sql(query).to_arrow_reader(65_536)
    return write_parquet(path, schema or plain(reader.schema), reader)


def write_findings(con: duckdb.DuckDBPyConnection, path: Path, flat: Path | None) -> int:
    """Write the findings, and beside them the flat table of them; return their rows.

    Both are sorted once, some repositories at a time: to sort them whole takes three times the
    memory, and more with every finding.
    """
    con.execute(_PARTS, {"part": PART_ROWS})
    table = TABLES["findings"]
    keys = _keys(con.table("findings_all").columns, table.sort_by)
    with ExitStack() as stack:
        file = stack.enter_context(RowGroups(path, table.schema))
        wide = None
        if flat:
            empty = _flat(con, table.schema.empty_table())
            wide = stack.enter_context(RowGroups(flat, plain(empty.schema)))
        for part in _parts(con, keys):
            file.write(part.to_batches())
            if wide:
                wide.write(_flat(con, part).to_batches())
    return file.rows


def _parts(con: duckdb.DuckDBPyConnection, keys: str) -> Iterator[pa.Table]:
    numbers = con.execute("SELECT DISTINCT part FROM findings_parts ORDER BY part").fetchall()
    for (part,) in numbers:
        yield con.sql(_PART.format(part=part, keys=keys)).to_arrow_table()


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
