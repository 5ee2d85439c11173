"""One image through a scanner: its SBOM matched, and what came of it as rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from audit.errors import WarehouseError
from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports import Judgement, RunContext, ScanError, Scanner, ScannerFacts, Sink
from audit.scanning.contents import Contents
from audit.scanning.plan import Action, Wanted
from audit.store.sboms import SBOM_LOST, StoredSbom

BUDGET = "Budget"
"""Code of what was left because the operator bounded it: no failure."""


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

    def look(self, wanted: Wanted, sink: Sink) -> ScanError | None:
        """Look at one image and write its rows; return why it could not be looked at, if so."""
        try:
            self._looked(wanted, sink)
        except ScanError as error:
            self._refused(wanted, error, sink)
            return error
        return None

    def _looked(self, wanted: Wanted, sink: Sink) -> None:
        left = wanted.reason if wanted.action is Action.LEAVE else self.over()
        if left and wanted.action is Action.RENEW:
            # No pull is begun with; what is known of it is matched all the same.
            wanted, left = replace(wanted, action=Action.MATCH), ""
        if left:
            raise ScanError(left, code=BUDGET, state=State.NOT_SCANNED)
        sbom, note = self._sbom(wanted, sink)
        blocks: list[Columns] = []
        try:
            with self.contents.sboms.opened(sbom) as file:
                judged = self.scanner.match(file, blocks.append)
        except WarehouseError as error:
            again = "its SBOM is lost or damaged; the next run pulls the image again"
            raise ScanError(again, code=SBOM_LOST, told=str(error)) from error
        for block in blocks:
            self._put(block, wanted, sink)
        self._assess(wanted, sink, self._row(wanted, judged, note))

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
        by = self.facts.describer
        if sbom.tool_version != by.version:
            return f"what is in it was read by version {sbom.tool_version} and not anew"
        missed = sorted(by.looks_for - sbom.asked_for)
        return f"it was not looked into for {' and '.join(missed)}" if missed else ""

    def _row(self, wanted: Wanted, told: Judgement, note: str) -> dict[str, Any]:
        age = aged(self.facts, self.context.moment, self.max_age, wanted.database_used)
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

    def _refused(self, wanted: Wanted, error: ScanError, sink: Sink) -> None:
        if error.code == BUDGET:
            # Nobody tried: what an earlier run found holds for its time, untouched.
            left = tuple(place for place in wanted.places if not place.answered)
            self._assess(replace(wanted, places=left), sink, refusal(error))
            return
        self._assess(wanted, sink, refusal(error))
        self.context.log.warning(
            "%s could not look at an image: %s",
            self.scanner.name,
            error,
            extra={"digest": wanted.digest, "error_code": error.code},
        )

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


def aged(
    facts: ScannerFacts, moment: datetime, max_age: timedelta, used: datetime | None = None
) -> str:
    """Say so where what a scanner knows is too old, or of unknown age; else nothing.

    Args:
        facts: What the scanner is.
        moment: The run's.
        max_age: Up to which its database is young enough.
        used: Date of the newest database of earlier runs: an older one does not know of everything
            that was stated with that, and its silence would close it.
    """
    known = facts.db_updated_at
    if known is None:
        return "the scanner does not tell how old its database is"
    if moment - known > max_age:
        return f"its database of {known:%Y-%m-%d} is older than {max_age.days} days"
    if used and known < used:
        return (
            f"its database of {known:%Y-%m-%d %H:%M} is older than one that was used before, "
            f"of {used:%Y-%m-%d %H:%M}"
        )
    return ""


def refusal(error: ScanError) -> dict[str, Any]:
    """Return what is to be said of an image that could not be looked at."""
    words = ": ".join(filter(None, (error.code, error.told)))
    return {"state": error.state.value, "reason": error.message, "native_status": words}


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
