"""What a report must be, and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol


class RunReader(Protocol):
    """One published run, open for questions (implemented by the store)."""

    run_id: str

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Run a query over the run's views and return its rows in the query's order."""

    def __hash__(self) -> int:
        """Tell open runs apart: what was asked of one once need not be asked again."""


class Report(Protocol):
    """Turns one published run into files, from the warehouse alone."""

    name: ClassVar[str]

    def render(self, run: RunReader, out: Path, language: str) -> Iterable[Path]:
        """Write the report of ``run`` below ``out`` in ``language`` (en or ja).

        Same run and language, same bytes. Returns the files written.
        """
