"""From staged rows to a published run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import orjson
import pyarrow as pa

from audit.clock import Clock
from audit.model.enums import Outcome, RunOutcome
from audit.model.scope import ScopeOutcome
from audit.store.assembly import NO_OWNERS, Assembly, Inputs, Owners, ScopeEnd
from audit.store.layout import Layout
from audit.store.ledger import Ledger
from audit.store.parquet import sha256_of, write_parquet
from audit.store.publish import publish, seal, stage_manifest
from audit.tables import TABLES


@dataclass(frozen=True)
class Commit:
    """Everything a run's publication is made from, beside its staged rows.

    Attributes:
        clock: Tells when the run is published; everything else goes by ``moment``.
        staged: Table -> query for what the run read, where that lies in no staged files.
        judged_from: SHA-256 of the manifest of the run that this one judges again, if it does.
    """

    run_id: str
    moment: datetime
    clock: Clock
    command: str
    outcomes: Sequence[ScopeOutcome]
    ledger: Ledger
    policy: Mapping[str, Any]
    retired: tuple[str, ...]
    config_sha256: str
    memory: str
    owners: Owners = NO_OWNERS
    version: str = version("registry-audit")
    staged: Mapping[str, str] | None = None
    judged_from: str | None = None


@dataclass(frozen=True)
class Committed:
    """What was published: the outcome, how every scope ended, images not assessed."""

    outcome: str
    scopes: list[ScopeEnd]
    unassessed: int


def commit_run(layout: Layout, commit: Commit) -> Committed:
    """Assemble, judge, write, and publish; the ``runs`` row goes last."""
    assembly = Assembly(layout, inputs_of(commit), commit.memory)
    assembly.build()
    files = assembly.write()
    databases = assembly.databases()
    known = {
        "trivy_db_updated_at": databases.get("trivy"),
        "scanner_databases": _json(databases),
    }
    scopes, unassessed = assembly.scopes(), assembly.unassessed()
    assembly.con.close()
    outcome = run_outcome([scope.outcome for scope in scopes])
    last = commit.ledger.last_published
    chained = sha256_of(layout.files.local(layout.manifest(last))) if last else None
    facts = {
        "sequence": commit.ledger.next_sequence,
        "previous_run_id": commit.ledger.before(commit.run_id).newest,
        "previous_manifest_sha256": chained,
    }
    manifest = stage_manifest(layout, commit.run_id, files, facts)
    row = _runs_row(commit, outcome, facts | known | {"manifest_sha256": manifest})
    path = layout.staged(commit.run_id) / "publish" / layout.part("runs", commit.run_id)
    schema = TABLES["runs"].schema
    write_parquet(path, schema, pa.Table.from_pylist([row], schema=schema).to_batches())
    seal(layout, commit.run_id)
    publish(layout, commit.run_id)
    return Committed(outcome, scopes, unassessed)


def run_outcome(outcomes: Sequence[str]) -> str:
    """Return the outcome of a run from those of its scopes; a run without scopes failed."""
    if looked_at(outcomes):
        return RunOutcome.COMPLETE
    if any(outcome in {Outcome.COMPLETE, Outcome.PARTIAL} for outcome in outcomes):
        return RunOutcome.PARTIAL
    return RunOutcome.FAILED


def looked_at(outcomes: Iterable[str]) -> bool:
    """Whether every scope that was to be read was: those left out on purpose take nothing away."""
    return set(outcomes) - {Outcome.LEFT_OUT} == {Outcome.COMPLETE}


def inputs_of(commit: Commit) -> Inputs:
    """Return what a run's assembly needs of this."""
    return Inputs(
        run_id=commit.run_id,
        moment=commit.moment,
        command=commit.command,
        outcomes=commit.outcomes,
        ledger=commit.ledger,
        settings={name: rule for name, rule in commit.policy.items() if isinstance(rule, int)},
        policy=_json(commit.policy),
        tool_version=commit.version,
        owners=commit.owners,
        retired=commit.retired,
        staged=commit.staged,
    )


def _runs_row(commit: Commit, outcome: str, chain: Mapping[str, Any]) -> dict[str, Any]:
    versions = {name: table.version for name, table in TABLES.items()}
    return {
        "started_at": commit.moment,
        "finished_at": commit.clock.now(),
        "command": commit.command,
        "outcome": outcome,
        "tool_version": commit.version,
        "config_sha256": commit.config_sha256,
        "policy": _json(commit.policy),
        "retired_scopes": list(commit.retired),
        "judged_from": commit.judged_from,
        "schema_versions": _json(versions),
        **chain,
    }


def _json(values: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(values), option=orjson.OPT_SORT_KEYS).decode()
