"""Reads what Defender says of one subscription, and judges every image placed there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from audit.errors import AccessDeniedError, BrokenPageError, SourceError
from audit.model.columns import Columns
from audit.model.scope import ScopeOutcome, ScopeRef, ScopeTally
from audit.ports import RunContext, Sink
from providers.azure.failures import Call
from providers.azure.finding_rows import Vulnerabilities, finding_rows, statement_hash, statements
from providers.azure.graph_client import GraphClient
from providers.azure.names import PROVIDER, READ_ASSESSMENTS, READ_PRICINGS, SOURCE
from providers.azure.parse_assessments import Software, software
from providers.azure.placements import Place, Placements
from providers.azure.plans import Plan, PlanReading, plan_reading
from providers.azure.queries import ASSESSMENTS, PRICINGS
from providers.azure.states import Circumstances, Evidence, judge

_PRICINGS = Call("resourcegraph:pricings", READ_PRICINGS)
_ASSESSMENTS = Call("resourcegraph:assessments", READ_ASSESSMENTS)
_BLOCK = 10_000


@dataclass(frozen=True)
class Windows:
    """Times that say what the absence of rows may mean."""

    pending: timedelta
    rescan: timedelta


class DefenderReader:
    """Reads one subscription: first the plan, later the findings, then the verdicts.

    Attributes:
        plan: Whether Defender scans registries; unknown until :meth:`read_plan`.
    """

    def __init__(
        self, ref: ScopeRef, graph: GraphClient, sink: Sink, context: RunContext, windows: Windows
    ) -> None:
        self.plan = PlanReading(Plan.UNKNOWN, reason="not read")
        self._graph, self._sink, self._context = graph, sink, context
        self._windows = windows
        self._tally = ScopeTally(ref)
        self._rows = 0
        self._listing_error: SourceError | None = None
        self._evidence: dict[Place, Evidence] = {}
        self._vulnerabilities = Vulnerabilities()

    def read_plan(self) -> PlanReading:
        """Read the Defender plans (``securityresources``, microsoft.security/pricings)."""
        rows: list[dict[str, Any]] = []
        try:
            for page in self._graph.pages(PRICINGS, self._subscriptions, _PRICINGS):
                rows.extend(page)
            if not rows:
                raise _no_plan_seen()
        except SourceError as error:
            self._fail(error)
            self.plan = PlanReading(Plan.UNKNOWN, reason=str(error))
        else:
            self.plan = plan_reading(rows)
        return self.plan

    def read_findings(self, placements: Placements, registries: Mapping[str, str]) -> ScopeOutcome:
        """Read the findings, write them, and write an assessment for every image placed.

        Args:
            placements: The inventory of the subscription.
            registries: ARM id in lower case -> registry_id, of the registries known.
        """
        try:
            for page in self._graph.pages(ASSESSMENTS, self._subscriptions, _ASSESSMENTS):
                self._page(page, placements, registries)
        except SourceError as error:
            self._listing_failed(error)
        self._write(self._vulnerabilities.rows())
        self._assess(placements)
        self._tally.api_calls = self._graph.calls
        return self._tally.finish()

    @property
    def _subscriptions(self) -> tuple[str]:
        return (self._tally.ref.account,)

    def _page(
        self,
        page: Iterable[Mapping[str, Any]],
        placements: Placements,
        registries: Mapping[str, str],
    ) -> None:
        placed = []
        for raw in page:
            self._rows += 1
            try:
                row = software(raw)
            except BrokenPageError as error:
                self._listing_failed(error)  # a row without an image may be about any image
                continue
            places = _places(row, placements, registries)
            cells = statements(row)
            placed.append((places, cells))
            self._note(row, places, cells)
        self._write(finding_rows(placed, self._context.run_id))

    def _note(self, row: Software, places: Iterable[Place], cells: list[dict[str, Any]]) -> None:
        """Count the statements, also of images that are not placed; keep what judging needs."""
        self._tally.listed += len(cells)
        self._vulnerabilities.note(row.cves)
        if row.problem is not None:
            self._fail(
                BrokenPageError(f"{row.row_id}: {row.problem}", operation=_ASSESSMENTS.operation)
            )
        hashes = [statement_hash(cell) for cell in cells]
        for place in places:
            evidence = self._evidence.setdefault(place, Evidence())
            evidence.add(row.code, row.evaluated_at, row.problem)
            for hashed in hashes:
                evidence.add_statement(hashed)

    def _assess(self, placements: Placements) -> None:
        around = Circumstances(
            moment=self._context.moment,
            plan=self.plan,
            error=self._listing_error,
            silent=self._rows == 0,
            pending=self._windows.pending,
            rescan=self._windows.rescan,
        )
        block = self._block()
        for place, pushed_at in placements.images():
            evidence = self._evidence.get(place)
            verdict = judge(evidence, pushed_at, around)
            block.append(
                **place._asdict(),
                state=str(verdict.state),
                reason=verdict.reason,
                native_status=evidence.words if evidence else None,
                content_hash=evidence.content_hash if evidence else None,
            )
            if len(block) == _BLOCK:
                self._write(block)
                block = self._block()
        self._write(block)

    def _block(self) -> Columns:
        run_id = self._context.run_id
        return Columns("assessments", provider=PROVIDER, source=SOURCE, observed_run_id=run_id)

    def _write(self, block: Columns) -> None:
        if len(block):
            self._sink.write(block)

    def _listing_failed(self, error: SourceError) -> None:
        self._listing_error = self._listing_error or error
        self._fail(error)

    def _fail(self, error: SourceError) -> None:
        self._tally.fail(error)
        self._context.log.warning("%s: %s", self._tally.ref.scope_id, error)


def _places(row: Software, placements: Placements, registries: Mapping[str, str]) -> list[Place]:
    """Return the placements of a row; an ARM id that is not known is no registry's login server."""
    told = row.registry_native_id
    registry_id = None if told is None else registries.get(told, told)
    return placements.match(row.digest, row.repository, registry_id)


def _no_plan_seen() -> AccessDeniedError:
    """Resource Graph leaves out what the principal may not see, without an error."""
    return AccessDeniedError(
        "no Defender plan is visible in this subscription",
        operation=_PRICINGS.operation,
        code="NoRows",
        permission=_PRICINGS.permission,
    )
