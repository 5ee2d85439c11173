"""Runs the tasks of all providers: in parallel, bounded, one's failure never another's."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

from audit.errors import AccessDeniedError, DisabledError, SourceError, WarehouseError
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import Plan, ScopeOutcome, ScopeRef, Task
from audit.ports import RegistryProvider, Sink
from audit.store import journal
from audit.store.room import disk_told
from audit.store.staging import TaskStaging

_SELDOM = (100_000, 50, 100)
Progress = Callable[[Task, list[ScopeOutcome]], None]
Planned = Callable[[Sequence[Task]], Progress]
"""Told the tasks once they are known; returns what is told of each task's end."""


class Collects(Protocol):
    """Reads tasks: a provider, or what has a scanner look at images."""

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one task's scopes; see :class:`audit.ports.RegistryProvider`."""


def plan_all(providers: Mapping[str, RegistryProvider]) -> dict[str, Plan]:
    """Ask every provider for its plan; one that breaks is a failed discovery, not the run's end."""
    with ThreadPoolExecutor(max_workers=len(providers) or 1, thread_name_prefix="plan") as pool:
        asked = {name: pool.submit(provider.plan) for name, provider in providers.items()}
    return {name: _planned(name, future) for name, future in asked.items()}


def _planned(provider: str, future: Future[Plan]) -> Plan:
    error = future.exception()
    if error is None:
        return future.result()
    _log_broken(f"{provider}/plan", error)
    ref = ScopeRef(provider, f"{provider}/plan", ScopeKind.DISCOVERY)
    return Plan((), (failed_outcome(ref, error),))


def run_tasks(
    providers: Mapping[str, Collects],
    tasks: Iterable[Task],
    folder: Path,
    workers: int,
    progress: Progress,
) -> list[ScopeOutcome]:
    """Collect every task into staged files below ``folder`` and return all scopes' outcomes.

    What a broken run had read to the end lies there already and is not read again. No more than
    ``workers`` tasks are held at a time. A task that ends in an error, of whatever kind, fails
    those of its scopes that have no outcome yet; what it staged before is kept.

    Raises:
        WarehouseError: Rows cannot be written to the disk.
    """
    wanted = list(tasks)
    outcomes: list[ScopeOutcome] = []
    finished = journal.finished(folder, wanted)
    for task in wanted:
        if task.task_id in finished:
            progress(task, finished[task.task_id])
            outcomes.extend(finished[task.task_id])
    left = iter([task for task in wanted if task.task_id not in finished])
    with (
        _few_garbage_searches(),
        ThreadPoolExecutor(max_workers=workers, thread_name_prefix="collect") as pool,
    ):
        for task, future in _in_flight(pool, providers, left, folder, workers):
            done = settle(task, future)
            progress(task, done)
            outcomes.extend(done)
    return outcomes


@contextmanager
def _few_garbage_searches() -> Iterator[None]:
    """Search for cycles less often: pages of parsed rows hold none, and searching cost a third."""
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _in_flight(
    pool: ThreadPoolExecutor,
    providers: Mapping[str, Collects],
    tasks: Iterator[Task],
    folder: Path,
    workers: int,
) -> Iterator[tuple[Task, Future[list[ScopeOutcome]]]]:
    """Yield tasks as they end, starting a new one only when another has ended."""
    running: dict[Future[list[ScopeOutcome]], Task] = {}
    while True:
        for task in islice(tasks, workers - len(running)):
            running[pool.submit(collect_task, providers[task.provider], task, folder)] = task
        if not running:
            return
        ended, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in ended:
            yield running.pop(future), future


def collect_task(provider: Collects, task: Task, folder: Path) -> list[ScopeOutcome]:
    """Collect one task into staged files, note that it ended and return its outcomes."""
    with TaskStaging(folder, task.task_id) as sink:
        outcomes = list(provider.collect(task, sink))
    with disk_told(folder, every=True):
        journal.record(folder, task, outcomes)
    return outcomes


def settle(task: Task, future: Future[list[ScopeOutcome]]) -> list[ScopeOutcome]:
    """Return an outcome for each scope the task promised, whatever became of the task."""
    error = future.exception()
    done = [] if error else future.result()
    if error:
        _log_broken(task.task_id, error)
    met = {outcome.ref.scope_id for outcome in done}
    missing = [ref for ref in task.scopes if ref.scope_id not in met]
    return done + [failed_outcome(ref, error) for ref in missing]


def _log_broken(task_id: str, error: BaseException) -> None:
    """Log what a task died of; an interrupt, or rows that cannot be staged, end the run."""
    if not isinstance(error, Exception) or isinstance(error, WarehouseError):
        raise error
    logging.getLogger("registry_audit.collect").error(
        "task ended in an error", exc_info=error, extra={"task": task_id}
    )


def failed_outcome(ref: ScopeRef, error: BaseException | None) -> ScopeOutcome:
    """Return the outcome of a scope that its task could not, or forgot to, account for."""
    source = error if isinstance(error, SourceError) else None
    outcome = Outcome.FAILED
    if isinstance(error, AccessDeniedError):
        outcome = Outcome.DENIED
    elif isinstance(error, DisabledError):
        outcome = Outcome.DISABLED
    return ScopeOutcome(
        ref=ref,
        outcome=outcome,
        errors=1,
        missing_permission=(source.permission or None) if source else None,
        error_code=source.code if source else type(error).__name__ if error else "NoOutcome",
        error=str(error) if error else "the task ended without an outcome for this scope",
    )
