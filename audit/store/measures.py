"""The measures over time, defined over what a run knows."""

from __future__ import annotations

import duckdb

from audit.judge.deadlines import profile_in_force
from audit.judge.measures import define_measures
from audit.store import views

MEASURED = ("runs", "exposures", "coverage", "method_changes")
"""History tables that the measures read."""


def prepare_measures(con: duckdb.DuckDBPyConnection, *, owners: bool) -> None:
    """Define every measure for the run whose tables are views in ``con``.

    They are defined over empty ``<table>_history`` views, which the caller must replace after: a
    view that is made reads the heads of all its files, and there are many measures.

    Args:
        con: Where the run is open.
        owners: Whether the run still has its repositories; without them no owner is known.

    Raises:
        WarehouseError: The run's deadlines cannot be read.
    """
    for table in MEASURED:
        views.view(con, f"{table}_history", views.parquet_rows(table, [], ""))
    known = "true" if owners else "false"
    views.view(
        con,
        "repository_owners",
        f"SELECT provider, registry_id, repository, owner FROM repositories WHERE {known}",  # noqa: S608
    )
    policy = con.execute("SELECT any_value(policy) FROM runs").fetchone()
    define_measures(con, profile_in_force(policy[0] if policy else None))
