"""Rows on their way to a table, held as columns: no object per finding survives the parser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import pyarrow as pa

from audit.tables import TABLES

Cells: TypeAlias = "Sequence[Any] | pa.Array[Any] | pa.ChunkedArray[Any]"
"""A column's cells in Python's form or in Arrow's."""


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
        self.data: dict[str, Any] = {name: [] for name in names if name not in constants}
        self._appends = [(name, cells.append) for name, cells in self.data.items()]
        self.rows = 0

    def append(self, **row: Any) -> None:  # noqa: ANN401  cell values
        """Add one row; names that are not columns are refused."""
        for name, append in self._appends:
            append(row.get(name))
        self.rows += 1
        if not row.keys() <= self.data.keys():
            raise KeyError(f"{self.table} has no free column {sorted(row.keys() - self.data)}")

    def extend(self, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows whose cells are in the order of ``names``; a page at once costs a third.

        Raises:
            KeyError: A name is not a free column of the table.
            ValueError: A row has another number of cells.
        """
        if not rows:
            return
        told = dict(zip(names, zip(*rows, strict=True), strict=True))
        if not told.keys() <= self.data.keys():
            raise KeyError(f"{self.table} has no free column {sorted(told.keys() - self.data)}")
        nothing = (None,) * len(rows)
        for name, cells in self.data.items():
            cells.extend(told.get(name, nothing))
        self.rows += len(rows)

    def anew(self, **constants: Any) -> Columns:  # noqa: ANN401  cell values
        """Return the same rows with other constants in place of their own, which must be columns.

        Cells are shared: neither block may grow after.
        """
        told = Columns(self.table, **{**self.constants, **constants})
        told.data = {name: self.data[name] for name in told.data}
        told.rows = self.rows
        return told

    def fill(self, cells: Mapping[str, Cells], rows: int) -> None:
        """Make an empty block of whole columns, some of them in Arrow's form already.

        For sources that state the same of many images: rows are then gathered, not built. The
        block takes no more rows.

        Args:
            cells: Sequences, or Arrow arrays of the column's type, by column; ``rows`` cells each.
            rows: How many rows there are.

        Raises:
            KeyError: A name is not a free column of the table.
            ValueError: A column has another number of cells, or there are rows already.
        """
        if not cells.keys() <= self.data.keys():
            raise KeyError(f"{self.table} has no free column {sorted(cells.keys() - self.data)}")
        if self.rows or any(len(column) != rows for column in cells.values()):
            raise ValueError(f"columns of {self.table} do not have {rows} cells each")
        self.data = {name: cells.get(name, [None] * rows) for name in self.data}
        self._appends = [("", _refused)]
        self.rows = rows

    def __len__(self) -> int:
        return self.rows


def _refused(_: object) -> NoReturn:
    raise TypeError("a block of whole columns takes no more rows")
