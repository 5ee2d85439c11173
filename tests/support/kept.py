"""A memory without a warehouse: rows as a collection left them, told as a published run's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

RUN = "run-0"
Row = dict[str, Any]


class Kept:
    """What a run held; see ``audit.ports.Memory``.

    Attributes:
        tables: The rows by table, for a test to change.
    """

    def __init__(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.previous_run_id: str | None = RUN
        self.tables: dict[str, list[Row]] = {
            table: [_published(table, row) for row in rows] for table, rows in tables.items()
        }

    def rows(
        self, table: str, columns: Sequence[str], **where: str | Collection[str]
    ) -> list[tuple[Any, ...]]:
        wanted = {name: _several(one) for name, one in where.items()}
        if "placed_in" in wanted:
            hosts = wanted.pop("placed_in")
            placed = self.tables.get("placements", [])
            wanted["digest"] = {row["digest"] for row in placed if row["registry_id"] in hosts}
        return [
            tuple(row.get(name) for name in columns)
            for row in self.tables.get(table, [])
            if all(row.get(name) in values for name, values in wanted.items())
        ]


def _several(one: str | Collection[str]) -> Collection[str]:
    return (one,) if isinstance(one, str) else one


def _published(table: str, row: Mapping[str, Any]) -> Row:
    """Add what the core adds to a row that a run read whole."""
    added = {"observed_run_id": RUN}
    if table == "assessments":
        added |= {"told_state": row["state"], "read_run_id": RUN}
    return {**row, **{name: value for name, value in added.items() if row.get(name) is None}}
