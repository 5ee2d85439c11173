"""Checks a whole warehouse, or a part of it, and goes on after the first fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from audit.errors import AuditError, UsageError
from audit.store.chain import Link
from audit.store.faults import Findings
from audit.store.layout import Layout
from audit.store.pruned import read_pruned
from audit.store.sound_files import check_chain, check_files, check_strays
from audit.store.sound_rows import check_history, check_merged, check_snapshot
from audit.store.sound_sboms import check_sboms


def check_all(layout: Layout, run_ids: Sequence[str], memory: str) -> Findings:
    """Check everything that was published.

    Args:
        layout: The warehouse.
        run_ids: Its published runs, oldest first.
        memory: Limit of the query engine, such as ``512MB``; beyond it, it spills to disk.
    """
    found = Findings()
    links = check_chain(layout, run_ids, found)
    check_strays(layout, set(run_ids), read_pruned(layout), found)
    for link in sorted(links):
        _check_run(layout, link, memory, found)
    with _told(found, "the history of all runs"):
        check_history(layout, run_ids, memory, found)
    with _told(found, "the SBOMs"):
        check_sboms(layout, run_ids, found)
    with _told(found, "the merged copies"):
        check_merged(layout, run_ids, memory, found)
    return found


def check_one(layout: Layout, run_ids: Sequence[str], run_id: str, memory: str) -> Findings:
    """Check the files and rows of one run, and that the chain of all holds.

    Raises:
        UsageError: There is no such run.
    """
    if run_id not in run_ids:
        known = f"published: {', '.join(run_ids[-5:]) or 'none'}"
        raise UsageError(f"no published run {run_id}", where="--run", cure=known)
    found = Findings()
    for link in check_chain(layout, run_ids, found):
        if link.run_id == run_id:
            _check_run(layout, link, memory, found)
    return found


def _check_run(layout: Layout, link: Link, memory: str, found: Findings) -> None:
    pruned, before = read_pruned(layout), len(found.faults)
    with _told(found, layout.manifest(link.run_id)):
        check_files(layout, link, pruned, found)
    # What a damaged file says need not be asked.
    if len(found.faults) == before and link.run_id not in pruned.runs:
        with _told(found, f"run {link.run_id}"):
            check_snapshot(layout, link.run_id, memory, found)


@contextmanager
def _told(found: Findings, where: str) -> Iterator[None]:
    """Make a fault of what cannot even be read."""
    try:
        yield
    except (AuditError, OSError, duckdb.Error, pa.ArrowInvalid) as error:
        found.fault(where, f"cannot be read: {error}")
