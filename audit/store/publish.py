"""Publishing a run: everything is staged and hashed first, then put, the ``runs`` row last.

A crash before the run is sealed leaves nothing to publish: the staging folder is cleared by the
next run. A crash after it is finished by the next run, which puts the same files again. Either way
a table's folder holds whole partitions only, and the row, which only the first can create, commits.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from audit.errors import LockHeldError
from audit.store import pending
from audit.store.chain import chain_of
from audit.store.layout import Layout
from audit.store.parquet import sha256_of
from audit.store.sync import sync, write_synced

_LOG = logging.getLogger("registry_audit.store")


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
            sync(path)
    write_synced(staged / "ready", run_id.encode())


def publish(layout: Layout, run_id: str) -> None:
    """Bring a sealed run into place; may be called again after a crash at any point of it.

    Raises:
        LockHeldError: The warehouse is no longer held, or another run of the same id was first.
    """
    source = layout.staged(run_id) / "publish"
    row = layout.part("runs", run_id)
    staged = sorted(str(path.relative_to(source)) for path in source.rglob("*") if path.is_file())
    current = [path for path in staged if path.startswith("current/")]
    if not layout.is_local:
        pending.announce(layout, run_id, source, staged)
    for path in staged:
        if path != row and path not in current:
            layout.files.put(path, source / path)
    layout.files.check_held()
    if row in staged:
        _put_row(layout, row, source / row)
    layout.files.check_held()
    for path in current:
        layout.files.put(path, source / path)
    if not layout.is_local:
        pending.clear(layout, run_id, staged)
    shutil.rmtree(layout.staged(run_id))


def _put_row(layout: Layout, path: str, source: Path) -> None:
    """Commit: from here on the run is published."""
    if not layout.files.create(path, source) and layout.files.read(path) != source.read_bytes():
        raise LockHeldError(f"another process published {path} in {layout.address}")


def recover(layout: Layout, keep: str | None = None) -> list[str]:
    """Finish or clear what a crashed run left; return the runs that were finished.

    Must be called with the writer lock held.

    Args:
        layout: The warehouse.
        keep: A run that will be gone on with: what it collected is not cleared.
    """
    finished = _settle(layout)
    for staged in sorted(layout.staging.glob("*")):
        if not staged.is_dir():
            staged.unlink()
        elif staged.joinpath("ready").exists():
            publish(layout, staged.name)
            finished.append(staged.name)
        elif staged.name == keep:
            for folder in ("publish", "spill"):
                shutil.rmtree(staged / folder, ignore_errors=True)
        else:
            shutil.rmtree(staged)
    return finished


def _settle(layout: Layout) -> list[str]:
    """End what is pending on an object store, and drop what must not be published from here.

    Another machine may have gone on since this one broke off: a run that is sealed here follows
    only if no run was published after the one it names as its forerunner.
    """
    if layout.is_local:
        return []
    published = [name.removeprefix("run_id=") for name in layout.files.names("runs")]
    sealed = [path.parent for path in sorted(layout.staging.glob("*/ready"))]
    last = chain_of(layout, published)[-1].manifest_sha256 if sealed and published else None
    here = [folder.name for folder in sealed if _built_on(folder) == last]
    finished = pending.settle(layout, published, here)
    for folder in sealed:
        if folder.name not in here:
            shutil.rmtree(folder)
            if folder.name not in published:
                _LOG.warning("dropped run %s: another followed its forerunner", folder.name)
    return finished


def _built_on(staged: Path) -> str | None:
    manifest = staged / "publish" / "_manifests" / f"{staged.name}.json"
    previous: str | None = orjson.loads(manifest.read_bytes())["previous_manifest_sha256"]
    return previous
