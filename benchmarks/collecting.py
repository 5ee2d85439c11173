"""One night of one provider: the reading measured by itself, publishing after it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from audit.app import App
from audit.collect.runner import plan_all, run_tasks
from audit.config import Config
from audit.store.journal import BrokenRun, begin
from audit.store.memory import StoredMemory
from benchmarks.memory import peak_memory

_WORKERS = 8


@dataclass(frozen=True)
class Collection:
    """What a reading cost: CPU seconds, peak memory in MB; its statements, its scopes' outcomes."""

    cpu: float
    peak: float
    findings: int
    outcome: str


def collect_and_publish(
    settings: Mapping[str, Any],
    warehouse: Path,
    moment: datetime,
    publish: bool,
    name: str = "aws",
    memory: str = "512MB",
) -> Collection:
    """Read a provider as a nightly run does; with ``publish`` assemble, judge and publish too."""
    config = Config.model_validate(
        {
            "version": 1,
            "warehouse": str(warehouse),
            "collect": {"memory": memory},
            "providers": {name: dict(settings)},
        }
    )
    app = App(config, moment)
    context = app.context()
    ledger = app.ready(context.run_id)
    layout = app.warehouse.layout
    memory = StoredMemory(layout, ledger.before(context.run_id))
    providers = app.providers(replace(context, memory=memory))
    begin(layout, BrokenRun(context.run_id, moment), app._shape("run"))  # noqa: SLF001  as a run does
    began, raw = time.process_time(), layout.staged(context.run_id) / "raw"
    plans = plan_all(providers)
    tasks = [task for plan in plans.values() for task in plan.tasks]
    outcomes = [outcome for plan in plans.values() for outcome in plan.outcomes]
    outcomes += run_tasks(providers, tasks, raw, _WORKERS, lambda *_: None)
    told = sorted({outcome.outcome.value for outcome in outcomes})
    findings = sum(pq.read_metadata(path).num_rows for path in raw.glob("findings/*.parquet"))
    read = Collection(time.process_time() - began, peak_memory(), findings, " ".join(told))
    if publish:
        app.commit(context, "run", outcomes, ledger)
    return read
