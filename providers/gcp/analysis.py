"""Reads what Artifact Analysis says of a project's images, and judges each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    DisabledError,
    SourceError,
    UnavailableError,
)
from audit.model.columns import Columns
from audit.model.enums import ImageKind, State
from audit.model.scope import ScopeOutcome, ScopeTally
from audit.ports import RunContext, Sink
from providers.gcp.inventory import Placed
from providers.gcp.names import Where, place_of
from providers.gcp.parse_discovery import (
    Discovery,
    Verdict,
    discovery_of,
    newer,
    undiscovered,
    verdict_of,
)
from providers.gcp.parse_vulnerability import statements_of, vulnerability_row
from providers.gcp.scopes import PROVIDER, SOURCE, findings_scope, tallied
from providers.gcp.values import Message

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


class Analysis:
    """One project's occurrences, against the images placed in it."""

    def __init__(
        self,
        clients: GcpClients,
        sink: Sink,
        context: RunContext,
        *,
        project: str,
        placed: Mapping[Where, Placed],
        stale_after: timedelta,
    ) -> None:
        self._clients, self._sink, self._context = clients, sink, context
        self._project, self._placed, self._stale_after = project, placed, stale_after
        self._tally = ScopeTally(findings_scope(project))
        self._discoveries: dict[Where, Discovery] = {}
        self._described: set[str] = set()
        self._unreachable: set[str] = set()

    def read(self) -> ScopeOutcome:
        """Read findings and write an assessment for every image placed.

        ``listed`` counts statements, those about images that are not placed included.
        """
        self._read_discoveries()
        if not isinstance(self._tally.first_error, AccessDeniedError | DisabledError):
            self._read_vulnerabilities()
        self._write_assessments()
        return self._tally.finish()

    def _pages(self, kind: str) -> Iterator[Message]:
        """Yield the pages of one kind; a region that did not answer makes the scope incomplete."""
        for page in tallied(self._clients.occurrence_pages(self._project, kind), self._tally):
            for region in sorted(set(page.unreachable) - self._unreachable):
                self._unreachable.add(region)
                self._tally.fail(
                    UnavailableError(
                        f"no answer from {region}",
                        operation="containeranalysis:ListOccurrences",
                        code="unreachable",
                    )
                )
            yield page

    def _read_discoveries(self) -> None:
        for page in self._pages("DISCOVERY"):
            for message in page.occurrences:
                try:
                    self._discover(message)
                except BrokenPageError as error:
                    self._tally.fail(error)

    def _discover(self, message: Message) -> None:
        discovery = discovery_of(message)
        where = place_of(discovery.resource_uri) if discovery else None
        if discovery and where and where in self._placed:
            self._discoveries[where] = newer(self._discoveries.get(where), discovery)

    def _read_vulnerabilities(self) -> None:
        for page in self._pages("VULNERABILITY"):
            findings = Columns(
                "findings",
                provider=PROVIDER,
                source=SOURCE,
                observed_run_id=self._context.run_id,
            )
            vulnerabilities = Columns("vulnerabilities")
            for message in page.occurrences:
                try:
                    self._take(message, findings, vulnerabilities)
                except BrokenPageError as error:
                    self._tally.fail(error)
            self._sink.write(vulnerabilities)
            self._sink.write(findings)

    def _take(self, message: Message, findings: Columns, vulnerabilities: Columns) -> None:
        statements = statements_of(message)
        self._tally.listed += len(statements)
        where = place_of(message.resource_uri)
        if where is None or where not in self._placed:
            return
        for statement in statements:
            findings.append(**where._asdict(), **statement)
        identifier = statements[0]["vulnerability_id"]
        if identifier not in self._described:
            self._described.add(identifier)
            vulnerabilities.append(**vulnerability_row(message))

    def _write_assessments(self) -> None:
        block = Columns(
            "assessments", provider=PROVIDER, source=SOURCE, observed_run_id=self._context.run_id
        )
        for where, placed in self._placed.items():
            if placed.kind is ImageKind.IMAGE:
                verdict = self._verdict(where, placed)
                block.append(**where._asdict(), **verdict._asdict() | {"state": str(verdict.state)})
        self._sink.write(block)

    def _verdict(self, where: Where, placed: Placed) -> Verdict:
        discovery = self._discoveries.get(where)
        if discovery is None:
            verdict = undiscovered(placed.child.platform if placed.child else None)
        else:
            verdict = verdict_of(discovery, self._context.moment, self._stale_after)
        error = self._tally.first_error
        if error is None:
            return verdict
        state, reason = self._blindness(error)
        return verdict._replace(state=state, reason=reason)

    def _blindness(self, error: SourceError) -> tuple[State, str]:
        """Say what an incomplete listing makes of every image: any of them may lack statements."""
        if isinstance(error, AccessDeniedError):
            return State.DENIED, f"listing the occurrences was denied ({error.code})"
        if isinstance(error, DisabledError) and not self._discoveries and not self._tally.listed:
            return State.NOT_SCANNED, "Artifact Analysis is switched off in the project"
        return State.UNKNOWN, f"the listing of findings was incomplete ({error.code})"
