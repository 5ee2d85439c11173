"""Reads what Artifact Analysis says of a project's images, and judges each of them.

DISCOVERY comes first, whole: one occurrence an image, which says when its statements last changed.
Statements are then read of the images that moved since the run before, or all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from audit.errors import AccessDeniedError, DisabledError, SourceError
from audit.model.columns import Columns
from audit.model.scope import ScopeOutcome, ScopeTally
from audit.ports import RunContext, Sink
from providers.gcp.asking import Asking, FilterRefusedError, reached
from providers.gcp.counts import counted, unread
from providers.gcp.discoveries import Discoveries
from providers.gcp.inventory import Placed
from providers.gcp.marks import NAME, Known, Mark
from providers.gcp.names import Where
from providers.gcp.parse_discovery import verdict_of
from providers.gcp.reading import Judged, is_dearer, moved
from providers.gcp.recall import Recall
from providers.gcp.scopes import PROVIDER, SOURCE, findings_scope
from providers.gcp.settings import GcpSettings
from providers.gcp.stated import StatedOnce
from providers.gcp.statements import StatementWriter
from providers.gcp.verdicts import Verdicts, blinded

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

_READ, _REMEMBERED = "read", "remembered"


@dataclass(frozen=True)
class Shared:
    """What the readings of all projects of one run share.

    Attributes:
        recall: What the run before knew.
        once: What was parsed already.
    """

    settings: GcpSettings
    context: RunContext
    recall: Recall
    once: StatedOnce


class Analysis:
    """One project's occurrences, against the images placed in it."""

    def __init__(
        self,
        clients: GcpClients,
        sink: Sink,
        shared: Shared,
        *,
        project: str,
        placed: Mapping[Where, Placed],
    ) -> None:
        self._clients, self._sink, self._shared = clients, sink, shared
        self._project, self._placed = project, placed
        self._tally = ScopeTally(findings_scope(project))
        self._scope_id = self._tally.ref.scope_id
        self._mark = shared.recall.mark(self._scope_id)
        self._writer = StatementWriter(sink, shared.context.run_id, shared.once, clients.wire)
        self._discoveries = Discoveries(placed)
        self._unreachable: set[str] = set()
        self._blind: SourceError | None = None
        self._spoiled: dict[Where, SourceError] = {}
        self._read: set[Where] = set()
        self._all = False

    def read(self) -> ScopeOutcome:
        """Read findings and write an assessment for every image placed.

        ``listed`` counts statements, those about images that are not placed included.
        """
        pages = self._clients.discovery_pages(self._project)
        self._discoveries.read(reached(pages, self._tally, self._unreachable), self._tally)
        self._blind = self._tally.first_error
        if self._is_worth_reading():
            self._read_statements()
        self._write_assessments()
        if self._tally.complete:
            self._write_mark()
        return self._tally.finish()

    def _is_worth_reading(self) -> bool:
        """Whether statements are read: not where that is refused, or what stands is on record."""
        if isinstance(self._blind, AccessDeniedError | DisabledError):
            return False
        return self._blind is None or self._mark is None

    def _read_statements(self) -> None:
        about = self._discoveries.about
        asking = Asking(self._clients, self._project, self._tally, self._writer, about)
        self._spoiled = asking.spoiled
        wanted = self._moved()
        if wanted is not None:
            try:
                asking.about(wanted)
            except FilterRefusedError:
                self._log("Google does not take a filter by image; everything is read")
            else:
                self._read = set(wanted)
                if self._fell_silent():
                    self._check_counts()
                return
        asking.everything(self._unreachable)
        self._all, self._read = True, set(about.values())
        self._blind = self._tally.first_error
        if self._blind is None:
            self._check_counts()

    def _moved(self) -> dict[Where, str] | None:
        """Return the images to ask about; None where everything is to be read."""
        mark, shared = self._mark, self._shared
        days = shared.settings.full_read_days
        if mark is None or mark.is_due(self._scope_id, shared.context.moment, days):
            return None
        stale_after = timedelta(shared.settings.stale_after_days)
        images = {
            where: Judged(one, verdict_of(one, shared.context.moment, stale_after))
            for where, one in self._discoveries.images.items()
        }
        wanted = moved(images, mark, shared.recall.told())
        return None if is_dearer(len(wanted), len(images), mark) else wanted

    def _fell_silent(self) -> bool:
        """Whether a filter held nothing of an image of which there was something before.

        It may be mended; or the filter does not mean what it says.
        """
        known = ((where, self._mark.of(where)) for where in self._read) if self._mark else ()
        return any(
            one and one.statements and not self._writer.counts[where] for where, one in known
        )

    def _check_counts(self) -> None:
        """Compare what was read with Google's own count of it, where that is to be had."""
        try:
            self._tally.api_calls += 1
            summary = self._clients.vulnerability_counts(self._project)
        except SourceError as error:
            self._log(f"what was read could not be checked: {error}")
            return
        found = counted(summary, self._discoveries.about)
        counts = {where: count for where, count in found.items() if where in self._read}
        for where, missed in unread(counts, self._writer.counts).items():
            self._spoiled[where] = missed
            self._tally.fail(missed)
        other = sum(self._writer.counts[where] != count for where, count in counts.items())
        if other:
            self._log(f"Google counts other numbers of vulnerabilities for {other} images")

    def _write_assessments(self) -> None:
        context = self._shared.context
        verdicts = Verdicts(context.moment, timedelta(self._shared.settings.stale_after_days))
        block = Columns(
            "assessments", provider=PROVIDER, source=SOURCE, observed_run_id=context.run_id
        )
        told, found = self._shared.recall.told(), self._discoveries.images
        for where in self._discoveries.judged():
            verdict = verdicts.of(found.get(where), self._placed[where].child, told.get(where))
            if missing := self._blind or self._spoiled.get(where):
                nothing_told = not (found or self._tally.listed)
                verdict = blinded(verdict, missing, nothing_told=nothing_told)
            cells = verdict._asdict() | {"state": str(verdict.state), "basis": self._basis(where)}
            block.append(**where._asdict(), **cells)
        self._sink.write(block)

    def _basis(self, where: Where) -> str | None:
        """Say what the answer about an image rests on; None where it rests on nothing."""
        if self._blind or where in self._spoiled:
            return None
        remembered = where in self._discoveries.images and where not in self._read
        return _REMEMBERED if remembered else _READ

    def _write_mark(self) -> None:
        """Note how far the reading went: only of one that went to its end."""
        before, moment = self._mark, self._shared.context.moment
        if self._all or before is None:
            mark = Mark(moment, self._writer.occurrences)
        else:
            mark = Mark(before.full, before.occurrences)
        for where, found in self._discoveries.images.items():
            known = before.of(where) if before else None
            if where in self._read:
                counted_here = self._writer.counts[where]
                known = Known(found.status, found.results_changed, counted_here)
            if known is not None and known.changed is not None:
                mark.note(where, known)
        block = Columns(
            "reading_marks",
            provider=PROVIDER,
            scope_id=self._scope_id,
            observed_run_id=self._shared.context.run_id,
        )
        block.append(name=NAME, value=mark.text())
        self._sink.write(block)

    def _log(self, text: str) -> None:
        self._shared.context.log.warning(text, extra={"scope": self._scope_id})
