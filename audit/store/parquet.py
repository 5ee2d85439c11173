"""Parquet files of the warehouse: same rows, same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 131_072


def write_parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches to ``path`` in row groups of a fixed size and return the number of rows.

    Batches are cast to ``schema`` by name. An input without rows makes a file without rows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=3)
    try:
        for table in _row_groups(schema, batches):
            writer.write_table(table, row_group_size=ROW_GROUP)
            rows += table.num_rows
    finally:
        close(writer)
    return rows


def close(writer: pq.ParquetWriter) -> None:
    """Close a writer once: its destructor would try again, and print what it met."""
    try:
        writer.close()
    finally:
        writer.is_open = False


def _row_groups(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterable[pa.Table]:
    """Cut a stream of batches into tables of ROW_GROUP rows, whatever sizes it came in."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        while rows >= ROW_GROUP:
            table = _conform(held, schema)
            yield table.slice(0, ROW_GROUP)
            held = table.slice(ROW_GROUP).to_batches()
            rows -= ROW_GROUP
    if held and rows:
        yield _conform(held, schema)


def _conform(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches(batches).select(schema.names).cast(schema)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
