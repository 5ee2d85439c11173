"""Statements on their way out: held back until what their rows left out was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from audit.model.columns import Columns
from providers.azure.cve_details import CveDetails
from providers.azure.finding_rows import (
    Cells,
    Vulnerabilities,
    finding_rows,
    statement_hash,
    statements,
)
from providers.azure.parse_assessments import Software
from providers.azure.placements import Place
from providers.azure.states import Evidence

HELD = 20_000
"""Statements held back at most: they take about a kilobyte each."""


class StatementWriter:
    """Writes statements, and tells the evidence of each placement what was written."""

    def __init__(
        self,
        write: Callable[[Columns], None],
        details: CveDetails,
        evidence: dict[Place, Evidence],
        run_id: str,
    ) -> None:
        self._write, self._details, self._evidence = write, details, evidence
        self._run_id = run_id
        self._held: list[tuple[Sequence[Place], list[Cells]]] = []
        self._count = 0
        self._vulnerabilities = Vulnerabilities()

    def take(self, row: Software, places: Sequence[Place], waiver_id: str | None = None) -> None:
        """Take in a row about some placements, and the waiver of one that is exempt."""
        cells = statements(row, waiver_id)
        self._vulnerabilities.note(row.cves)
        self._details.want(cell["vulnerability_id"] for cell in cells)
        self._held.append((places, cells))
        self._count += len(cells)

    def restate(self, place: Place, cells: list[Cells]) -> None:
        """Take in what an earlier run stated of a placement."""
        self._held.append(([place], cells))
        self._count += len(cells)
        self.page_done()

    def page_done(self) -> None:
        """Write what is held where nothing is to be waited for, or too much is held."""
        if self._details.full or self._details.silenced is not None or self._count >= HELD:
            self._flush()

    def finish(self) -> None:
        """Write everything that is left, and the vulnerabilities met."""
        self._flush()
        self._write(self._vulnerabilities.rows(self._details.describe))

    def _flush(self) -> None:
        self._details.ask()
        for places, cells in self._held:
            for cell in cells:
                self._details.fill(cell)
                hashed = statement_hash(cell)
                for place in places:
                    self._evidence[place].add_statement(hashed)
        self._write(finding_rows(self._held, self._run_id))
        self._held, self._count = [], 0
