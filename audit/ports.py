"""The doors of the core: what a provider, an importer, a report and an object store must be.

Plug-ins are classes named in entry points (``registry_audit.providers``, ``.importers``,
``.reports``, ``.stores``). Importing a plug-in's module must not import a cloud SDK; opening it
may.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from audit.model.columns import Columns
from audit.model.scope import Plan, ScopeOutcome, Task


class Settings(BaseModel):
    """Base of every plug-in's settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        """Refuse ``yes`` where a number is asked for: YAML makes it true, and true would be 1."""
        wants = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and wants is not bool:
            raise ValueError("is true or false, which is not asked for here")
        return value


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


class CheckStatus(StrEnum):
    """What an examination found: ``unknown`` is what could not be tried, never an ``ok``."""

    OK = "ok"
    MISSING = "missing"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One thing that a run needs, or is the better for, and whether it is there.

    Attributes:
        subject: Where: a scope id.
        what: API operation, or a condition in words.
        permission: Permission that allows it; empty for a condition.
        costs: What the report loses without it, as one sentence.
        required: Without it something that is configured cannot be looked at.
        told: The source's own words, without secrets.
    """

    provider: str
    subject: str
    what: str
    status: CheckStatus
    permission: str = ""
    costs: str = ""
    required: bool = True
    told: str = ""


@runtime_checkable
class Doctor(Protocol):
    """A provider that can say beforehand what a run would lack (optional)."""

    def examine(self) -> Iterable[Check]:
        """Try what a run would need by harmless reads; yield each check as it is made.

        What cannot be tried is a check of its own, never an exception. Nothing is written.
        """


@dataclass(frozen=True)
class Document:
    """A report's JSON, of which long lists may have been left in its file.

    Attributes:
        root: The parsed document; a list that was left out holds its first element alone.
        lists: Place of each list that was left out (keys and indices from the root) -> its
            elements, anew with each call, some at a time.
    """

    root: Any
    lists: Mapping[tuple[str | int, ...], Callable[[], Iterator[list[Any]]]] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class ImportOrder:
    """What an importer is asked for.

    Attributes:
        scope_id: The scope that stands for the file.
        whole: The user vouches that a list of findings names all that its source has found in the
            images it names; else what such a list leaves out still stands.
        any_target: Read reports about what is no container image too.
        region: AWS region of images whose report does not tell it; empty is not told.
    """

    context: RunContext
    scope_id: str
    whole: bool = False
    any_target: bool = False
    region: str = ""


@dataclass(frozen=True)
class ImportedReport:
    """Rows of one scanner report made elsewhere.

    Attributes:
        blocks: Rows of ``images``, ``placements``, ``assessments``, ``findings``, ...; read once,
            as they are made: a list of findings is never held whole. Reading them raises
            ``ReportFileError`` where the report turns out to break its promises.
        subject: The image it speaks of, as the report names it, or how many images there may be.
        keyed_by: ``digest``, ``image id`` or ``reference``: what identifies the image.
    """

    blocks: Iterable[Columns]
    subject: str
    keyed_by: str


class Importer(Protocol):
    """Reads one format of scanner report. Pure: JSON in, rows out.

    Attributes:
        lists: Places of the lists that may be long: keys from the root, ``*`` for any index.
    """

    name: ClassVar[str]
    lists: ClassVar[Sequence[tuple[str, ...]]]

    def recognises(self, document: object) -> bool:
        """Whether the parsed JSON document is of this format; long lists may be cut short."""

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a document into rows.

        Raises:
            ReportFileError: It is of this format but lacks what the format promises.
        """


class RunReader(Protocol):
    """One published run, open for questions (implemented by the store)."""

    run_id: str

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Run a query over the run's views and return its rows in the query's order."""

    def __hash__(self) -> int:
        """Tell open runs apart: what was asked of one once need not be asked again."""


class Report(Protocol):
    """Turns one published run into files, from the warehouse alone."""

    name: ClassVar[str]

    def render(self, run: RunReader, out: Path, language: str) -> Iterable[Path]:
        """Write the report of ``run`` below ``out`` in ``language`` (en or ja).

        Same run and language, same bytes. Returns the files written.
        """


class StoreSettings(Settings):
    """Base of the ``store`` block's settings: what every object store may be told."""

    work: Path | None = Field(
        None, description="Local folder for unfinished runs and for copies of what was read."
    )


class StoredObject(NamedTuple):
    """One object of a listing: its path in the warehouse, and what changes when it is replaced."""

    path: str
    version: str


class ObjectStore(Protocol):
    """One prefix of an object store (entry point group ``stores``, named by address scheme).

    Paths are relative to the prefix. Calls come from several threads. Credentials come from the
    cloud SDK's own chain only. A :class:`~audit.errors.WarehouseError` tells, without a secret,
    what the store refused after its retries.
    """

    settings_model: ClassVar[type[StoreSettings]]

    def __init__(self, address: str, settings: Any) -> None:  # noqa: ANN401  own model
        """Open ``scheme://bucket/prefix`` with validated settings; makes no call."""

    def objects(self, folder: str) -> list[StoredObject]:
        """Return every object below a folder: one listing call a thousand objects at most."""

    def download(self, path: str, target: Path) -> None:
        """Write an object's content to a local file.

        Raises:
            FileNotFoundError: There is no such object.
        """

    def upload(self, path: str, source: Path) -> None:
        """Make a local file an object, whole or not at all, in place of what was there."""

    def look(self, path: str) -> tuple[bytes, str] | None:
        """Return a small object's content and its tag, or None when there is none."""

    def create(self, path: str, content: bytes) -> str | None:
        """Make an object only if there is none, and return its tag; else None."""

    def replace(self, path: str, content: bytes, tag: str) -> str | None:
        """Replace an object only if it still has this tag, and return the new one; else None."""

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is no error."""


@dataclass(frozen=True)
class DemoNight:
    """One night of a demo: what it is called and its moment in ISO 8601."""

    title: str
    moment: str


class Demo(Protocol):
    """Clouds on this machine that a demo can be run against (entry point group ``demo``)."""

    def __enter__(self) -> Demo:
        """Start the clouds."""

    def __exit__(self, *_: object) -> None:
        """Stop the clouds."""

    def providers(self) -> Mapping[str, Any]:
        """Return the ``providers`` block of a configuration that reaches the clouds."""

    def nights(self) -> Iterable[DemoNight]:
        """Yield each night once the clouds show it."""
