"""Queries over several runs: what was known after the last of them."""

from __future__ import annotations

from audit.store import views
from audit.store.layout import Layout
from audit.store.ledger import Ledger
from audit.tables import TABLES

_EXPOSURES_AS_OF = """
WITH history AS ({history}), tried AS (
    SELECT s.scope_id, max(r.started_at) AS tried_at
    FROM ({scopes}) AS s JOIN ({runs}) AS r USING (run_id)
    WHERE s.kind = 'inventory' AND s.observed_run_id = s.run_id GROUP BY s.scope_id
)
SELECT h.* REPLACE (CASE WHEN h.state = 'open'
    THEN greatest(h.last_confirmed_at, tried.tried_at) ELSE h.last_confirmed_at END
    AS last_confirmed_at)
FROM (FROM history QUALIFY row_number() OVER (
    PARTITION BY exposure_id ORDER BY run_id DESC) = 1) AS h
LEFT JOIN tried USING (scope_id)
"""
_RESTATED = """
SELECT * EXCLUDE (prior_state) REPLACE (
    CASE WHEN event = 'opened' AND prior_state = 'closed' THEN 'reopened'
        WHEN event IN ('opened', 'reopened') AND prior_state IN ('open', 'unconfirmed')
            THEN 'confirmed'
        WHEN event = 'confirmed' AND prior_state = 'closed' THEN 'reopened'
        ELSE event END AS event,
    min(opened_at) OVER past AS opened_at, min(first_seen_at) OVER past AS first_seen_at)
FROM (SELECT *, lag(state) OVER (PARTITION BY exposure_id ORDER BY run_id) AS prior_state
    FROM ({history}))
WINDOW past AS (PARTITION BY exposure_id ORDER BY run_id)
"""

_FINDINGS = """
SELECT f.* EXCLUDE (run_id) FROM ({rows}) AS f
LEFT JOIN ({looks}) AS look USING (provider, registry_id, repository, digest, source)
WHERE look.run_id IS NULL OR look.run_id = f.run_id
"""
"""Statements belong to the look that made them: a later one that found less replaces them."""


def history_of(layout: Layout, table: str, ledger: Ledger) -> str:
    """Return a query for all rows of a history table in the runs of ``ledger``, with ``run_id``.

    Where a run was filled in between others, exposures are told as a reader of all of them in
    order of moments sees it: what was open already does not open again.
    """
    rows = views.history_rows(layout, table, ledger.run_ids)
    if table == "exposures" and not ledger.in_order:
        return _RESTATED.format(history=rows)
    return rows


def exposures_as_of(layout: Layout, ledger: Ledger) -> str:
    """Return a query for the state of every exposure after the last run of ``ledger``.

    An exposure that is open was confirmed by the last run that read its scope: a run that could
    not confirm it would have written a change.
    """
    return _EXPOSURES_AS_OF.format(
        history=history_of(layout, "exposures", ledger),
        scopes=views.history_rows(layout, "scopes", ledger.run_ids),
        runs=views.history_rows(layout, "runs", ledger.run_ids),
    )


def groups_as_of(layout: Layout, ledger: Ledger) -> str:
    """Return a query for the leading id of every vulnerability id that goes by another."""
    rows = views.history_rows(layout, "vulnerability_groups", ledger.run_ids)
    return (
        f"SELECT vulnerability_id, leading_id FROM ({rows}) "  # noqa: S608  our own query
        "QUALIFY row_number() OVER (PARTITION BY vulnerability_id ORDER BY run_id DESC) = 1"
    )


def images_as_of(layout: Layout, ledger: Ledger) -> str:
    """Return a query for the images that carry an exposure after the last run of ``ledger``."""
    rows = views.history_rows(layout, "exposure_images", ledger.run_ids)
    key = "provider, registry_id, repository, digest, vulnerability_id, package_name"
    return (
        f"SELECT {key} FROM (SELECT * FROM ({rows}) "  # noqa: S608  our own query
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY run_id DESC) = 1) "
        "WHERE state = 'open'"
    )


def previous_rows(layout: Layout, table: str, earlier: Ledger) -> str:
    """Return a query for what the run before holds of a table, without ``run_id``.

    What runs that were filled in after it read themselves comes on top: where both hold the same
    thing, the one that was read at the later moment.
    """
    newest = earlier.newest
    late = earlier.filled_in_since(newest) if newest else []
    if newest is None or not late:
        rows = views.partition_rows(layout, table, newest)
        return f"SELECT * EXCLUDE (run_id) FROM ({rows})"  # noqa: S608  our own query
    if table == "findings":
        looks = _newest_look(layout, "assessments", newest, late)
        return _FINDINGS.format(rows=_with_late(layout, table, newest, late), looks=looks)
    return f"SELECT * EXCLUDE (run_id) FROM ({_newest_look(layout, table, newest, late)})"  # noqa: S608  our own query


def _with_late(layout: Layout, table: str, newest: str, late: list[str]) -> str:
    """Return a query for the rows of ``newest`` and those that ``late`` runs read themselves."""
    added = views.history_rows(layout, table, late)
    if "observed_run_id" in TABLES[table].stored_names:
        added = f"SELECT * FROM ({added}) WHERE observed_run_id = run_id"  # noqa: S608  our own query
    return f"FROM ({views.partition_rows(layout, table, newest)}) UNION ALL BY NAME FROM ({added})"


def _newest_look(layout: Layout, table: str, newest: str, late: list[str]) -> str:
    dated = "observed_run_id" in TABLES[table].stored_names
    order = "observed_run_id DESC" if dated else "run_id DESC"
    key = ", ".join(TABLES[table].key[1:])
    return (
        f"SELECT * FROM ({_with_late(layout, table, newest, late)}) "  # noqa: S608  our own query
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"
    )
