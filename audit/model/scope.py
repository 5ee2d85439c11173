"""Scopes, the tasks that read them, and the outcome each must have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.errors import AccessDeniedError, DisabledError, SourceError
from audit.model.enums import Outcome, ScopeKind

LEFT_OUT = "images: left out by the configuration"
"""``unread`` note of a repository that include and exclude patterns keep from being listed."""


@dataclass(frozen=True)
class ScopeRef:
    """Names the smallest thing that is listed and can fail by itself.

    Attributes:
        provider: ``aws``, ``azure``, ``gcp``, ``oci`` or ``files``.
        scope_id: Unique and stable over runs, for example ``aws/111111111111/eu-west-1``.
        kind: What the scope lists.
        account: Account, subscription or project; empty where there is none.
        region: Region or location; empty where there is none.
        source: For ``findings`` scopes, who judged (``inspector`` ...); else empty.
        parent_scope_id: The scope whose listing names this one; empty at the top.
    """

    provider: str
    scope_id: str
    kind: ScopeKind
    account: str = ""
    region: str = ""
    source: str = ""
    parent_scope_id: str = ""


@dataclass(frozen=True)
class Task:
    """One unit of collection: picklable, run by itself, able to fail by itself.

    ``scopes`` are those the task promises an outcome for; the runner marks any of them without
    one as failed. A task may return outcomes of further scopes that it discovers.
    """

    provider: str
    task_id: str
    scopes: tuple[ScopeRef, ...]
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScopeOutcome:
    """How one scope's reading ended; one row of the ``scopes`` table.

    ``expected`` is what the source itself said there is (null when it does not say), ``listed``
    what was read: repositories of a discovery, images of an inventory, statements of findings.
    ``exhaustive`` is of a discovery: what its complete listing does not name is gone, and all below
    it. Not so where a source leaves out, without a word, what the identity may not see.
    """

    ref: ScopeRef
    outcome: Outcome
    expected: int | None = None
    listed: int = 0
    errors: int = 0
    api_calls: int = 0
    missing_permission: str | None = None
    error_code: str | None = None
    error: str | None = None
    exhaustive: bool = False


@dataclass(frozen=True)
class Plan:
    """What a provider will read: tasks, and the outcomes of the discovery that found them."""

    tasks: Sequence[Task]
    outcomes: Sequence[ScopeOutcome] = ()


@dataclass
class ScopeTally:
    """Counts what happens while one scope is read, and draws its outcome at the end.

    The first error is the one reported; the others are counted. Not thread-safe.
    """

    ref: ScopeRef
    expected: int | None = None
    listed: int = 0
    api_calls: int = 0
    errors: int = 0
    first_error: SourceError | None = None

    def fail(self, error: SourceError) -> None:
        """Record that something of this scope could not be read."""
        self.errors += 1
        self.first_error = self.first_error or error

    @property
    def complete(self) -> bool:
        """Whether everything so far was read to its end without an error."""
        return self.errors == 0

    def finish(self) -> ScopeOutcome:
        """Return the scope's outcome row."""
        error = self.first_error
        return ScopeOutcome(
            ref=self.ref,
            outcome=self._outcome(),
            expected=self.expected,
            listed=self.listed,
            errors=self.errors,
            api_calls=self.api_calls,
            missing_permission=(error.permission or None) if error else None,
            error_code=error.code if error else None,
            error=str(error) if error else None,
        )

    def _outcome(self) -> Outcome:
        if self.first_error is None:
            return Outcome.COMPLETE
        if self.listed:
            return Outcome.PARTIAL
        if isinstance(self.first_error, AccessDeniedError):
            return Outcome.DENIED
        if isinstance(self.first_error, DisabledError):
            return Outcome.DISABLED
        return Outcome.FAILED
