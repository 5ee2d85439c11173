"""What the run before held, for providers that go on from there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
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
_MEMORY = "256MB"


@dataclass(frozen=True)
class StoredMemory:
    """The snapshot of the newest run of ``earlier``; see :class:`audit.ports.Memory`.

    One engine for all questions, as opening one costs three times as much as asking it.
    """

    layout: Layout
    earlier: Ledger

    @property
    def previous_run_id(self) -> str | None:
        """The run it remembers."""
        return self.earlier.newest

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        return views.connect(memory=_MEMORY)

    def rows(
        self, table: str, columns: Sequence[str], **where: str | Collection[str]
    ) -> list[tuple[Any, ...]]:
        """Return rows of the run before; see :class:`audit.ports.Memory`."""
        if table not in COLLECTED:
            raise KeyError(f"{table} is not a table that is collected")
        unknown = {*columns, *where} - {*TABLES[table].stored_names, _PLACED_IN}
        if unknown:
            raise KeyError(f"{table} has no column {sorted(unknown)}")
        if self.previous_run_id is None:
            return []
        listed = ", ".join(f'"{name}"' for name in columns)
        conditions = " AND ".join(self._condition(*one) for one in where.items()) or "true"
        query = f"SELECT {listed} FROM ({self._told(table)}) WHERE {conditions}"  # noqa: S608  our own names
        values = {name: one if isinstance(one, str) else [*one] for name, one in where.items()}
        with self._engine.cursor() as con:
            try:
                return con.execute(query, values or None).fetchall()
            except (duckdb.InvalidInputException, duckdb.IOException) as error:
                told = str(error).partition("\n")[0]
                raise WarehouseError(f"{told}; ask registry-audit verify") from error

    def _condition(self, name: str, wanted: str | Collection[str]) -> str:
        one_of = f"= ${name}" if isinstance(wanted, str) else f"IN (SELECT unnest(${name}))"
        if name == _PLACED_IN:
            held = f"SELECT digest FROM ({self._told('placements')})"  # noqa: S608  our own query
            return f"digest IN ({held} WHERE registry_id {one_of})"
        return f'"{name}" {one_of}'

    def _told(self, table: str) -> str:
        return previous_rows(self.layout, table, self.earlier)


_: type[Memory] = StoredMemory
