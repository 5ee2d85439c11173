"""Reads what Defender says of one subscription, and judges every image placed there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from audit.errors import AccessDeniedError, BrokenPageError, DisabledError, SourceError
from audit.model.columns import Columns
from audit.model.enums import Outcome
from audit.model.scope import ScopeOutcome, ScopeRef, ScopeTally
from audit.ports import RunContext, Sink
from providers.azure.ahead import Ahead, Share, look_ahead
from providers.azure.cve_details import CveDetails
from providers.azure.defender_queries import (
    ASSESSMENTS,
    EXEMPTIONS,
    PRICINGS,
    SUBASSESSMENTS,
    changed,
)
from providers.azure.exemptions import Exemptions
from providers.azure.failures import Call
from providers.azure.graph_client import GraphClient
from providers.azure.mute import MuteRows
from providers.azure.names import PROVIDER, READ_ASSESSMENTS, READ_EXEMPTIONS, READ_PRICINGS
from providers.azure.parse_assessments import Software, is_exempt, software
from providers.azure.parse_older import older
from providers.azure.placements import Place, Placements
from providers.azure.plans import Plan, PlanReading, plan_reading
from providers.azure.running import Running
from providers.azure.statement_writer import StatementWriter
from providers.azure.states import Circumstances, Evidence
from providers.azure.verdicts import assessment_blocks

_PRICINGS = Call("resourcegraph:pricings", READ_PRICINGS)
_ASSESSMENTS = Call("resourcegraph:assessments", READ_ASSESSMENTS)
_EXEMPTIONS = Call("resourcegraph:exemptions", READ_EXEMPTIONS)
_OLDER = Call("resourcegraph:subassessments", READ_ASSESSMENTS)


@dataclass(frozen=True)
class Terms:
    """On what terms a subscription is read.

    Attributes:
        tenant_id: The tenant it belongs to; also the id of its root management group.
        pending: Time after a push in which no row is expected.
        rescan: Age since push up to which Defender looks again.
        full_read: Time after which everything is read again, whatever seems unchanged.
        unavailable: Why there is no Defender in this cloud; None where there is.
    """

    tenant_id: str
    pending: timedelta
    rescan: timedelta
    full_read: timedelta
    unavailable: str | None = None


@dataclass(frozen=True)
class Known:
    """What the inventory knows.

    Attributes:
        placements: The images of the subscription.
        registries: ARM id in lower case -> registry_id.
    """

    placements: Placements
    registries: Mapping[str, str]

    def places(self, row: Software) -> list[Place]:
        """Return the placements of a row; an ARM id not known is no registry's login server."""
        told = row.registry_native_id
        registry_id = None if told is None else self.registries.get(told, told)
        return self.placements.match(row.digest, row.repository, registry_id)


class DefenderReader:
    """Reads one subscription: the plan, what is running, later the findings and the verdicts.

    Attributes:
        plan: Whether Defender scans registries; unknown until :meth:`read_plan`.
    """

    def __init__(
        self, ref: ScopeRef, graph: GraphClient, sink: Sink, context: RunContext, terms: Terms
    ) -> None:
        self.plan = PlanReading(Plan.UNKNOWN, reason=terms.unavailable or "not read")
        self._graph, self._sink, self._context = graph, sink, context
        self._terms, self._ahead = terms, Ahead()
        self._tally = ScopeTally(ref)
        self._exemptions = Exemptions(ref.scope_id, ref.account, context.moment)
        self._listing_error: SourceError | None = None
        self._older_error: SourceError | None = None
        self._exemptions_error: SourceError | None = None
        self._evidence: dict[Place, Evidence] = {}
        self._counted: Counter[str] = Counter()
        self._mute = MuteRows(context.memory)
        details = CveDetails(graph, terms.tenant_id, context)
        self._writer = StatementWriter(self._write, details, self._evidence, context.run_id)

    def read_plan(self) -> PlanReading:
        """Read the Defender plans (``securityresources``, microsoft.security/pricings)."""
        if self._terms.unavailable is not None:
            return self.plan
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

    def look_ahead(self, registries: Iterable[str]) -> Running:
        """Read in brief what there is to read, and which images run anywhere in the tenant.

        Neither failing is a failure of the scope: without the summary everything is read, and
        without the running containers nothing is said of use.

        Args:
            registries: Login servers of the subscription.
        """
        if self._terms.unavailable is None:
            self._ahead = look_ahead(self._graph, self._tally.ref, self._context, registries)
        return self._ahead.running

    def read_findings(self, placements: Placements, registries: Mapping[str, str]) -> ScopeOutcome:
        """Read the findings, write them, and write an assessment for every image placed.

        Args:
            placements: The inventory of the subscription.
            registries: ARM id in lower case -> registry_id, of the registries known.
        """
        if self._terms.unavailable is None:
            self._read_exemptions()
            known = Known(placements, registries)
            share = self._ahead.share(placements, self._context.moment, self._terms.full_read)
            self._read_present(known, share)
            self._read_older(known)
            self._restate_mute()
            self._writer.finish()
            self._check_silence(placements)
            self._put_notes(everything=share.batches is None)
            self._write(self._exemptions.rows(standing=self._untold_waiver_stands()))
        else:
            self._fail(DisabledError(self._terms.unavailable, code="NotOffered"))
        run_id = self._context.run_id
        for block in assessment_blocks(placements, self._evidence, self._circumstances(), run_id):
            self._write(block)
        self._tally.api_calls = self._graph.calls
        return self._finish()

    @property
    def _subscriptions(self) -> tuple[str]:
        return (self._tally.ref.account,)

    def _read_exemptions(self) -> None:
        """Read the exemptions of the whole tenant: one of a group above lies in no subscription.

        That they cannot be read loses no finding, only why and until when one is waived.
        """
        try:
            for page in self._graph.pages(EXEMPTIONS, (), _EXEMPTIONS):
                self._exemptions.take(page)
        except SourceError as error:
            self._exemptions.problem, self._exemptions_error = str(error), error
        else:
            self._exemptions.problem = None

    def _finish(self) -> ScopeOutcome:
        """Return the outcome: where the exemptions alone are missing, all findings were read."""
        told = self._tally.finish()
        if self._exemptions_error is None:
            return told
        self._fail(self._exemptions_error)
        lacking = self._tally.finish()
        whole = told.outcome is Outcome.COMPLETE
        return replace(lacking, outcome=Outcome.PARTIAL) if whole else lacking

    def _untold_waiver_stands(self) -> bool:
        """Whether rows that were not read again may rest on the waiver that nobody tells of."""
        exempt = any(
            one.earlier is not None and any(map(is_exempt, one.codes))
            for one in self._evidence.values()
        )
        return exempt and self._exemptions.untold in self._ahead.recall.waivers

    def _read_present(self, known: Known, share: Share) -> None:
        """Read the individual recommendations: all of them, or of the images that changed."""
        briefs = self._ahead.summary.briefs
        self._evidence.update(share.standing)
        self._counted.update({place.digest: briefs[place.digest].rows for place in share.standing})
        try:
            if share.batches is None:
                self._read(ASSESSMENTS, _ASSESSMENTS, software, known)
            for batch in share.batches or ():
                query = changed(briefs[name].asked_by for name in batch)
                self._read(query, _ASSESSMENTS, software, known)
        except SourceError as error:
            self._listing_failed(error)
        else:
            self._check_counts(known.placements, share.batches)

    def _check_counts(self, placements: Placements, batches: list[list[str]] | None) -> None:
        """Believe nothing of an image of which fewer rows came than the summary counts."""
        summary = self._ahead.summary
        if summary.problem is not None:
            return
        read = summary.briefs if batches is None else [n for batch in batches for n in batch]
        for name in read:
            wanted, came = summary.briefs[name].rows, self._counted[name]
            places = placements.match(name)
            if came < wanted and places:
                problem = f"{came} rows came where the summary counts {wanted}"
                self._fail(BrokenPageError(f"{name}: {problem}", operation=_ASSESSMENTS.operation))
                for place in places:
                    self._evidence.setdefault(place, Evidence()).problem = problem

    def _read_older(self, known: Known) -> None:
        """Read the older shape, of the images of which the present one says nothing."""
        if self._listing_error is not None:  # whose rows did not come cannot be told
            return
        try:
            self._read(SUBASSESSMENTS, _OLDER, older, known)
        except SourceError as error:
            self._older_error = error
            self._fail(error)

    def _read(
        self, query: str, call: Call, reader: Callable[[Mapping[str, Any]], Software], known: Known
    ) -> None:
        spoken: set[str] = set()
        if call is _OLDER:
            spoken = self._counted.keys() | self._ahead.summary.briefs.keys()
        for page in self._graph.pages(query, self._subscriptions, call):
            for raw in page:
                try:
                    row = reader(raw)
                except BrokenPageError as error:
                    self._listing_failed(error)  # a row without an image may be about any image
                    continue
                if row.digest not in spoken:
                    self._take(row, known.places(row), call)
            self._writer.page_done()

    def _take(self, row: Software, places: Sequence[Place], call: Call) -> None:
        """Count the statements, also of images that are not placed; keep what judging needs."""
        self._counted[row.digest] += 1
        self._tally.listed += len(row.cves)
        if row.problem is not None:
            self._fail(BrokenPageError(f"{row.row_id}: {row.problem}", operation=call.operation))
        for place in places:
            evidence = self._evidence.setdefault(place, Evidence())
            evidence.add(row.code, row.evaluated_at, row.problem)
        waiver = self._exemptions.waiver_of(row) if places and is_exempt(row.code) else None
        if waiver is not None and row.mute:
            self._mute.take(row, places, waiver)
        elif places:
            self._writer.take(row, places, waiver)

    def _restate_mute(self) -> None:
        """State again what exempt rows left out; an image of which that is not known is not."""
        for place, cells in self._mute.restated():
            if cells:
                self._tally.listed += len(cells)
                self._writer.restate(place, cells)
            else:
                problem = "a row is exempt and names no CVE, and no earlier run read the package"
                self._evidence[place].problem = problem
                self._fail(BrokenPageError(problem, operation=_ASSESSMENTS.operation))

    def _check_silence(self, placements: Placements) -> None:
        """Not one row for images that are scanned is a failure of the source, not a clean bill."""
        around = self._circumstances()
        if not around.silent or around.error is not None or around.older_error is not None:
            return
        waiting = sum(around.awaits(pushed_at) for _, pushed_at in placements.images())
        if waiting:
            self._fail(
                BrokenPageError(
                    f"Defender gives not a single row although its plan is on and {waiting} "
                    "images are of an age at which it scans",
                    operation=_ASSESSMENTS.operation,
                    code="NoRows",
                )
            )

    def _put_notes(self, *, everything: bool) -> None:
        """Note how far was read."""
        notes = self._ahead.notes(
            self._counted,
            self._context.moment,
            believed=self._listing_error is None,
            everything=everything,
        )
        where = {"provider": PROVIDER, "scope_id": self._tally.ref.scope_id}
        block = Columns("reading_marks", **where, observed_run_id=self._context.run_id)
        for name, value in notes.items():
            block.append(name=name, value=value)
        self._write(block)

    def _circumstances(self) -> Circumstances:
        return Circumstances(
            moment=self._context.moment,
            plan=self.plan,
            error=self._listing_error,
            older_error=self._older_error,
            silent=not self._counted and not self._ahead.summary.briefs,
            pending=self._terms.pending,
            rescan=self._terms.rescan,
            unavailable=self._terms.unavailable,
        )

    def _write(self, block: Columns) -> None:
        if len(block):
            self._sink.write(block)

    def _listing_failed(self, error: SourceError) -> None:
        self._listing_error = self._listing_error or error
        self._fail(error)

    def _fail(self, error: SourceError) -> None:
        self._tally.fail(error)
        self._context.log.warning("%s: %s", self._tally.ref.scope_id, error)


def _no_plan_seen() -> AccessDeniedError:
    """Resource Graph leaves out what the principal may not see, without an error."""
    return AccessDeniedError(
        "no Defender plan is visible in this subscription",
        operation=_PRICINGS.operation,
        code="NoRows",
        permission=_PRICINGS.permission,
    )
