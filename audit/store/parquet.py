"""Parquet files of the warehouse: same rows, same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 65_536


class RowGroups:
    """A Parquet file on its way: whatever sizes rows come in, its row groups have one size.

    Rows are cast to ``schema`` by name. A file without rows is a file all the same.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = 0
        self._schema = schema
        self._held: list[pa.RecordBatch] = []
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=3)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self._held:
                self._put(_conform(self._held, self._schema))
        finally:
            close(self._writer)

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Take the next rows; full row groups are written at once."""
        for batch in batches:
            self._held.append(batch)
            while sum(held.num_rows for held in self._held) >= ROW_GROUP:
                table = _conform(self._held, self._schema)
                self._put(table.slice(0, ROW_GROUP))
                self._held = table.slice(ROW_GROUP).to_batches()

    def _put(self, table: pa.Table) -> None:
        if table.num_rows:
            self._writer.write_table(table, row_group_size=ROW_GROUP)
            self.rows += table.num_rows


def write_parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches to ``path`` and return the number of rows; see :class:`RowGroups`."""
    with RowGroups(path, schema) as file:
        file.write(batches)
    return file.rows


def close(writer: pq.ParquetWriter) -> None:
    """Close a writer once: its destructor would try again, and print what it met."""
    try:
        writer.close()
    finally:
        writer.is_open = False


def _conform(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches(batches).select(schema.names).cast(schema)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
