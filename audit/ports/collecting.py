"""What a provider must be, and what a run gives it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from audit.model.columns import Columns
from audit.model.scope import Plan, ScopeOutcome, Task
from audit.ports.settings import Settings


class Memory(Protocol):
    """What the run before held: a provider may build on it instead of asking a source again.

    Thread-safe. It is one published snapshot, so that marks and what they vouch for belong
    together.
    """

    @property
    def previous_run_id(self) -> str | None:
        """The run it remembers; None where nothing is published yet."""

    def rows(
        self, table: str, columns: Sequence[str], **where: str | Collection[str]
    ) -> list[tuple[Any, ...]]:
        """Return columns of a collected table's rows whose columns equal ``where``.

        Given several texts, a column equals one of them: one question costs what many would each.
        Times are timezone-aware (UTC), lists are lists of text. An image is remembered by its
        digest alone: ask for those of a registry by ``placed_in=registry_id``.

        Raises:
            KeyError: There is no such table or column.
            WarehouseError: The snapshot is damaged.
        """


class NoMemory:
    """The memory of a first run."""

    previous_run_id: None = None

    def rows(
        self,
        table: str,  # noqa: ARG002  as in Memory
        columns: Sequence[str],  # noqa: ARG002  as in Memory
        **where: str | Collection[str],  # noqa: ARG002  as in Memory
    ) -> list[tuple[Any, ...]]:
        """Return nothing."""
        return []


@dataclass(frozen=True)
class RunContext:
    """What every stage of one run shares.

    Attributes:
        run_id: Id of the run; also the ``observed_run_id`` of all that is read in it.
        moment: The run's moment (UTC). Windows are measured against it, never the machine's time.
        memory: What the run before held.
    """

    run_id: str
    moment: datetime
    log: logging.Logger
    memory: Memory = field(default_factory=NoMemory)


@dataclass(frozen=True)
class Capabilities:
    """What a provider can and cannot tell, as data; the core and the reports ask it.

    Attributes:
        sources: Native sources it can read, in order of preference.
        gaps: Fact that is not delivered -> reason. Reasons start with ``notimpl:`` (ours to do),
            ``notyet:`` (the cloud cannot) or ``never:`` (will not).
    """

    sources: tuple[str, ...]
    gaps: Mapping[str, str]


class Sink(Protocol):
    """Where collected rows go. Not thread-safe: a task has its own."""

    def write(self, columns: Columns) -> None:
        """Take a block of rows; the block must not be used afterwards."""


class RegistryProvider(Protocol):
    """Adapter to one kind of registry and its native scanner.

    ``plan`` and ``collect`` run in different threads; ``collect`` runs for several tasks at once.
    """

    name: ClassVar[str]
    settings_model: ClassVar[type[Settings]]
    capabilities: ClassVar[Capabilities]

    def __init__(self, settings: Any, context: RunContext) -> None:  # noqa: ANN401  own model
        """Open the adapter with validated settings of ``settings_model``; makes no call."""

    def plan(self) -> Plan:
        """Discover what there is to read.

        What cannot be discovered is an outcome in the plan, not an exception.
        """

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Read one task's scopes into ``sink`` and return an outcome for each scope met.

        Every assessable image placed gets an ``assessments`` row for the native source. An error
        of one scope or page is recorded and does not stop the others. A
        :class:`~audit.errors.SourceError` that escapes fails the task's scopes that have no
        outcome yet.
        """
