"""One image through a scanner: its SBOM matched, and what came of it as rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from audit.errors import WarehouseError
from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports import Judgement, RunContext, ScanError, Scanner, ScannerFacts, Sink
from audit.scanning.contents import Contents
from audit.scanning.plan import Action, Wanted
from audit.store.sboms import StoredSbom


@dataclass(frozen=True)
class Looked:
    """What became of one image.

    Attributes:
        statements: Findings that were stated.
        error: Why it could not be looked at; None where it was.
    """

    statements: int
    error: ScanError | None = None


@dataclass(frozen=True)
class Looker:
    """Looks at the images of one run with one scanner. Thread-safe.

    Attributes:
        over: Says so once the time of the budget is over.
        max_age: Age of the scanner's database up to which a look is fresh.
    """

    scanner: Scanner
    facts: ScannerFacts
    contents: Contents
    context: RunContext
    max_age: timedelta
    over: Callable[[], str]

    def look(self, wanted: Wanted, sink: Sink) -> Looked:
        """Look at one image and write its rows, whatever becomes of it."""
        if wanted.action is Action.LEAVE:
            error = ScanError(wanted.reason, code="Budget", state=State.NOT_SCANNED)
            return self._refused(wanted, error, sink)
        try:
            return self._looked(wanted, sink)
        except ScanError as error:
            return self._refused(wanted, error, sink)

    def _looked(self, wanted: Wanted, sink: Sink) -> Looked:
        over = self.over()
        if over:
            raise ScanError(over, code="Budget", state=State.NOT_SCANNED)
        sbom, note = self._sbom(wanted, sink)
        blocks: list[Columns] = []
        try:
            with self.contents.sboms.opened(sbom) as file:
                told = self.scanner.match(file, blocks.append)
        except WarehouseError as error:
            raise ScanError(str(error), code="SbomLost") from error
        statements = sum(block.rows for block in blocks if block.table == "findings")
        for block in blocks:
            self._put(block, wanted, sink)
        self._assess(wanted, sink, self._row(told, note))
        return Looked(statements)

    def _sbom(self, wanted: Wanted, sink: Sink) -> tuple[StoredSbom, str]:
        """Return the SBOM to match, and what is to be said of it."""
        if wanted.action is Action.MATCH and wanted.sbom:
            return wanted.sbom, self._older(wanted.sbom)
        try:
            return self.contents.made(wanted, sink), ""
        except ScanError as error:
            if wanted.sbom is None:
                raise
            return wanted.sbom, f"{self._older(wanted.sbom)}: {error.message}"

    def _older(self, sbom: StoredSbom) -> str:
        if sbom.tool_version == self.facts.describer:
            return ""
        return f"what is in it was read by version {sbom.tool_version} and not anew"

    def _row(self, told: Judgement, note: str) -> dict[str, Any]:
        age = aged(self.facts, self.context.moment, self.max_age)
        age = age if told.state is State.ASSESSED else ""
        state = State.STALE if age else told.state
        looked = state is State.ASSESSED
        return {
            "state": state.value,
            "reason": "; ".join(filter(None, (age, told.reason, note))),
            "native_status": told.native_status,
            "scanned_at": self.context.moment,
            "basis": "read" if looked else None,
            "content_hash": told.content_hash if looked else None,
        }

    def _refused(self, wanted: Wanted, error: ScanError, sink: Sink) -> Looked:
        self._assess(wanted, sink, {"state": error.state.value, "reason": error.message})
        if error.code != "Budget":
            self.context.log.warning(
                "%s could not look at an image: %s",
                self.scanner.name,
                error.message,
                extra={"digest": wanted.digest, "error_code": error.code},
            )
        return Looked(0, error)

    def _put(self, block: Columns, wanted: Wanted, sink: Sink) -> None:
        """Write a block; what is stated of an image is stated of each of its places."""
        if block.table != "findings":
            sink.write(block)
            return
        for place in wanted.places:
            sink.write(
                block.anew(
                    provider=place.provider,
                    registry_id=place.registry_id,
                    repository=place.repository,
                    digest=wanted.digest,
                    source=self.scanner.name,
                    observed_run_id=self.context.run_id,
                )
            )

    def _assess(self, wanted: Wanted, sink: Sink, row: dict[str, Any]) -> None:
        assess(wanted, sink, self.context, self.scanner.name, _by(self.facts) | row)


def aged(facts: ScannerFacts, moment: datetime, max_age: timedelta) -> str:
    """Say so where what a scanner knows is too old, or of unknown age; else nothing."""
    known = facts.db_updated_at
    if known is None:
        return "the scanner does not tell how old its database is"
    if moment - known <= max_age:
        return ""
    return f"its database of {known:%Y-%m-%d} is older than {max_age.days} days"


def _by(facts: ScannerFacts) -> dict[str, Any]:
    return {"scanner_version": facts.version, "db_updated_at": facts.db_updated_at}


def assess(
    wanted: Wanted, sink: Sink, context: RunContext, source: str, row: dict[str, Any]
) -> None:
    """Write what is to be said of an image, for each of its places."""
    block = Columns("assessments", source=source, observed_run_id=context.run_id)
    for place in wanted.places:
        block.append(
            provider=place.provider,
            registry_id=place.registry_id,
            repository=place.repository,
            digest=wanted.digest,
            **row,
        )
    sink.write(block)
