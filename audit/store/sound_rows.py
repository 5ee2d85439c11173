"""Whether what the published files say holds together: keys, references, counts, the history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb

from audit.store import views
from audit.store.faults import Findings
from audit.store.layout import Layout
from audit.store.merged import FOLDER, INDEX, Index, UnfitError, read_index, whole_copy
from audit.store.pruned import SNAPSHOTS
from audit.tables import HISTORY, TABLES

_IMAGE = ("provider", "registry_id", "repository", "digest")


class Reference(NamedTuple):
    """Every row of ``table`` must have one in ``target`` with the same values in ``columns``."""

    table: str
    columns: tuple[str, ...]
    target: str


REFERENCES = (
    Reference("findings", _IMAGE, "placements"),
    Reference("assessments", _IMAGE, "placements"),
    Reference("placements", ("digest",), "images"),
    Reference("placements", ("provider", "scope_id"), "scopes"),
    Reference("repositories", ("provider", "registry_id"), "registries"),
)


def check_snapshot(layout: Layout, run_id: str, memory: str, found: Findings) -> None:
    """Check one run's snapshot: keys are unique, references lead somewhere, counts are the scopes'.

    Memory is bounded: what does not fit is spilled to a temporary folder.
    """
    with _engine(memory) as con:
        for table in (*SNAPSHOTS, "scopes"):
            views.view(con, table, views.partition_rows(layout, table, run_id))
        for table in SNAPSHOTS:
            _check_key(con, layout.part(table, run_id), table, found)
        for reference in REFERENCES:
            _check_reference(con, layout.part(reference.table, run_id), reference, found)
        for scope, listed, rows in con.execute(_sql("verify_counts")).fetchall():
            told = f"holds {rows} images that the run read of scope {scope}, which listed {listed}"
            found.fault(layout.part("placements", run_id), told)
        found.counts["snapshots"] += 1


def check_history(layout: Layout, run_ids: Sequence[str], memory: str, found: Findings) -> None:
    """Check the history tables over all runs: keys, and that every exposure's story begins."""
    with _engine(memory) as con:
        for table in HISTORY:
            views.view(con, table, views.partitions_rows(layout, table, run_ids))
            _check_key(con, table, table, found)
        for run_id, exposure_id, what in con.execute(_sql("verify_exposures")).fetchall():
            found.fault(layout.part("exposures", run_id), f"exposure {exposure_id} {what}")
        row = con.execute("SELECT count(DISTINCT exposure_id), count(*) FROM exposures").fetchone()
        found.counts["exposures"], found.counts["changes of exposures"] = row or (0, 0)


def check_merged(layout: Layout, run_ids: Sequence[str], memory: str, found: Findings) -> None:
    """Check that merged copies hold what the partitions hold, no more and no less."""
    cure = f"registry-audit compact writes it anew; deleting {FOLDER} is safe too"
    index = read_index(layout)
    if index is None:
        if layout.files.exists(INDEX):
            found.fault(INDEX, "cannot be read", cure)
        return
    for table, copy in index.files.items():
        try:
            _check_copy(layout, index, run_ids, table, memory)
        except UnfitError as error:
            found.fault(copy.path, str(error), cure)
        else:
            found.counts["merged copies"] += 1


def _check_copy(
    layout: Layout, index: Index, run_ids: Sequence[str], table: str, memory: str
) -> None:
    if not set(index.runs) <= set(run_ids):
        raise UnfitError("is of runs that are not published")
    file = whole_copy(layout, index, table)
    with _engine(memory) as con:
        views.view(con, "ours", views.partitions_rows(layout, table, index.runs))
        views.view(con, "copied", views.merged_rows(table, file))
        if not _same(con):
            raise UnfitError("does not hold what its partitions hold")


def _same(con: duckdb.DuckDBPyConnection) -> bool:
    row = con.execute(
        "SELECT (SELECT count(*) FROM (FROM ours EXCEPT ALL FROM copied)) "
        "+ (SELECT count(*) FROM (FROM copied EXCEPT ALL FROM ours))"
    ).fetchone()
    return row == (0,)


@contextmanager
def _engine(memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with TemporaryDirectory() as spill, closing(views.connect(Path(spill), memory)) as con:
        yield con


def _check_key(con: duckdb.DuckDBPyConnection, where: str, table: str, found: Findings) -> None:
    key = ", ".join(TABLES[table].key)
    row = con.execute(
        "SELECT count(*), any_value(key), coalesce(sum(rows), 0) FROM (SELECT count(*) AS rows, "  # noqa: S608  our own names
        f"row({key})::VARCHAR AS key FROM {table} GROUP BY {key} HAVING count(*) > 1)"
    ).fetchone()
    twice, example, _ = row or (0, "", 0)
    if twice:
        found.fault(where, f"holds {twice} keys more than once, such as {example}")
    found.counts["tables with unique keys"] += not twice


def _check_reference(
    con: duckdb.DuckDBPyConnection, where: str, reference: Reference, found: Findings
) -> None:
    columns = ", ".join(reference.columns)
    row = con.execute(
        f"SELECT count(*), any_value(row({columns})::VARCHAR) FROM {reference.table} "  # noqa: S608  our own names
        f"ANTI JOIN {reference.target} USING ({columns})"
    ).fetchone()
    lost, example = row or (0, "")
    if lost:
        found.fault(where, f"holds {lost} rows without one in {reference.target}: {example}")
    found.counts["references that are whole"] += not lost


def _sql(name: str) -> str:
    return files("audit.store").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
