"""Ways to damage a warehouse, from a cut file to a forgery whose every hash is right."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq


def part(root: Path, table: str, run_id: str) -> Path:
    return root / table / f"run_id={run_id}" / "part-0.parquet"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def forge(root: Path, table: str, run_id: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a table of the newest run and make manifest and ledger agree with it."""
    path = part(root, table, run_id)
    rows = change(pq.read_table(path, partitioning=None))
    pq.write_table(rows, path)
    manifest = root / "_manifests" / f"{run_id}.json"
    told = orjson.loads(manifest.read_bytes())
    (entry,) = [one for one in told["files"] if one["path"] == str(path.relative_to(root))]
    body = path.read_bytes()
    entry |= {
        "sha256": hashlib.sha256(body).hexdigest(),
        "bytes": len(body),
        "rows": rows.num_rows,
    }
    _record(root, run_id, told)


def unknown(root: Path, table: str, run_id: str) -> None:
    """Make the newest run one of a version that did not know a table yet."""
    path = part(root, table, run_id)
    path.unlink()
    path.parent.rmdir()
    told = orjson.loads((root / "_manifests" / f"{run_id}.json").read_bytes())
    told["files"] = [one for one in told["files"] if not one["path"].startswith(f"{table}/")]
    _record(root, run_id, told, without=table)


def _record(root: Path, run_id: str, told: dict[str, Any], without: str = "") -> None:
    """Write a manifest anew, and the row in the ledger that goes with it."""
    manifest = root / "_manifests" / f"{run_id}.json"
    manifest.write_bytes(orjson.dumps(told))
    rows = pq.read_table(part(root, "runs", run_id), partitioning=None)
    row = rows.to_pylist()[0]
    row["manifest_sha256"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    versions = orjson.loads(row["schema_versions"])
    versions.pop(without, None)
    row["schema_versions"] = orjson.dumps(versions).decode()
    pq.write_table(pa.Table.from_pylist([row], schema=rows.schema), part(root, "runs", run_id))
