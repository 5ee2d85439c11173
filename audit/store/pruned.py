"""Which runs were thinned out: their snapshots are gone, their history and manifests are not.

``_pruned.json`` names them. It is written before the first file goes, so that a run which lacks its
snapshot is known to lack it on purpose, and a pruning that died half-way is known to be unfinished.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from audit.store.layout import Layout
from audit.store.sync import write_synced
from audit.tables import HISTORY, TABLES

FILE = "_pruned.json"
SNAPSHOTS = tuple(name for name in TABLES if name not in HISTORY)
"""Tables of which every run holds the whole; only these are thinned out."""


@dataclass(frozen=True)
class Tombstone:
    """When a run was thinned out and by which rule.

    Attributes:
        pruned_on: Day (ISO 8601).
        policy: The rule in words.
    """

    pruned_on: str
    policy: str


@dataclass(frozen=True)
class Pruned:
    """The runs that were thinned out.

    Attributes:
        runs: Run id -> its tombstone.
        pending: Those of them whose files may not all be gone yet.
    """

    runs: Mapping[str, Tombstone] = field(default_factory=dict)
    pending: tuple[str, ...] = ()

    def why(self, run_id: str, published: Iterable[str]) -> str | None:
        """Return why a run has no snapshot, and which ones near it do; None where it has one."""
        stone = self.runs.get(run_id)
        if stone is None:
            return None
        near = self.nearest(run_id, published)
        kept = f"; the nearest kept runs: {', '.join(near)}" if near else ""
        return f"run {run_id} was pruned on {stone.pruned_on} under {stone.policy}{kept}"

    def nearest(self, run_id: str, published: Iterable[str]) -> list[str]:
        """Return the kept runs just before and just after a run."""
        kept = sorted(run for run in published if run not in self.runs)
        before = [run for run in kept if run < run_id][-1:]
        return before + [run for run in kept if run > run_id][:1]


def read_pruned(layout: Layout) -> Pruned:
    """Read which runs were thinned out."""
    try:
        told = orjson.loads(layout.files.read(FILE))
    except FileNotFoundError:
        return Pruned()
    stones = {run_id: Tombstone(**stone) for run_id, stone in told["runs"].items()}
    return Pruned(stones, tuple(told["pending"]))


def write_pruned(layout: Layout, pruned: Pruned) -> None:
    """Replace the list of thinned-out runs, whole or not at all."""
    stones = {run_id: vars(stone) for run_id, stone in pruned.runs.items()}
    body = {"runs": stones, "pending": list(pruned.pending)}
    layout.staging.mkdir(parents=True, exist_ok=True)
    source = layout.staging / FILE
    write_synced(source, orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    layout.files.put(FILE, source)


def is_snapshot(path: str) -> bool:
    """Whether a published file, by its path in the warehouse, belongs to a snapshot."""
    return path.partition("/")[0] in SNAPSHOTS


def kept_runs(run_ids: Sequence[str], pruned: Pruned) -> list[str]:
    """Return the runs that still have their snapshot, in the order given."""
    return [run_id for run_id in run_ids if run_id not in pruned.runs]
