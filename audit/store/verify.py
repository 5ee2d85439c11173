"""Whether the published runs are whole, before a new one is built on them.

A missing or altered file would read as "nothing there", and what the next run closes because of it
could not be told from what is really gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from audit.errors import WarehouseError
from audit.store import views
from audit.store.layout import Layout
from audit.store.parquet import sha256_of
from audit.store.pruned import SNAPSHOTS
from audit.tables import HISTORY, TABLES


def check_published(layout: Layout, run_ids: Sequence[str]) -> None:
    """Check what a new run will read: the history of every run, and the newest run whole.

    Raises:
        PrunedError: The run to build on was thinned out.
        WarehouseError: A file is missing or is not the one that was published; names the file.
    """
    wanted = [(table, run) for run in run_ids[:-1] for table in HISTORY]
    wanted += [(table, run) for run in run_ids[-1:] for table in TABLES]
    with suppress(
        FileNotFoundError
    ):  # at once, where it is far away; what is missing is told below
        layout.files.fetch([layout.manifest(run) for run in run_ids])
        layout.files.fetch([layout.part(table, run) for table, run in wanted])
    for run_id in run_ids[:-1]:
        _check(layout, run_id, HISTORY)
    for run_id in run_ids[-1:]:
        views.refuse_pruned(layout, SNAPSHOTS[0], [run_id])
        _check(layout, run_id, tuple(TABLES))


def _check(layout: Layout, run_id: str, tables: Sequence[str]) -> None:
    """Check the files that a run published of some tables."""
    manifest = layout.manifest(run_id)
    if _sha256(layout, manifest) != _recorded(layout, run_id):
        raise _damaged(manifest)
    told = orjson.loads(layout.files.read(manifest))["files"]
    for file in told:
        path = file["path"]
        if path.partition("/")[0] in tables and _sha256(layout, path) != file["sha256"]:
            raise _damaged(path)


def _damaged(path: str) -> WarehouseError:
    return WarehouseError(f"{path} is missing or altered; restore it from a backup")


def _sha256(layout: Layout, path: str) -> str | None:
    try:
        return sha256_of(layout.files.local(path))
    except FileNotFoundError:
        return None


def _recorded(layout: Layout, run_id: str) -> str:
    """Return the hash of a run's manifest that the table ``runs`` tells."""
    path = layout.part("runs", run_id)
    try:
        rows = pq.read_table(layout.files.local(path), columns=["manifest_sha256"])
        return str(rows["manifest_sha256"][0].as_py())
    except (FileNotFoundError, pa.ArrowInvalid, IndexError) as error:
        raise _damaged(path) from error
