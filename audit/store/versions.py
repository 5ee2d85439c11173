"""Whether this version may write: a warehouse that a later one wrote to is left alone.

A later version may have added a table or changed what a column means. A run of an earlier version
on top would lack the one and misread the other, and every later run would carry that forward.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.metadata import version

import orjson
import pyarrow.parquet as pq

from audit.errors import WarehouseError
from audit.store import views
from audit.store.layout import Layout
from audit.tables import TABLES

_WRITTEN = ("run_id", "tool_version", "schema_versions")


def refuse_newer(layout: Layout, run_ids: Sequence[str]) -> None:
    """Check that every run, published or sealed, was written by this version or an earlier one.

    Raises:
        WarehouseError: One was not; names the table, the run, and the version that wrote it.
    """
    for run_id, tool, schema_versions in (*_published(layout, run_ids), *_sealed(layout)):
        for table, number in sorted(orjson.loads(schema_versions).items()):
            if table not in TABLES:
                _refuse(run_id, tool, f"holds a table {table}, which this version does not know")
            if number > TABLES[table].version:
                known = TABLES[table].version
                _refuse(
                    run_id, tool, f"holds {table} in version {number}; this version knows {known}"
                )


def _refuse(run_id: str, tool: str, why: str) -> None:
    raise WarehouseError(
        f"run {run_id}, written by registry-audit {tool}, {why}: nothing is written; "
        f"install registry-audit {tool} or later (this is {version('registry-audit')})"
    )


def _published(layout: Layout, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
    rows = views.partitions_rows(layout, "runs", run_ids)
    with closing(views.connect()) as con:
        query = f"SELECT {', '.join(_WRITTEN)} FROM ({rows}) ORDER BY run_id DESC"  # noqa: S608  our own query
        return con.execute(query).fetchall()


def _sealed(layout: Layout) -> Iterator[tuple[str, str, str]]:
    for ready in sorted(layout.staging.glob("*/ready")):
        for path in ready.parent.glob("publish/runs/*/*.parquet"):
            row = pq.read_table(path, columns=list(_WRITTEN[1:]), partitioning=None).to_pylist()[0]
            yield ready.parent.name, row["tool_version"], row["schema_versions"]
