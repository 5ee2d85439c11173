"""Whether the published runs are whole, before a new one is built on them.

A missing or altered file would read as "nothing there", and what the next run closes because of it
could not be told from what is really gone.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pyarrow.parquet as pq

from audit.errors import WarehouseError
from audit.store import views
from audit.store.layout import Layout
from audit.store.parquet import sha256_of
from audit.tables import HISTORY, TABLES

_HISTORY = HISTORY
"""Tables of which every run's partition is read, not the newest's alone."""


def check_published(layout: Layout, run_ids: Sequence[str]) -> None:
    """Check what a new run will read.

    Raises:
        PrunedError: The run to build on was thinned out.
        WarehouseError: A file is missing or is not the one that was published; names the file.
    """
    for run_id in run_ids[:-1]:
        for table in _HISTORY:
            _must_exist(layout, table, run_id)
    if run_ids:
        _check_newest(layout, run_ids[-1])


def _must_exist(layout: Layout, table: str, run_id: str) -> None:
    path = layout.part(table, run_id)
    if not layout.files.exists(path):
        raise WarehouseError(
            f"{path} is missing: run {run_id} is damaged; restore it from a backup"
        )


def _check_newest(layout: Layout, run_id: str) -> None:
    views.refuse_pruned(layout, "placements", [run_id])
    for table in TABLES:
        _must_exist(layout, table, run_id)
    manifest = layout.manifest(run_id)
    if _sha256(layout, manifest) != _recorded(layout, run_id):
        raise WarehouseError(f"{manifest} is missing or altered; restore it from a backup")
    for file in orjson.loads(layout.files.read(manifest))["files"]:
        if _sha256(layout, file["path"]) != file["sha256"]:
            raise WarehouseError(f"{file['path']} is missing or altered; restore it from a backup")


def _sha256(layout: Layout, path: str) -> str | None:
    try:
        return sha256_of(layout.files.local(path))
    except FileNotFoundError:
        return None


def _recorded(layout: Layout, run_id: str) -> str:
    path = layout.files.local(layout.part("runs", run_id))
    return str(pq.read_table(path)["manifest_sha256"][0].as_py())
