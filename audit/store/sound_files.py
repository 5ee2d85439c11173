"""Whether every published file is there and is the one that was published."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import duckdb
import orjson
import pyarrow.parquet as pq

from audit.errors import AuditError
from audit.store.chain import Link, chain_of, links_of
from audit.store.faults import Findings
from audit.store.layout import Layout
from audit.store.parquet import sha256_of
from audit.store.pruned import Pruned, is_snapshot
from audit.tables import TABLES


def check_chain(layout: Layout, run_ids: Sequence[str], found: Findings) -> list[Link]:
    """Check that the runs hang together from first to last; return those that can be read."""
    try:
        links = chain_of(layout, run_ids)
    except (AuditError, OSError, duckdb.Error) as error:
        found.fault("runs", str(error), "restore what is missing from a backup")
        return [link for run_id in run_ids for link in _link(layout, run_id, found)]
    found.counts["runs in the chain"] = len(links)
    return links


def _link(layout: Layout, run_id: str, found: Findings) -> list[Link]:
    try:
        return links_of(layout, [run_id])
    except (AuditError, OSError, duckdb.Error) as error:
        found.fault(layout.part("runs", run_id), f"cannot be read: {error}")
        return []


def check_files(layout: Layout, link: Link, pruned: Pruned, found: Findings) -> None:
    """Check the manifest of a run and every file that it lists."""
    path = layout.manifest(link.run_id)
    if _sha256(layout, path) != link.manifest_sha256:
        found.fault(path, "is missing or is not the one that was published")
        return
    found.counts["manifests"] += 1
    told: dict[str, Any] = orjson.loads(layout.files.read(path))
    if told.get("previous_manifest_sha256") != link.previous_manifest_sha256:
        found.fault(path, "names another run before it than the table runs does")
    for file in told["files"]:
        if is_snapshot(file["path"]) and link.run_id in pruned.runs:
            _must_be_gone(layout, link.run_id, file["path"], pruned, found)
        else:
            _check_file(layout, file, found)
    listed = {file["path"].partition("/")[0] for file in told["files"]} | {"runs"}
    for table in sorted(set(orjson.loads(link.schema_versions)) - listed):
        found.fault(path, f"lists no file of the table {table}")


def _check_file(layout: Layout, file: dict[str, Any], found: Findings) -> None:
    path = file["path"]
    if _sha256(layout, path) != file["sha256"]:
        missing = not layout.files.exists(path)
        found.fault(path, "is missing" if missing else "is not the file that was published")
        return
    rows = pq.read_metadata(layout.files.local(path)).num_rows
    if rows != file["rows"]:
        found.fault(path, f"holds {rows} rows; its manifest says {file['rows']}")
    found.counts["files"] += 1
    found.counts["bytes"] += file["bytes"]
    found.counts["rows"] += rows


def _must_be_gone(layout: Layout, run_id: str, path: str, pruned: Pruned, found: Findings) -> None:
    if not layout.files.exists(path):
        found.counts["files that were thinned out"] += 1
    elif run_id in pruned.pending:
        found.fault(path, "is left over from a pruning that died", "registry-audit prune --yes")
    else:
        found.fault(path, "is there although its run was thinned out", "delete it")


def check_strays(
    layout: Layout, published: Collection[str], pruned: Pruned, found: Findings
) -> None:
    """Check that no table holds rows of a run that was never published."""
    for run_id in sorted(set(pruned.runs) - set(published)):
        found.fault("_pruned.json", f"names run {run_id}, which is not published")
    found.counts["runs that were thinned out"] = len(pruned.runs)
    for table in TABLES:
        for name in layout.files.names(table):
            run_id = name.removeprefix("run_id=")
            if run_id in published or layout.staged(run_id).joinpath("ready").exists():
                continue
            if layout.files.exists(layout.manifest(run_id)):
                cure = f"restore {layout.part('runs', run_id)} from a backup"
                found.fault(f"{table}/{name}", "belongs to a run without its row in runs", cure)
            else:
                found.fault(f"{table}/{name}", "belongs to no published run", "delete it")


def _sha256(layout: Layout, path: str) -> str | None:
    try:
        return sha256_of(layout.files.local(path))
    except FileNotFoundError:
        return None
