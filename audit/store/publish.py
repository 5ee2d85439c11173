"""Publishing a run: everything is staged and hashed first, then moved, the ``runs`` row last.

The staged manifest is the journal. A crash before it exists leaves nothing to publish: the staging
folder is cleared by the next run. A crash after it exists is finished by the next run, which makes
the same moves again. Either way a table's folder holds whole partitions only.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from audit.store.layout import Layout
from audit.store.parquet import sha256_of

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class PublishedFile:
    """One file of a run as its manifest lists it; ``path`` is relative to the warehouse."""

    path: str
    rows: int
    sha256: str
    bytes: int


def stage_manifest(
    layout: Layout, run_id: str, files: dict[str, int], facts: dict[str, Any]
) -> str:
    """Write the run's manifest into its staging folder and return its SHA-256.

    Args:
        layout: The warehouse.
        run_id: The run.
        files: Path relative to the warehouse -> rows, of every file below ``publish/``.
        facts: Further facts of the run for the manifest, such as the previous manifest's hash.
    """
    staged = layout.staged(run_id)
    listed = [_describe(staged / "publish", path, rows) for path, rows in sorted(files.items())]
    body = {"run_id": run_id, **facts, "files": [vars(file) for file in listed]}
    target = staged / "publish" / "_manifests" / f"{run_id}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return sha256_of(target)


def _describe(folder: Path, path: str, rows: int) -> PublishedFile:
    file = folder / path
    return PublishedFile(path, rows, sha256_of(file), file.stat().st_size)


def seal(layout: Layout, run_id: str) -> None:
    """Mark the staged run as ready: from here on it will be published, now or by the next run."""
    staged = layout.staged(run_id)
    for path in sorted(staged.joinpath("publish").rglob("*")):
        if path.is_file():
            _sync(path)
    ready = staged / "ready.tmp"
    ready.write_text(run_id, encoding="utf-8")
    _sync(ready)
    ready.replace(staged / "ready")
    _sync(staged)


def publish(layout: Layout, run_id: str) -> None:
    """Move a sealed run into place; may be called again after a crash at any point of it."""
    source = layout.staged(run_id) / "publish"
    runs = f"runs/run_id={run_id}"
    partitions = sorted(str(path.relative_to(source)) for path in source.glob("*/run_id=*"))
    for relative in [path for path in partitions if path != runs]:
        _move_folder(source / relative, layout.root / relative)
    for file in sorted([*source.glob("_manifests/*.json"), *source.glob("current/*.parquet")]):
        if file.parent.name != "current":
            _move_file(file, layout.root / file.relative_to(source))
    if runs in partitions:
        _move_folder(source / runs, layout.root / runs)
    for file in sorted(source.glob("current/*.parquet")):
        _move_file(file, layout.root / file.relative_to(source))
    shutil.rmtree(layout.staged(run_id))


def recover(layout: Layout) -> list[str]:
    """Finish or clear what a crashed run left; return the runs that were finished.

    Must be called with the writer lock held.
    """
    finished = []
    for staged in sorted(layout.staging.glob("*")):
        if not staged.is_dir():
            staged.unlink()
        elif staged.joinpath("ready").exists():
            publish(layout, staged.name)
            finished.append(staged.name)
        else:
            shutil.rmtree(staged)
    return finished


def _move_folder(source: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    _sync(target.parent)


def _move_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
