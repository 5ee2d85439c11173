"""Over published random histories: the flow is the events that the runs wrote, and balances."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings

from audit.store.reader import StoredRun, Warehouse
from tests.support.staging import commit_estate
from tests.support.strategies import History, histories

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


def check(run: StoredRun) -> None:
    here = {"run_id": run.run_id}
    assert run.rows(FLOW, here) == run.rows(EVENTS)
    assert run.rows(BROKEN) == []
    assert run.rows(STOCK, here) == run.rows(BY_SEVERITY)


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a night is too slow to shrink
)
@given(histories(nights=3))
def test_flow_and_stock_of_every_night_are_what_the_runs_wrote(history: History):
    with TemporaryDirectory() as folder:
        for estate in history.nights:
            commit_estate(Path(folder), estate)
            with Warehouse.at(folder).open_run() as run:
                check(run)
