"""Thinning out SBOMs: the files go that nothing matches or vouches for any more, their rows stay.

``_pruned_sboms.json`` names them. It is written before the first file goes, so that an SBOM which
is missing is known to be missing on purpose, and its image is pulled anew should it come back. What
is kept again then lies under the same hash: rows of later runs have their file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import duckdb
import orjson
import pyarrow as pa

from audit.store import views
from audit.store.layout import Layout
from audit.store.sync import write_synced

FILE = "_pruned_sboms.json"
_DOOMED = """
WITH told AS (
    SELECT *, row_number() OVER (PARTITION BY digest, tool ORDER BY run_id DESC) = 1 AS matched
    FROM sboms_kept WHERE sha256 IS NOT NULL
)
SELECT sha256, max(run_id), max(size_bytes) FROM told GROUP BY sha256
HAVING NOT bool_or(list_contains($kept, run_id)
    OR (matched AND digest IN (SELECT digest FROM placements_newest)))
ORDER BY sha256
"""
"""What the next run would match, and what a run that keeps its snapshot made, stays."""


@dataclass(frozen=True)
class PrunedSboms:
    """The SBOMs that were thinned out.

    Attributes:
        upto: SHA-256 of an SBOM -> the last run whose row of it has no file any more.
        pending: Those of them whose files may not all be gone yet.
    """

    upto: Mapping[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()


@dataclass(frozen=True)
class DoomedSboms:
    """What a pruning would do to the SBOMs.

    Attributes:
        upto: SHA-256 of an SBOM that would go -> the last run that names it.
        unfinished: Those that an earlier pruning had begun with and did not finish.
        bytes: Size of both before they are compressed, as far as it is told.
    """

    upto: Mapping[str, str] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    bytes: int = 0

    @property
    def files(self) -> int:
        """How many files would go."""
        return len(self.upto) + len(self.unfinished)


def read_pruned_sboms(layout: Layout) -> PrunedSboms:
    """Read which SBOMs were thinned out."""
    try:
        told = orjson.loads(layout.files.read(FILE))
    except FileNotFoundError:
        return PrunedSboms()
    return PrunedSboms(told["upto"], tuple(told["pending"]))


def view_kept(con: duckdb.DuckDBPyConnection, layout: Layout, run_ids: Collection[str]) -> None:
    """Make the view ``sboms_kept``: the rows of ``sboms`` in some runs that still have their file.

    Raises:
        WarehouseError: A run's partition is missing.
    """
    gone = read_pruned_sboms(layout).upto
    con.register(
        "sboms_gone",
        pa.table(
            [pa.array(list(gone), pa.string()), pa.array(list(gone.values()), pa.string())],
            names=["sha256", "upto"],
        ),
    )
    rows = views.history_rows(layout, "sboms", run_ids)
    views.view(
        con,
        "sboms_kept",
        f"SELECT told.* FROM ({rows}) AS told ANTI JOIN sboms_gone AS gone "  # noqa: S608  our own query
        "ON told.sha256 = gone.sha256 AND told.run_id <= gone.upto",
    )


def plan_sboms(layout: Layout, run_ids: Sequence[str], kept: Collection[str]) -> DoomedSboms:
    """Work out which SBOMs would be thinned out; deletes nothing.

    Args:
        layout: The warehouse.
        run_ids: Its published runs.
        kept: Those of them that keep their snapshot.

    Raises:
        WarehouseError: A published file that tells of them is missing.
    """
    with closing(views.connect()) as con:
        view_kept(con, layout, run_ids)
        newest = views.partition_rows(layout, "placements", max(run_ids, default=None))
        views.view(con, "placements_newest", newest)
        rows = con.execute(_DOOMED, {"kept": [*kept]}).fetchall()
        named = con.execute("SELECT DISTINCT sha256 FROM sboms_kept").fetchall()
    unfinished = {*read_pruned_sboms(layout).pending} - {sha256 for (sha256,) in named}
    upto = {sha256: run_id for sha256, run_id, _ in rows}
    return DoomedSboms(upto, tuple(sorted(unfinished)), sum(size or 0 for *_, size in rows))


def prune_sboms(layout: Layout, plan: DoomedSboms) -> None:
    """Delete what the plan names. What is gone is written down first, and again at the end.

    Must be called with the writer lock held.
    """
    if not plan.files:
        return
    upto = {**read_pruned_sboms(layout).upto, **plan.upto}
    going = (*plan.unfinished, *plan.upto)
    _write(layout, PrunedSboms(upto, going))
    layout.files.check_held()
    for sha256 in going:
        layout.files.delete(layout.sbom(sha256))
    _write(layout, PrunedSboms(upto))


def _write(layout: Layout, pruned: PrunedSboms) -> None:
    layout.staging.mkdir(parents=True, exist_ok=True)
    source = layout.staging / FILE
    body = {"upto": dict(pruned.upto), "pending": list(pruned.pending)}
    write_synced(source, orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    layout.files.put(FILE, source)
