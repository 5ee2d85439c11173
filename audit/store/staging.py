"""Rows on disk before they are published: one file a task and table, outside every table folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.model.columns import Columns
from audit.store.parquet import close
from audit.store.room import disk_told
from audit.tables import COLLECTED, TABLES

FLUSH_ROWS = 16_384
SEPARATOR = "\x1f"


class TaskStaging:
    """A task's sink: takes blocks of rows and keeps no more than FLUSH_ROWS of a table in memory.

    The files are complete (readable Parquet) once the context ends, also when it ends by an error:
    what was read before a failure is kept.
    """

    def __init__(self, folder: Path, task_id: str) -> None:
        self._folder = folder
        self._name = f"{file_name(task_id)}.parquet"
        self._held: dict[str, list[pa.Table]] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with disk_told(self._folder, every=True):
            try:
                for table in list(self._held):
                    self._flush(table)
            finally:
                self._close()

    def _close(self) -> None:
        with ExitStack() as stack:
            for writer in self._writers.values():
                stack.callback(close, writer)

    def write(self, columns: Columns) -> None:
        """Take a block of rows of one table.

        Raises:
            WarehouseError: They cannot be written: an adapter must not take that for an error of
                its source.
        """
        if columns.table not in COLLECTED:
            raise KeyError(f"{columns.table} is not a table that is collected")
        if not columns.rows:
            return
        held = self._held.setdefault(columns.table, [])
        held.append(to_arrow(columns))
        if sum(block.num_rows for block in held) >= FLUSH_ROWS:
            with disk_told(self._folder, every=True):
                self._flush(columns.table)

    def _flush(self, table: str) -> None:
        blocks = self._held.pop(table, [])
        if not blocks:
            return
        if table not in self._writers:
            path = self._folder / table / self._name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[table] = pq.ParquetWriter(path, TABLES[table].schema, compression="lz4")
        self._writers[table].write_table(pa.concat_tables(blocks))


def file_name(task_id: str) -> str:
    """Return the name, without ending, of every file that a task leaves."""
    return hashlib.sha256(task_id.encode()).hexdigest()[:24]


def staged_files(folder: Path, task_id: str) -> list[Path]:
    """Return the files of rows that a task staged."""
    return sorted(folder.glob(f"*/{file_name(task_id)}.parquet"))


def discard(folder: Path, task_id: str) -> None:
    """Remove what a task staged."""
    for path in staged_files(folder, task_id):
        path.unlink()


def withdraw(
    folder: Path, task_id: str, table: str, keys: Sequence[str], rows: pa.Array[Any]
) -> None:
    """Remove a task's rows of a table whose ``keys``, joined by SEPARATOR, are among ``rows``."""
    path = folder / table / f"{file_name(task_id)}.parquet"
    if not path.is_file():
        return
    left = path.with_suffix(".left")
    with pq.ParquetFile(path) as file, pq.ParquetWriter(left, file.schema_arrow) as writer:
        for batch in file.iter_batches(FLUSH_ROWS):
            block = pa.Table.from_batches([batch])
            cells = (column.to_pylist() for column in block.select(list(keys)).columns)
            joined = pa.array([SEPARATOR.join(row) for row in zip(*cells, strict=True)])
            writer.write_table(block.filter(pc.invert(pc.is_in(joined, value_set=rows))))
    left.replace(path)


def to_arrow(columns: Columns) -> pa.Table:
    """Turn a block of rows into an Arrow table of its table's schema."""
    schema = TABLES[columns.table].schema
    return pa.table([_cells(columns, field) for field in schema], schema=schema)


def _cells(columns: Columns, field: pa.Field[Any]) -> pa.Array[Any] | pa.ChunkedArray[Any]:
    cells = columns.data.get(field.name)
    if isinstance(cells, pa.Array | pa.ChunkedArray):
        return cells
    if cells is not None:
        return cast("pa.Array[Any]", pa.array(cells, field.type))
    constant = pa.scalar(columns.constants[field.name], field.type)
    return cast("pa.Array[Any]", pa.repeat(constant, columns.rows))
