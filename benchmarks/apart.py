"""Work in a process of its own: what it gave, and what it alone cost."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from benchmarks.memory import peak_memory

T = TypeVar("T")
_SPAWN = multiprocessing.get_context("spawn")
"""A forked process would start with this one's memory, and its peak."""


@dataclass(frozen=True)
class Cost(Generic[T]):
    """What some work gave, the CPU seconds it took and the peak memory in MB while it ran."""

    result: T
    cpu: float
    peak: float


def apart(work: Callable[..., T], *given: Any) -> Cost[T]:  # noqa: ANN401  what the work takes
    """Do some work in a new process.

    Raises:
        EOFError: The process broke; it has told why on its standard error.
    """
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_work, args=(theirs, work, given))
    process.start()
    theirs.close()
    try:
        cost: Cost[T] = ours.recv()
        return cost
    finally:
        process.join()


def _work(told: Connection, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    began = time.process_time()
    result = work(*given)
    told.send(Cost(result, time.process_time() - began, peak_memory()))


class Server:
    """A server in another process, as the benchmark sees it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.settings: dict[str, Any] = pipe.recv()

    def calls(self) -> dict[str, int]:
        """Return the requests answered since they were last asked for, by operation."""
        self._pipe.send("calls")
        counted: dict[str, int] = self._pipe.recv()
        return counted


@contextmanager
def served(cloud: Callable[..., Any], *given: Any) -> Iterator[Server]:  # noqa: ANN401  its own
    """Run ``cloud(*given)``, a loopback cloud, in a process of its own while the block lasts."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs, cloud, given))
    process.start()
    theirs.close()
    try:
        yield Server(ours)
    finally:
        ours.close()
        process.join()


def _serve(pipe: Connection, cloud: Callable[..., Any], given: tuple[Any, ...]) -> None:
    with cloud(*given) as running:
        pipe.send(running.settings())
        while True:
            try:
                pipe.recv()
            except EOFError:
                return
            pipe.send(dict(running.calls))
            running.calls.clear()
