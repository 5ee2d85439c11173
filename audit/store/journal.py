"""What a run has finished reading, so that a broken one need not read it again.

Beside its staged rows a run keeps ``run.json``, which says what shaped it, and a note for each task
that ended: its outcomes, a fingerprint of what it was asked, and the size of each file it left. A
note is written after the task's files are closed and synced: a note without its files cannot be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef, Task
from audit.store.layout import Layout
from audit.store.staging import file_name, staged_files
from audit.store.sync import sync, write_synced

_HEADER = "run.json"
_NOTES = "_tasks"


@dataclass(frozen=True)
class Shape:
    """What a run must have in common with a broken one to go on with it.

    Attributes:
        command: What makes it: run or scan.
        schema_versions: Version of each table, by name.
    """

    command: str
    config_sha256: str
    tool_version: str
    schema_versions: Mapping[str, int]


@dataclass(frozen=True)
class BrokenRun:
    """A run that died while it was collecting."""

    run_id: str
    moment: datetime


def begin(layout: Layout, run: BrokenRun, shape: Shape) -> None:
    """Write down what shapes a run before it collects anything."""
    folder = layout.staged(run.run_id)
    folder.mkdir(parents=True, exist_ok=True)
    write_synced(folder / _HEADER, orjson.dumps({"moment": run.moment, **vars(shape)}))


def resumable(
    layout: Layout, published: Sequence[str], shape: Shape, now: datetime, within: timedelta
) -> BrokenRun | None:
    """Return the newest broken run that a run of this shape may go on with.

    It began within ``within`` before ``now``, and no other run would come after it.
    """
    sealed = [path.parent.name for path in layout.staging.glob("*/ready")]
    newest = max([*published, *sealed], default="")
    for header in sorted(layout.staging.glob(f"*/{_HEADER}"), reverse=True):
        told = _read(header) or {}
        began = datetime.fromisoformat(told.pop("moment", "0001-01-01T00:00:00Z"))
        fits = told == vars(shape) and timedelta(0) <= now - began <= within
        if fits and within and header.parent.name > newest:
            return BrokenRun(header.parent.name, began)
    return None


def record(raw: Path, task: Task, outcomes: Iterable[ScopeOutcome]) -> None:
    """Note that a task ended and with what; its files below ``raw`` are closed by now."""
    files = staged_files(raw, task.task_id)
    for path in files:
        sync(path)
        sync(path.parent)
    note = {
        "fingerprint": fingerprint(task),
        "files": {str(path.relative_to(raw)): path.stat().st_size for path in files},
        "outcomes": [{**vars(outcome), "ref": vars(outcome.ref)} for outcome in outcomes],
    }
    target = _note(raw, task)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_synced(target, orjson.dumps(note))


def finished(raw: Path, tasks: Iterable[Task]) -> dict[str, list[ScopeOutcome]]:
    """Return the outcomes of tasks that a broken run read to the end, and remove all else it left.

    Only a task whose every scope was complete counts, asked the same as now, with its files whole.
    """
    done = {}
    kept = set()
    for task in tasks:
        outcomes = _complete(raw, task)
        if outcomes is not None:
            done[task.task_id] = outcomes
            kept |= {_note(raw, task), *staged_files(raw, task.task_id)}
    for path in raw.glob("*/*"):
        if path not in kept:
            path.unlink()
    return done


def fingerprint(task: Task) -> str:
    """Return a hash of everything that a task was asked."""
    asked = {**vars(task), "scopes": [vars(ref) for ref in task.scopes], "params": {**task.params}}
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _complete(raw: Path, task: Task) -> list[ScopeOutcome] | None:
    note = _read(_note(raw, task))
    if note is None or note["fingerprint"] != fingerprint(task):
        return None
    sizes = {path: path.stat().st_size for path in staged_files(raw, task.task_id)}
    if {str(path.relative_to(raw)): size for path, size in sizes.items()} != note["files"]:
        return None
    outcomes = [_outcome(told) for told in note["outcomes"]]
    promised = {ref.scope_id for ref in task.scopes}
    if not promised <= {outcome.ref.scope_id for outcome in outcomes}:
        return None
    return outcomes if all(one.outcome is Outcome.COMPLETE for one in outcomes) else None


def _outcome(told: dict[str, Any]) -> ScopeOutcome:
    ref = ScopeRef(**{**told["ref"], "kind": ScopeKind(told["ref"]["kind"])})
    return ScopeOutcome(**{**told, "ref": ref, "outcome": Outcome(told["outcome"])})


def _note(raw: Path, task: Task) -> Path:
    return raw / _NOTES / f"{file_name(task.task_id)}.json"


def _read(path: Path) -> dict[str, Any] | None:
    """Read a note; one that is missing or torn is none."""
    try:
        told = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return told if isinstance(told, dict) else None
