"""Runs a scanner over what is planned: some images a task, so that a broken run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from audit.clock import Clock
from audit.collect.runner import Planned, run_tasks
from audit.errors import AccessDeniedError, SourceError, TerminalError
from audit.model.enums import Outcome, ScopeKind, State
from audit.model.scope import ScopeOutcome, ScopeRef, ScopeTally, Task
from audit.ports import Describer, Pulls, RunContext, ScanError, Scanner, ScannerFacts, Sink
from audit.rules import ScanRules
from audit.scanning.contents import Contents
from audit.scanning.images import BUDGET, Looker, assess, refusal
from audit.scanning.plan import Wanted, plan, turn_of
from audit.store.ahead import Candidate
from audit.store.layout import Layout
from audit.store.sboms import SbomStore

IMAGES_A_TASK = 25
_NO_ERROR = frozenset({BUDGET, "TooLarge"})
"""What the operator asked for is no error of the scope; the image is not looked at all the same."""


@dataclass(frozen=True)
class Scans:
    """The scanning of one run.

    Attributes:
        clock: Tells when the minutes of the budget are over; nothing else.
        pulls: Provider -> how its images are pulled.
    """

    layout: Layout
    context: RunContext
    rules: ScanRules
    pulls: Mapping[str, Pulls]
    clock: Clock
    planned: Planned

    def run(self, scanner: Scanner, candidates: Iterable[Candidate]) -> list[ScopeOutcome]:
        """Scan what is to be scanned of the candidates and stage what comes of it.

        Returns an outcome for each registry that something is planned of.
        """
        scanner.refresh()
        ready = facts_of(scanner)
        if isinstance(ready, ScanError):
            self.context.log.error("%s cannot scan: %s", scanner.name, ready)
        wanted = plan(candidates, self.rules, _describer(ready))
        look = self._looking(scanner, ready)
        tasks = list(tasks_of(scanner.name, wanted))
        looks = _Looks(scanner.name, look, {one.digest: one for one in wanted})
        folder = self._folder / "scans" / scanner.name  # a scanner clears away what is not its own
        outcomes = run_tasks(
            {scanner.name: looks}, tasks, folder, self.rules.workers, self.planned(tasks)
        )
        return merged(outcomes)

    @property
    def _folder(self) -> Path:
        return self.layout.staged(self.context.run_id)

    def _looking(self, scanner: Scanner, ready: ScannerFacts | ScanError) -> _Look:
        if isinstance(ready, ScanError):
            return _Refusal(scanner.name, self.context, ready).look
        sboms = SbomStore(self.layout, self._folder / "sboms")
        notes = self._folder / f"made-{scanner.name}"
        contents = Contents(scanner, ready.describer.version, self.pulls, sboms, notes)
        max_age = timedelta(days=self.rules.database_max_age_days)
        return Looker(scanner, ready, contents, self.context, max_age, self._bounded()).look

    def _bounded(self) -> Callable[[], str]:
        """Return what says so once the minutes of the budget, which begin now, are over."""
        minutes = self.rules.budget.minutes
        if minutes is None:
            return lambda: ""
        end = self.clock.now() + timedelta(minutes=minutes)
        told = f"outside the budget of {minutes} minutes a run"
        return lambda: told if self.clock.now() >= end else ""


def describer_of(scanner: Scanner) -> Describer:
    """Return what looks into images for a scanner; of no version where it is not ready to scan."""
    return _describer(facts_of(scanner))


def _describer(facts: ScannerFacts | ScanError) -> Describer:
    return Describer("") if isinstance(facts, ScanError) else facts.describer


def facts_of(scanner: Scanner) -> ScannerFacts | ScanError:
    """Return what a scanner is, or why it cannot scan."""
    try:
        return scanner.facts()
    except ScanError as error:
        return error


_Look = Callable[[Wanted, Sink], ScanError | None]


@dataclass(frozen=True)
class _Refusal:
    """Stands for a scanner that can look at nothing in this run."""

    source: str
    context: RunContext
    error: ScanError

    def look(self, wanted: Wanted, sink: Sink) -> ScanError:
        assess(wanted, sink, self.context, self.source, refusal(self.error))
        return self.error


@dataclass(frozen=True)
class _Looks:
    """Looks at the images of tasks, each a part of one registry's scope."""

    source: str
    look: _Look
    wanted: Mapping[str, Wanted] = field(repr=False)

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        """Look at the images of one task."""
        (ref,) = task.scopes
        digests = task.params["digests"].split()
        tally = ScopeTally(ref, expected=len(digests))
        for digest in digests:
            error = self.look(self.wanted[digest], sink)
            if error is None:
                tally.listed += 1
            elif error.code not in _NO_ERROR:
                tally.fail(_source_error(error, self.source))
        return [tally.finish()]


def _source_error(error: ScanError, source: str) -> SourceError:
    kind = AccessDeniedError if error.state is State.DENIED else TerminalError
    return kind(str(error), operation=source, code=error.code)


def tasks_of(source: str, wanted: Iterable[Wanted]) -> Iterator[Task]:
    """Yield tasks of some images of a registry each, in the order in which they are begun with.

    What needs no pull is quick and goes first, so that no pull uses up the minutes in which all of
    that could have been matched; then what was never looked into. Of each, as in the plan.
    An image counts with the first place it lies in.
    """
    parts: list[tuple[ScopeRef, list[str]]] = []
    begun: dict[tuple[int, ScopeRef], list[str]] = {}
    for one in sorted(wanted, key=turn_of):
        ref, (turn, _) = _scope(source, one), one.turn
        part = begun.get((turn, ref))
        if part is None or len(part) == IMAGES_A_TASK:
            part = begun[turn, ref] = []
            parts.append((ref, part))
        part.append(one.digest)
    for number, (ref, digests) in enumerate(parts):
        task_id = f"{ref.scope_id}#{number}"
        yield Task(source, task_id, (ref,), {"digests": " ".join(digests)})


def _scope(source: str, wanted: Wanted) -> ScopeRef:
    place = wanted.places[0]
    return ScopeRef(
        place.provider,
        f"scan/{source}/{place.registry_id}",
        ScopeKind.SCAN,
        account=place.account,
        region=place.region,
        source=source,
        parent_scope_id=place.scope_id,
    )


def merged(outcomes: Iterable[ScopeOutcome]) -> list[ScopeOutcome]:
    """Join what the tasks of each scope told into one outcome a scope, in order of their ids."""
    parts: dict[str, list[ScopeOutcome]] = {}
    for outcome in outcomes:
        parts.setdefault(outcome.ref.scope_id, []).append(outcome)
    return [_joined(parts[scope_id]) for scope_id in sorted(parts)]


def _joined(parts: Sequence[ScopeOutcome]) -> ScopeOutcome:
    broken = [one for one in parts if one.outcome is not Outcome.COMPLETE]
    listed = sum(one.listed for one in parts)
    same = {one.outcome for one in broken}
    outcome = Outcome.COMPLETE if not broken else Outcome.PARTIAL
    if broken and not listed:
        outcome = broken[0].outcome if len(same) == 1 else Outcome.FAILED
    told = broken[0] if broken else parts[0]
    return replace(
        told,
        outcome=outcome,
        expected=sum(one.expected or 0 for one in parts),
        listed=listed,
        errors=sum(one.errors for one in parts),
    )
