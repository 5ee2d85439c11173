"""What the run before held, for providers that go on from there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import duckdb

from audit.errors import WarehouseError
from audit.ports import Memory
from audit.store import views
from audit.store.history import previous_rows
from audit.store.layout import Layout
from audit.store.ledger import Ledger
from audit.tables import COLLECTED, TABLES

_PLACED_IN = "placed_in"
_MEMORY = "128MB"


@dataclass(frozen=True)
class StoredMemory:
    """The snapshot of the newest run of ``earlier``; see :class:`audit.ports.Memory`.

    Each question opens an engine of its own, so that threads need not wait for one another.
    """

    layout: Layout
    earlier: Ledger

    @property
    def previous_run_id(self) -> str | None:
        """The run it remembers."""
        return self.earlier.newest

    def rows(self, table: str, columns: Sequence[str], **where: str) -> list[tuple[Any, ...]]:
        """Return rows of the run before; see :class:`audit.ports.Memory`."""
        if table not in COLLECTED:
            raise KeyError(f"{table} is not a table that is collected")
        placed_in = where.pop(_PLACED_IN, None)
        unknown = {*columns, *where} - set(TABLES[table].stored_names)
        if unknown:
            raise KeyError(f"{table} has no column {sorted(unknown)}")
        if self.previous_run_id is None:
            return []
        query = (
            f"SELECT {_listed(columns)} FROM ({previous_rows(self.layout, table, self.earlier)})"  # noqa: S608  our own names
        )
        conditions = [f'"{name}" = ${name}' for name in where]
        values = dict(where)
        if placed_in is not None:
            placements = previous_rows(self.layout, "placements", self.earlier)
            conditions.append(
                f"digest IN (SELECT digest FROM ({placements}) WHERE registry_id = $placed_in)"  # noqa: S608  our own query
            )
            values[_PLACED_IN] = placed_in
        return _asked(" WHERE ".join([query, " AND ".join(conditions) or "true"]), values)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _asked(query: str, values: dict[str, str]) -> list[tuple[Any, ...]]:
    with closing(views.connect(memory=_MEMORY)) as con:
        try:
            return con.execute(query, values or None).fetchall()
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            told = str(error).partition("\n")[0]
            raise WarehouseError(f"{told}; ask registry-audit verify") from error


_: type[Memory] = StoredMemory
