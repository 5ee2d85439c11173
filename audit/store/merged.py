"""Merged copies of history tables, and when a reader may believe them.

A history table has a small file a run; after a year that is hundreds of files to open for one
question. ``_compact/<table>/<first>-<last>.parquet`` holds the rows of many runs with their run_id,
and ``_compact/index.json`` says which. The partitions stay: a merged copy is only ever a shorter
way to what they hold, and deleting it is always safe.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from audit.store.layout import Layout
from audit.store.parquet import sha256_of

FOLDER = "_compact"
INDEX = f"{FOLDER}/index.json"


@dataclass(frozen=True)
class MergedFile:
    """The merged copy of one table: where it lies, its hash and its number of rows."""

    path: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Index:
    """What was merged.

    Attributes:
        runs: Ids of the runs, in the order of their publication, from the first.
        manifest_sha256: Hash of the last one's manifest. Manifests are chained, so that it vouches
            for those of all runs before it.
        files: Table -> its merged copy.
    """

    runs: tuple[str, ...]
    manifest_sha256: str
    files: Mapping[str, MergedFile]


@dataclass(frozen=True)
class Believed:
    """A merged copy that was found to be whole, and the runs whose rows it holds."""

    file: Path
    runs: frozenset[str]


class UnfitError(Exception):
    """A merged copy may not be read in place of the partitions; says why."""


@dataclass
class _Known:
    """What a warehouse's index says, and which of its copies were looked at so far."""

    index: Index | None
    copies: dict[str, Believed | None] = field(default_factory=dict)


_KNOWN: WeakKeyDictionary[Layout, _Known] = WeakKeyDictionary()


def read_index(layout: Layout) -> Index | None:
    """Read what was merged; None where nothing was, or what says so is damaged."""
    try:
        told: dict[str, Any] = orjson.loads(layout.files.read(INDEX))
        files = {table: MergedFile(**file) for table, file in told["files"].items()}
        return Index(tuple(told["runs"]), told["manifest_sha256"], files)
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        _warn(layout, INDEX, f"cannot be read: {error!r}")
        return None


def believed(layout: Layout, table: str) -> Believed | None:
    """Return the merged copy of a table, if there is one that may be read in place of partitions.

    It must be the file that was written, of the runs that are published: the last one's manifest
    must be the one that it was made from. Otherwise it is left aside with a warning.
    """
    known = _KNOWN.get(layout)
    held = known.copies.get(table) if known else None
    if known is None or (held and not held.file.is_file()):
        known = _KNOWN[layout] = _Known(read_index(layout))
    if table not in known.copies:
        known.copies[table] = _checked(layout, known.index, table)
    return known.copies[table]


def forget(layout: Layout) -> None:
    """Look anew at what was merged."""
    _KNOWN.pop(layout, None)


def _checked(layout: Layout, index: Index | None, table: str) -> Believed | None:
    if index is None or table not in index.files:
        return None
    try:
        return Believed(whole_copy(layout, index, table), frozenset(index.runs))
    except UnfitError as error:
        _warn(layout, index.files[table].path, str(error))
        return None


def whole_copy(layout: Layout, index: Index, table: str) -> Path:
    """Return the merged copy of a table.

    Raises:
        UnfitError: It is not whole, or was made of other runs than the published ones.
    """
    copy = index.files[table]
    try:
        manifest = layout.files.local(layout.manifest(index.runs[-1]))
        file = layout.files.local(copy.path)
    except (FileNotFoundError, IndexError) as error:
        raise UnfitError(f"is not whole: {error!r}") from error
    if sha256_of(manifest) != index.manifest_sha256:
        raise UnfitError(f"was made of another run {index.runs[-1]} than the published one")
    if sha256_of(file) != copy.sha256:
        raise UnfitError("is not the file that was written")
    return file


def _warn(layout: Layout, path: str, why: str) -> None:
    logging.getLogger("registry_audit.store").warning(
        "%s in %s %s: it is not used, and answers do not depend on it; run registry-audit compact",
        path,
        layout.address,
        why,
    )
