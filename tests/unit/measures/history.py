"""A history in memory: runs on chosen days and the changes of exposures, with its measures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from audit.judge.deadlines import DEFAULT, DeadlineProfile, shipped
from audit.judge.measures import define_measures
from audit.tables import TABLES

START = datetime(2026, 1, 1, 2, tzinfo=UTC)
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN")
CLOCKS = (
    *("published_at", "fix_available_at", "native_first_observed_at", "first_seen_at"),
    *("kev_added_at", "evaluated_at"),
)
_OWNERS = pa.schema(
    [pa.field(n, pa.string()) for n in ("provider", "registry_id", "repository", "owner")]
)


@dataclass(frozen=True)
class Step:
    """One change of an exposure in the run of ``day`` (days after START)."""

    day: int
    state: str
    severity: str = "HIGH"
    reason: str | None = None


@dataclass(frozen=True)
class Exposure:
    """One exposure's changes; ``clocks`` gives days after START, None where not known."""

    number: int
    steps: tuple[Step, ...]
    place: int = 0
    clocks: dict[str, int | None] = field(default_factory=dict)

    def clock(self, name: str) -> int | None:
        first = self.steps[0].day if name == "first_seen_at" else None
        return self.clocks.get(name, first)


def moment(day: int) -> datetime:
    """The moment of a day's run; nights begin some minutes apart."""
    return START + timedelta(days=day, minutes=(day * 7) % 30)


def run_id(day: int) -> str:
    return moment(day).strftime("%Y%m%dT%H%M%SZ")


def place(number: int) -> dict[str, Any]:
    """Give the place of a number: two clouds, two registries each, owners of some."""
    provider = ("aws", "azure")[number % 2]
    return {
        "provider": provider,
        "account": f"account-{number % 2}",
        "registry_id": f"registry-{number % 4}",
        "repository": f"repository-{number}",
    }


def owner(number: int) -> str | None:
    return None if number % 3 == 2 else f"team-{number % 3}"


def _exposure_rows(exposure: Exposure) -> Iterable[dict[str, Any]]:
    known = {n: moment(d) for n in CLOCKS if (d := exposure.clock(n)) is not None}
    closed: int | None = None
    for step in exposure.steps:
        closed = None if step.state != "closed" else step.day if closed is None else closed
        yield {
            "exposure_id": f"{exposure.number:032x}",
            "vulnerability_id": f"CVE-2026-{exposure.number:04}",
            "package_name": "package",
            "state": step.state,
            "severity": step.severity,
            "closing_reason": step.reason,
            "closed_at": None if closed is None else moment(closed),
            "opened_at": moment(exposure.steps[0].day),
            "run_id": run_id(step.day),
            **place(exposure.place),
            **known,
        }


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    schema = TABLES[name].schema.append(pa.field("run_id", pa.string()))
    return pa.Table.from_pylist(rows, schema=schema)


class Measures:
    """The measures over a history, as a run sees them."""

    def __init__(
        self,
        days: Sequence[int],
        exposures: Sequence[Exposure] = (),
        profile: DeadlineProfile | None = None,
        coverage: Sequence[dict[str, Any]] = (),
        methods: Sequence[dict[str, Any]] = (),
    ):
        self.con = duckdb.connect(":memory:")
        self.con.execute("SET TimeZone = 'UTC'")
        runs = [{"run_id": run_id(d), "started_at": moment(d), "outcome": "complete"} for d in days]
        changes = [row for exposure in exposures for row in _exposure_rows(exposure)]
        owners = [
            {k: v for k, v in place(n).items() if k != "account"} | {"owner": owner(n)}
            for n in sorted({e.place for e in exposures})
        ]
        self.con.register("runs_history", _table("runs", runs))
        self.con.register("exposures_history", _table("exposures", changes))
        self.con.register("repository_owners", pa.Table.from_pylist(owners, schema=_OWNERS))
        self.con.register("coverage_history", _table("coverage", list(coverage)))
        self.con.register("method_changes_history", _table("method_changes", list(methods)))
        define_measures(self.con, profile or shipped(DEFAULT))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        result = self.con.execute(sql)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
