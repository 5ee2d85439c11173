"""Rows on their way to a table, held as columns: no object per finding survives the parser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.tables import TABLES


class Columns:
    """A growing block of rows of one table.

    Constants (such as provider and registry_id) are given once and repeat for every row.
    A column that is neither a constant nor given in a row is null.

    Args:
        table: A name in ``audit.tables.TABLES``.
        constants: Values that hold for every row of this block.

    Raises:
        KeyError: A name is not a column of the table.
    """

    def __init__(self, table: str, **constants: Any) -> None:  # noqa: ANN401  cell values
        self.table = table
        self.constants: Mapping[str, Any] = constants
        names = TABLES[table].stored_names
        unknown = constants.keys() - set(names)
        if unknown:
            raise KeyError(f"{table} has no column {sorted(unknown)}")
        self.data: dict[str, list[Any]] = {name: [] for name in names if name not in constants}
        self._appends = [(name, cells.append) for name, cells in self.data.items()]
        self.rows = 0

    def append(self, **row: Any) -> None:  # noqa: ANN401  cell values
        """Add one row; names that are not columns are refused."""
        for name, append in self._appends:
            append(row.get(name))
        self.rows += 1
        if not row.keys() <= self.data.keys():
            raise KeyError(f"{self.table} has no free column {sorted(row.keys() - self.data)}")

    def fill(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add many rows at once; columns that are not named are null.

        Raises:
            KeyError: A name is not a free column of the table.
        """
        if not set(names) <= self.data.keys():
            raise KeyError(f"{self.table} has no free column {sorted(set(names) - set(self.data))}")
        named = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
        for name, cells in self.data.items():
            cells.extend(named.get(name, [None] * len(rows)))
        self.rows += len(rows)

    def __len__(self) -> int:
        return self.rows
