"""Published runs put together and judged again from what each of them read, without any cloud.

A run's snapshot holds what it read itself and what it carried forward; the first is enough to make
the second anew. With the rules that were in force then, the same history comes out; with other
rules, what would have been known under those.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import duckdb
import orjson

from audit.clock import FixedClock
from audit.errors import PrunedError, WarehouseError
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from audit.store import views
from audit.store.assembly import NO_OWNERS, Owners
from audit.store.commit import Commit, commit_run
from audit.store.layout import Layout
from audit.store.pruned import read_pruned
from audit.store.reader import Warehouse
from audit.tables import COLLECTED, HISTORY, TABLES

Policy = Mapping[str, int]


@dataclass(frozen=True)
class Replay:
    """Judges the runs of ``source`` again, into ``target``.

    Attributes:
        policy: The rules to judge by; None for those that were in force in each run.
        owners: Who answers for which repositories.
        memory: Memory limit of the query engine.
    """

    source: Layout
    target: Layout
    policy: Policy | None = None
    owners: Owners = NO_OWNERS
    memory: str = "512MB"

    def run(self, upto: str | None = None) -> Iterator[str]:
        """Judge all runs again that the run ``upto`` knows, itself included; yield each run's id.

        Runs go in the order of their publication. Where snapshots were thinned out, it starts
        after the first that nothing is missing behind of; up to there the record stands.

        Raises:
            PrunedError: The run's own snapshot, or that of the run before it, was thinned out.
            UsageError: Nothing is published.
        """
        known = self._known(upto)
        thinned = read_pruned(self.source)
        lost = [place for place, run_id in enumerate(known) if run_id in thinned.runs]
        if lost:
            first = lost[-1] + 1
            if first + 1 >= len(known):
                raise PrunedError(thinned.why(known[lost[-1]], known) or known[lost[-1]])
            self._take_over(known[: first + 1])
            known = known[first + 1 :]
        for run_id in known:
            self._judge(run_id)
            yield run_id

    def _known(self, upto: str | None) -> list[str]:
        ledger = Warehouse(self.source).ledger()
        if not ledger.run_ids:
            raise Warehouse(self.source).unpublished()
        bound = ledger.sequences[upto or ledger.run_ids[-1]]
        earlier = [run for run in ledger.run_ids if run <= (upto or run)]
        known = [run for run in earlier if ledger.sequences[run] <= bound]
        return sorted(known, key=lambda run: ledger.sequences[run])

    def _take_over(self, run_ids: list[str]) -> None:
        """Copy the history of some runs as it is, and the snapshot of the last of them."""
        for run_id in run_ids:
            tables = TABLES if run_id == run_ids[-1] else HISTORY
            self._copy(self.source.manifest(run_id))
            for table in sorted(tables, key=lambda table: table == "runs"):
                self._copy(self.source.part(table, run_id))

    def _copy(self, path: str) -> None:
        self.target.staging.mkdir(parents=True, exist_ok=True)
        copy = self.target.staging / "copy"
        shutil.copyfile(self.source.files.local(path), copy)
        self.target.files.put(path, copy)

    def _judge(self, run_id: str) -> None:
        row, outcomes = _recorded(self.source, run_id)
        policy = self.policy if self.policy is not None else orjson.loads(row["policy"])
        commit_run(
            self.target,
            Commit(
                run_id=run_id,
                moment=row["started_at"],
                clock=FixedClock(row["finished_at"]),
                command=row["command"],
                outcomes=outcomes,
                ledger=Warehouse(self.target).ledger(),
                policy=policy,
                retired=tuple(row["retired_scopes"] or ()),
                config_sha256=row["config_sha256"],
                memory=self.memory,
                owners=self.owners,
                version=row["tool_version"],
                staged={table: staged_rows(self.source, table, run_id) for table in COLLECTED},
                judged_from=row["manifest_sha256"] if self.policy is not None else None,
            ),
        )


_READ = "SELECT * EXCLUDE (run_id) FROM ({rows}) WHERE observed_run_id = run_id"
_TOLD = """
SELECT * EXCLUDE (run_id) REPLACE (coalesce(told_state, state) AS state,
    CASE WHEN told_state IS NOT DISTINCT FROM state THEN reason END AS reason)
FROM ({rows}) WHERE observed_run_id = run_id AND source <> 'none'
"""
"""What the sources said; the row that says that none did, and the evidence window, come anew."""


def staged_rows(layout: Layout, table: str, run_id: str) -> str:
    """Return a query for the rows of a published run that it read itself, as they were staged."""
    rows = views.partition_rows(layout, table, run_id)
    if table == "assessments":
        return _TOLD.format(rows=rows)
    if "observed_run_id" in TABLES[table].stored_names:
        return _READ.format(rows=rows)
    return f"SELECT * EXCLUDE (run_id) FROM ({rows})"  # noqa: S608  our own query


_SCOPES = """
SELECT * FROM ({rows}) WHERE observed_run_id = run_id
    AND coalesce(error_code, '') NOT IN ('NotPlanned', 'ParentIncomplete', 'ParentLeftOut')
ORDER BY scope_id
"""


def _recorded(layout: Layout, run_id: str) -> tuple[dict[str, Any], list[ScopeOutcome]]:
    """Return a run's row of the ledger and the outcomes that its tasks and plans told."""
    with closing(views.connect()) as con:
        ledger = con.sql(views.partition_rows(layout, "runs", run_id)).to_arrow_table()
        rows = views.partition_rows(layout, "scopes", run_id)
        scopes = con.sql(_SCOPES.format(rows=rows)).to_arrow_table().to_pylist()
    return ledger.to_pylist()[0], [_outcome(row) for row in scopes]


def _outcome(row: Mapping[str, Any]) -> ScopeOutcome:
    ref = ScopeRef(
        provider=row["provider"],
        scope_id=row["scope_id"],
        kind=ScopeKind(row["kind"]),
        account=row["account"],
        region=row["region"],
        source=row["source"],
        parent_scope_id=row["parent_scope_id"],
    )
    facts = ("expected", "listed", "errors", "api_calls")
    told = ("missing_permission", "error_code", "error")
    return ScopeOutcome(
        ref,
        Outcome(row["outcome"]),
        **{name: row[name] for name in (*facts, *told)},
        exhaustive=bool(row["exhaustive"]),
    )


_REBUILT = ("exposures", "exposure_images", "vulnerability_groups", "method_changes", "coverage")


def rebuild_differences(source: Layout, target: Layout, run_ids: list[str]) -> dict[str, int]:
    """Compare what two warehouses tell of the past; return table -> rows that only one holds.

    Tables without a difference are left out.

    Raises:
        WarehouseError: A file of the history is damaged.
    """
    found = {}
    with closing(views.connect()) as con:
        for table in _REBUILT:
            one = views.history_rows(source, table, run_ids)
            two = views.history_rows(target, table, run_ids)
            query = (
                f"SELECT count(*) FROM ((({one}) EXCEPT ALL ({two})) "  # noqa: S608  our own queries
                f"UNION ALL (({two}) EXCEPT ALL ({one})))"
            )
            try:
                (row,) = con.execute(query).fetchall()
            except (duckdb.InvalidInputException, duckdb.IOException) as error:
                told = str(error).partition("\n")[0]
                raise WarehouseError(
                    f"{table} cannot be read: {told}; ask registry-audit verify"
                ) from error
            if row[0]:
                found[table] = int(row[0])
    return found
