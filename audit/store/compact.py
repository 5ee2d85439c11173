"""Merges the many small files of the history tables into one copy each; see ``merged``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from audit.store import views
from audit.store.chain import chain_of
from audit.store.layout import Layout
from audit.store.merged import FOLDER, INDEX, Index, MergedFile, forget, read_index
from audit.store.parquet import sha256_of, write_parquet
from audit.store.sync import sync, write_synced
from audit.tables import HISTORY, TABLES


class Compacted(NamedTuple):
    """What became of one table: files before, rows, and bytes of the merged copy."""

    table: str
    files: int
    rows: int
    bytes: int


def compact(layout: Layout, run_ids: Sequence[str]) -> list[Compacted]:
    """Write one merged copy of every history table and make readers find it.

    Must be called with the writer lock held, over runs that ``check_published`` found whole. The
    partitions are left as they are, and the copies of before stay until the new ones are in place.

    Raises:
        WarehouseError: The runs are no chain.
    """
    chain = chain_of(layout, run_ids)
    if len(chain) < 2:
        return []
    runs = [link.run_id for link in chain]
    done, files = [], {}
    for table in HISTORY:
        path = f"{FOLDER}/{table}/{min(runs)}-{max(runs)}.parquet"
        source = layout.staging / path
        rows = write_parquet(source, merged_schema(table), _rows(layout, table, sorted(runs)))
        files[table] = MergedFile(path, sha256_of(source), rows)
        done.append(Compacted(table, len(runs), rows, source.stat().st_size))
        sync(source)
        layout.files.put(path, source)
    layout.files.check_held()
    old = read_index(layout)
    _write_index(layout, Index(tuple(runs), chain[-1].manifest_sha256, files))
    for copy in old.files.values() if old else ():
        if copy not in files.values():
            layout.files.delete(copy.path)
    shutil.rmtree(layout.staging / FOLDER)
    forget(layout)
    return done


def merged_schema(table: str) -> pa.Schema:
    """Return the schema of a merged copy: the table's, and the run."""
    return TABLES[table].schema.append(pa.field("run_id", pa.string()))


def _rows(layout: Layout, table: str, run_ids: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for run_id, file in views.files_of(layout, table, run_ids).items():
        partition = pq.read_table(file, partitioning=None)
        columns = [_column(partition, field, run_id) for field in merged_schema(table)]
        yield from pa.table(columns, schema=merged_schema(table)).to_batches()


def _column(partition: pa.Table, field: pa.Field[Any], run_id: str) -> pa.ChunkedArray[Any]:
    """Return a column of a partition; one that it lacks is null."""
    if field.name == "run_id":
        return pa.chunked_array([pa.array([run_id] * partition.num_rows, field.type)])
    if field.name not in partition.column_names:
        return pa.chunked_array([pa.nulls(partition.num_rows, field.type)])
    return partition[field.name].cast(field.type)


def _write_index(layout: Layout, index: Index) -> None:
    body = {**vars(index), "files": {table: vars(file) for table, file in index.files.items()}}
    source = layout.staging / INDEX
    source.parent.mkdir(parents=True, exist_ok=True)
    write_synced(source, orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    layout.files.put(INDEX, source)
