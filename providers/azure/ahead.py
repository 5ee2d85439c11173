"""What is read of Defender before anything else: its summary, and what runs where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from audit.errors import SourceError, WarehouseError
from audit.model.scope import ScopeRef
from audit.ports import RunContext
from providers.azure.defender_queries import RUNNING, SUMMARY
from providers.azure.failures import Call
from providers.azure.graph_client import GraphClient
from providers.azure.names import READ_ASSESSMENTS
from providers.azure.placements import Place, Placements
from providers.azure.recall import CLUSTERS_NOTE, FULL_READ_NOTE, SUMMARY_NOTE, Recall, recall
from providers.azure.running import Running
from providers.azure.states import Evidence
from providers.azure.summary import Summary, noted

_SUMMARY = Call("resourcegraph:assessmentSummary", READ_ASSESSMENTS)
_RUNNING = Call("resourcegraph:runningContainers", READ_ASSESSMENTS)


@dataclass(frozen=True)
class Share:
    """What is to be read of a subscription.

    Attributes:
        batches: Images to read, one query each; None means everything.
        standing: Evidence of the placements whose rows are as the run before read them.
    """

    batches: list[list[str]] | None
    standing: Mapping[Place, Evidence] = field(default_factory=dict)


@dataclass(frozen=True)
class Ahead:
    """What was read ahead, and what the run before noted."""

    recall: Recall = field(default_factory=Recall)
    summary: Summary = field(default_factory=lambda: Summary(problem="not read"))
    running: Running = field(default_factory=Running)

    def share(self, placements: Placements, moment: datetime, full_read: timedelta) -> Share:
        """Choose what to read, and let the rest stand.

        An image's rows stand if their mark did not move since a run that could judge every
        placement of it. Images that are placed nowhere are not read.
        """
        summary = self.summary
        if summary.problem is not None or not summary.briefs:
            return Share(None)
        if self.recall.due(moment, full_read):
            return Share(None)
        placed = {name: places for name in summary.briefs if (places := placements.match(name))}
        stands = {name for name, places in placed.items() if self._stands(name, places)}
        batches = summary.batches(placed.keys() - stands)
        if batches and summary.cost(batches) >= summary.pages():
            return Share(None)
        return Share(
            batches,
            {
                place: Evidence.standing(self.recall.judged[place], summary.briefs[name].changed)
                for name in stands
                for place in placed[name]
            },
        )

    def notes(
        self, counted: Mapping[str, int], moment: datetime, *, believed: bool, everything: bool
    ) -> dict[str, str]:
        """Return the notes for the next run.

        Args:
            counted: Rows that came or stand, by digest.
            moment: The run's.
            believed: What was read is all there is.
            everything: All rows were read, not only those that changed.
        """
        notes = {CLUSTERS_NOTE: self.running.note()} if self.running.clusters else {}
        if believed and self.summary.problem is None:
            notes[SUMMARY_NOTE] = noted(self.summary, counted)
            if everything:
                notes[FULL_READ_NOTE] = moment.isoformat()
        return notes

    def _stands(self, name: str, places: Iterable[Place]) -> bool:
        brief = self.summary.briefs[name]
        same = brief.changed is not None and self.recall.marks.get(name) == brief.mark
        return same and all(place in self.recall.judged for place in places)


def look_ahead(
    graph: GraphClient, ref: ScopeRef, context: RunContext, registries: Iterable[str]
) -> Ahead:
    """Read ahead. What cannot be read is warned of and costs time, not truth.

    Args:
        graph: Resource Graph of the tenant.
        ref: The findings scope of the subscription.
        context: The run.
        registries: Login servers of the subscription.
    """
    before = _before(ref, context, registries)
    summary, running = Summary(), Running(expected=before.clusters)
    try:
        for page in graph.pages(SUMMARY, (ref.account,), _SUMMARY):
            summary.take(page)
    except SourceError as error:
        summary.problem = str(error)
    if summary.problem is not None:
        context.log.warning("%s: no summary, all is read: %s", ref.scope_id, summary.problem)
    try:
        # The whole tenant is asked: a cluster need not lie where its images do.
        told = [running.take(page) for page in graph.pages(RUNNING, (), _RUNNING)]
    except SourceError as error:
        context.log.warning("%s: what runs is not known: %s", ref.scope_id, error)
    else:
        running.whole = all(told) and summary.problem is None
        running.stated = summary.briefs.keys()
    return Ahead(before, summary, running)


def _before(ref: ScopeRef, context: RunContext, registries: Iterable[str]) -> Recall:
    """Recall the run before; where its snapshot is damaged, read as if there were none."""
    try:
        return recall(context, ref.scope_id, registries)
    except WarehouseError as error:
        context.log.warning(
            "%s: all is read, as the run before is damaged: %s", ref.scope_id, error
        )
        return Recall()
