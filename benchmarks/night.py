"""One run over staged rows in a process of its own, so that its memory is its own.

``python -m benchmarks.night WAREHOUSE RUN_ID`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from audit.clock import FixedClock
from audit.store.commit import Commit, commit_run
from audit.store.layout import Layout
from audit.store.lock import writer_lock
from audit.store.reader import Warehouse
from audit.store.verify import check_published
from benchmarks.estate import AREAS
from benchmarks.memory import peak_memory

POLICY = {"newest_tagged": 10, "used_within_days": 30, "evidence_window_days": 30}


def publish(layout: Layout, run_id: str) -> None:
    """Check the warehouse, then assemble, judge and publish what is staged, as a run does."""
    moment = datetime.strptime(run_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    with writer_lock(layout, run_id):
        ledger = Warehouse(layout).ledger()
        check_published(layout, ledger.run_ids)
        commit_run(
            layout,
            Commit(
                run_id=run_id,
                moment=moment,
                clock=FixedClock(moment),
                command="run",
                outcomes=[outcome for area in AREAS for outcome in area.outcomes()],
                ledger=ledger,
                policy=POLICY,
                retired=(),
                config_sha256="0" * 64,
                memory="512MB",
            ),
        )


if __name__ == "__main__":
    wall, cpu = time.monotonic(), time.process_time()
    publish(Layout(Path(sys.argv[1])), sys.argv[2])
    spent = {"wall": time.monotonic() - wall, "cpu": time.process_time() - cpu}
    spent["peak"] = peak_memory()
    sys.stdout.write(json.dumps(spent))
