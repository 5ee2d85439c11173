"""A memory made of what an earlier collection wrote, without a warehouse between."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.ports import RunContext
from tests.unit.azure.support import KeepingSink

LOG = logging.getLogger("tests.azure")


@dataclass
class Remembered:
    """The run before."""

    sink: KeepingSink
    previous_run_id: str | None = "run-0"

    def rows(
        self, table: str, columns: Sequence[str], *, placed_in: str = "", **where: str
    ) -> list[tuple[Any, ...]]:
        rows = [{**row, "told_state": row.get("state")} for row in self.sink[table]]
        placements = self.sink["placements"]
        held = {row["digest"] for row in placements if row["registry_id"] == placed_in}
        return [
            tuple(row[name] for name in columns)
            for row in rows
            if (not placed_in or row["digest"] in held)
            and all(row[name] == value for name, value in where.items())
        ]


def night(moment: datetime, before: KeepingSink | None = None) -> RunContext:
    """Return the context of a run after another."""
    if before is None:
        return RunContext("run-1", moment, LOG)
    return RunContext("run-2", moment, LOG, Remembered(before))
