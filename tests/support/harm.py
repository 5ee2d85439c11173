"""Ways to damage a warehouse, from a cut file to a forgery whose every hash is right."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

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
    manifest.write_bytes(orjson.dumps(told))
    sha256 = hashlib.sha256(manifest.read_bytes()).hexdigest()
    row = pq.read_table(part(root, "runs", run_id), partitioning=None)
    column = row.schema.get_field_index("manifest_sha256")
    row = row.set_column(column, "manifest_sha256", pa.array([sha256]))
    pq.write_table(row, part(root, "runs", run_id))
