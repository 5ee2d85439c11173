"""Progress of a run: bars on a terminal, log lines elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from audit.collect import runner
from audit.collect.runner import Planned
from audit.log import LOGGER
from audit.model.enums import Outcome
from audit.model.scope import ScopeOutcome, Task


@contextmanager
def shown(*, bars: bool) -> Iterator[Planned]:
    """Yield what to call with the planned tasks; with ``bars`` a bar follows them."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not bars) as progress:

        def planned(tasks: Sequence[Task]) -> runner.Progress:
            bar = progress.add_task("collect", total=len(tasks))
            logging.getLogger(LOGGER).info("planned", extra={"tasks": len(tasks)})

            def ended(task: Task, outcomes: list[ScopeOutcome]) -> None:
                progress.advance(bar)
                log_outcomes(task, outcomes)

            return ended

        yield planned


def log_outcomes(task: Task, outcomes: list[ScopeOutcome]) -> None:
    """Write a log line for each scope: a warning where it should be complete and is not."""
    log = logging.getLogger(LOGGER)
    for outcome in outcomes:
        expected = outcome.outcome in {Outcome.COMPLETE, Outcome.LEFT_OUT}
        fields = {
            "task": task.task_id,
            "scope": outcome.ref.scope_id,
            "outcome": str(outcome.outcome),
            "listed": outcome.listed,
            "errors": outcome.errors,
            "api_calls": outcome.api_calls,
            "error_code": outcome.error_code,
            "missing_permission": outcome.missing_permission,
            "error": outcome.error,
        }
        told = {name: value for name, value in fields.items() if value not in (None, "")}
        log.log(
            logging.INFO if expected else logging.WARNING,
            "scope %s: %s",
            outcome.ref.scope_id,
            outcome.outcome,
            extra=told,
        )
