"""What an object store holds of a publication that has begun: a journal and files laid aside.

No rename makes many objects appear at once. So a journal first names all that will be put, and the
flat tables of ``current/`` are laid aside beside it, where any machine can finish them from.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Sequence
from pathlib import Path

import orjson

from audit.store.layout import PENDING, Layout
from audit.store.parquet import sha256_of

_LOG = logging.getLogger("registry_audit.store")


def announce(layout: Layout, run_id: str, source: Path, staged: Sequence[str]) -> None:
    """Write the journal of a publication before its first file, and lay ``current/`` aside.

    Args:
        layout: The warehouse.
        run_id: The run.
        source: Folder of the staged files.
        staged: Their paths in the warehouse.
    """
    listed = [
        {
            "path": path,
            "sha256": sha256_of(source / path),
            "bytes": source.joinpath(path).stat().st_size,
        }
        for path in staged
    ]
    journal = layout.staged(run_id) / "journal.json"
    body = {"run_id": run_id, "files": listed}
    journal.write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    layout.files.put(layout.journal(run_id), journal)
    for path in _current(staged):
        layout.files.put(layout.aside(run_id, path), source / path)


def clear(layout: Layout, run_id: str, staged: Sequence[str]) -> None:
    """Remove what a publication laid aside, its journal last."""
    for path in _current(staged):
        layout.files.delete(layout.aside(run_id, path))
    layout.files.delete(layout.journal(run_id))


def settle(layout: Layout, published: Container[str], here: Container[str]) -> list[str]:
    """End what crashed publications left in the store; return the runs that were finished.

    A run whose row is there is committed: its ``current/`` is finished. One that is not, and that
    this machine cannot finish, is taken back.

    Args:
        layout: The warehouse, held for writing.
        published: The runs that have a row.
        here: The runs that are staged on this machine and will be published again.
    """
    finished = []
    for name in layout.files.names(PENDING):
        run_id, dot, _ = name.partition(".json")
        if not dot or (run_id in here and run_id not in published):
            continue
        listed = orjson.loads(layout.files.read(layout.journal(run_id)))["files"]
        paths = [str(file["path"]) for file in listed]
        if run_id in published:
            _finish(layout, run_id, paths)
            finished.append(run_id)
        else:
            _take_back(layout, run_id, paths)
        clear(layout, run_id, paths)
    return finished


def _finish(layout: Layout, run_id: str, paths: Sequence[str]) -> None:
    for path in _current(paths):
        aside = layout.aside(run_id, path)
        if layout.files.exists(aside):  # else it was in place before it was cleared
            layout.files.put(path, layout.files.local(aside))


def _take_back(layout: Layout, run_id: str, paths: Sequence[str]) -> None:
    own = [
        path for path in paths if f"/run_id={run_id}/" in path or path == layout.manifest(run_id)
    ]
    for path in own:
        layout.files.delete(path)
    _LOG.warning(
        "took back run %s, which was never committed and is not staged on this machine",
        run_id,
        extra={"run_id": run_id, "files": len(own)},
    )


def _current(paths: Sequence[str]) -> list[str]:
    return [path for path in paths if path.startswith("current/")]
