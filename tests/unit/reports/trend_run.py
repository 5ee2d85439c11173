"""A run of a history in memory, as the trend report sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from audit.judge.deadlines import DeadlineProfile
from audit.tables import TABLES
from tests.unit.measures.history import Exposure, Measures, Step, moment, place, run_id


class TrendRun:
    """The run of the last of ``days``, with the history and measures behind it."""

    def __init__(
        self,
        days: Sequence[int],
        exposures: Sequence[Exposure] = (),
        profile: DeadlineProfile | None = None,
        **tables: Sequence[dict[str, Any]],
    ) -> None:
        self.run_id = run_id(days[-1])
        covered = tables.get("coverage", [row for day in days for row in coverage(day)])
        methods = tables.get("methods", ())
        self._measures = Measures(days, exposures, profile, covered, methods)
        self._holds("all_runs", "runs", [])
        for table in TABLES:
            self._holds(table, table, [run_row(days[-1])] if table == "runs" else [])

    def _holds(self, view: str, table: str, rows: list[dict[str, Any]]) -> None:
        held = pa.Table.from_pylist(rows, schema=TABLES[table].schema)
        marked = held.append_column("run_id", pa.array([self.run_id] * len(rows), pa.string()))
        self._measures.con.register(view, marked)

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        assert parameters is None
        return self._measures.rows(sql)


def run_row(day: int) -> dict[str, Any]:
    return {"started_at": moment(day), "outcome": "complete", "tool_version": "0.1.0"}


def coverage(day: int, assessed: int = 3, number: int = 0) -> list[dict[str, Any]]:
    """Say that ``assessed`` of four images were assessed on a day."""
    where = {k: v for k, v in place(number).items() if k != "repository"} | {"region": ""}
    return [
        {"run_id": run_id(day), "state": state, "placements": n, "current_placements": n, **where}
        for state, n in (("assessed", assessed), ("denied", 4 - assessed))
    ]


def method(day: int, **more: str) -> dict[str, Any]:
    change = {"provider": "aws", "account": "1", "registry_id": "r", "source": "inspector"}
    change |= {"change": "scan_type", "before": "BASIC", "after": "ENHANCED"}
    return {"run_id": run_id(day), **change, **more}


def story() -> TrendRun:
    """Six runs on eight days with a gap, every way to end, and a change of method.

    Open at the end: 3 of 9, of them 1 unconfirmed and 1 come back after a fix.
    """
    found = [
        Exposure(1, (Step(0, "open", "CRITICAL"), Step(5, "unconfirmed", "CRITICAL"))),
        Exposure(2, (Step(0, "open", "HIGH"), Step(1, "closed", "HIGH", "fixed"))),
        Exposure(3, (Step(0, "open", "HIGH"), Step(5, "closed", "HIGH", "fixed")), place=1),
        Exposure(4, (Step(0, "open", "LOW"), Step(6, "closed", "LOW", "removed"))),
        Exposure(5, (Step(1, "open", "LOW"), Step(6, "closed", "LOW", "withdrawn"))),
        Exposure(6, (Step(1, "open", "LOW"), Step(6, "closed", "LOW", "not_affected"))),
        Exposure(7, (Step(1, "open", "LOW"), Step(7, "closed", "LOW", "merged"))),
        Exposure(
            8,
            (
                *(Step(2, "open", "MEDIUM"), Step(5, "closed", "MEDIUM", "fixed")),
                Step(7, "open", "MEDIUM"),
            ),
        ),
        Exposure(9, (Step(7, "open", "UNKNOWN"),), place=2),
    ]
    return TrendRun([0, 1, 2, 5, 6, 7], found, methods=[method(2)])
