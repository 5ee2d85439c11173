"""Over a published run: the flow is the events that the runs wrote, and balances."""

from __future__ import annotations

from audit.store.reader import StoredRun

FLOW = """
SELECT coalesce(sum(open_before), 0) AS open_before, coalesce(sum(opened), 0) AS opened,
    coalesce(sum(reopened), 0) AS reopened, coalesce(sum(fixed), 0) AS fixed,
    coalesce(sum(removed), 0) AS removed, coalesce(sum(open_now), 0) AS open_now,
    coalesce(sum(unconfirmed), 0) AS unconfirmed
FROM flow WHERE run_id = $run_id
"""
EVENTS = """
SELECT (SELECT count(*) FROM exposures_before WHERE state <> 'closed') AS open_before,
    count(*) FILTER (event = 'opened') AS opened, count(*) FILTER (event = 'reopened') AS reopened,
    count(*) FILTER (closing_reason = 'fixed') AS fixed,
    count(*) FILTER (closing_reason = 'removed') AS removed,
    (SELECT count(*) FROM exposures_now WHERE state <> 'closed') AS open_now,
    (SELECT count(*) FROM exposures_now WHERE state = 'unconfirmed') AS unconfirmed
FROM exposure_changes
"""
BROKEN = """
SELECT * FROM flow WHERE open_now <> open_before + opened + reopened - fixed - removed - withdrawn
    - not_affected - merged + moved_in - moved_out
"""
BY_SEVERITY = """
SELECT provider, severity, count(*) AS open FROM exposures_now WHERE state <> 'closed'
GROUP BY ALL ORDER BY ALL
"""
STOCK = """
SELECT provider, severity, sum(open)::BIGINT AS open FROM stock WHERE run_id = $run_id
GROUP BY ALL ORDER BY ALL
"""


def assert_measured(run: StoredRun) -> None:
    """Check what the measures over time say of a run against what it wrote."""
    here = {"run_id": run.run_id}
    assert run.rows(FLOW, here) == run.rows(EVENTS)
    assert run.rows(BROKEN) == []
    assert run.rows(STOCK, here) == run.rows(BY_SEVERITY)
