"""A relation cut into parts by its leading columns, in one reading: each is then sorted by itself.

To sort a large relation whole takes three times its memory, and to read it anew for each part takes
a time that grows with the square of its rows.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

_MOST_FILES = 500
"""Parts that are open at once; a process may hold about a thousand files."""
_BATCH = 8_192
_PARTS = """
CREATE OR REPLACE TEMP TABLE written_parts AS
SELECT {cut}, (sum(rows) OVER (ORDER BY {cut}) // $rows)::BIGINT AS part
FROM (SELECT {cut}, count(*) AS rows FROM {relation} GROUP BY ALL)
"""
_MARKED = """
SELECT f.*, p.part AS part_of_rows FROM {relation} AS f JOIN written_parts AS p USING ({cut})
"""
_SORTED = "SELECT * FROM {relation} ORDER BY {keys}"
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def sorted_parts(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    cut: Sequence[str],
    keys: str,
    rows: int,
    aside: Path,
) -> Iterator[pa.Table]:
    """Yield a relation in the order of keys that begin with ``cut``, about ``rows`` at a time.

    Rows that are alike in ``cut`` stay together, and one that lacks any of it is in no part.

    Args:
        con: The engine that holds it.
        relation: Its name.
        cut: Names of columns.
        keys: What follows ORDER BY: those columns, and what else there is.
        rows: Rows of a part, as far as what stays together and the number of files allow.
        aside: Folder for files that are there while the parts are read.
    """
    ((total,),) = con.execute(f"SELECT count(*) FROM {relation}").fetchall()  # noqa: S608  our own
    if total <= rows:
        yield con.sql(_SORTED.format(relation=relation, keys=keys)).to_arrow_table()
        return
    aside.mkdir(parents=True, exist_ok=True)
    marked = {"relation": relation, "cut": ", ".join(cut)}
    con.execute(_PARTS.format(**marked), {"rows": max(rows, total // _MOST_FILES)})
    reader = con.sql(_MARKED.format(**marked)).to_arrow_reader(_BATCH)
    with tempfile.TemporaryDirectory(dir=aside) as folder:
        for path in _split(reader, Path(folder)):
            yield _sorted(con, path, keys)
            path.unlink()


def _split(reader: pa.RecordBatchReader, folder: Path) -> list[Path]:
    """Write each part to a file, and return the files in the order of their parts."""
    writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
    schema = reader.schema.remove(len(reader.schema) - 1)
    with ExitStack() as stack:
        for batch in reader:
            for part, rows in _pieces(batch):
                if part not in writers:
                    stream = pa.ipc.new_stream(str(_file(folder, part)), schema, options=_OPTIONS)
                    writers[part] = stack.enter_context(stream)
                writers[part].write_batch(rows)
    return [_file(folder, part) for part in sorted(writers)]


def _file(folder: Path, part: int) -> Path:
    return folder / f"{part}.arrow"


def _pieces(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the rows of each part in a batch; most batches are of one repository or two."""
    number = batch.num_columns - 1
    of, rows = batch.column(number), batch.remove_column(number)
    counted = Counter(cast("list[int]", of.to_pylist()))
    if len(counted) > 1:
        rows = rows.take(pc.sort_indices(of))
    start = 0
    for part in sorted(counted):
        yield part, rows.slice(start, counted[part])
        start += counted[part]


def _sorted(con: duckdb.DuckDBPyConnection, path: Path, keys: str) -> pa.Table:
    with pa.OSFile(str(path), "rb") as file, pa.ipc.open_stream(file) as stream:
        con.register("part_of_rows", stream.read_all())
    try:
        table: pa.Table = con.sql(
            _SORTED.format(relation="part_of_rows", keys=keys)
        ).to_arrow_table()
    finally:
        con.unregister("part_of_rows")
    return table
