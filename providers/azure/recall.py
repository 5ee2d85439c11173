"""What the run before knew of a subscription's images, and when everything was last read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from audit.model.enums import State
from audit.ports import RunContext
from providers.azure.names import PROVIDER, SOURCE
from providers.azure.placements import Place
from providers.azure.summary import marks_of
from providers.azure.values import moment

FULL_READ_NOTE, SUMMARY_NOTE, CLUSTERS_NOTE = "full_read", "summary", "clusters"
"""Names of the notes: when all was read, the marks of images, where containers were seen."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An assessment of the run before that a run can go on from."""

    words: str
    content_hash: str


@dataclass(frozen=True)
class Recall:
    """The run before.

    Attributes:
        full_read: When everything was last read; None where that is not known.
        marks: Marks of images by digest.
        judged: Placements that were assessed.
        clusters: Subscriptions in which running containers were ever seen.
        waivers: Ids of the waivers that were told of in the scope.
    """

    full_read: datetime | None = None
    marks: Mapping[str, str] = field(default_factory=dict)
    judged: Mapping[Place, Earlier] = field(default_factory=dict)
    clusters: frozenset[str] = frozenset()
    waivers: frozenset[str] = frozenset()

    def due(self, now: datetime, every: timedelta) -> bool:
        """Whether everything is to be read again; a last time in the future is not believed."""
        return self.full_read is None or not timedelta() <= now - self.full_read < every


def recall(context: RunContext, scope_id: str, registries: Iterable[str]) -> Recall:
    """Ask the memory of the run before.

    Args:
        context: The run.
        scope_id: The findings scope whose notes are meant.
        registries: Login servers of the subscription.
    """
    memory = context.memory
    if memory.previous_run_id is None:
        return Recall()
    columns, where = ("name", "value"), {"provider": PROVIDER, "scope_id": scope_id}
    notes = dict(memory.rows("reading_marks", columns, **where))
    return Recall(
        full_read=moment(notes.get(FULL_READ_NOTE)),
        marks=marks_of(notes.get(SUMMARY_NOTE)),
        judged={place: one for name in registries for place, one in _judged(context, name).items()},
        clusters=frozenset((notes.get(CLUSTERS_NOTE) or "").split()),
        waivers=frozenset(name for (name,) in memory.rows("waivers", ("waiver_id",), **where)),
    )


def _judged(context: RunContext, registry_id: str) -> dict[Place, Earlier]:
    """Return what was assessed: of another state there is nothing to go on from."""
    rows = context.memory.rows(
        "assessments",
        ("repository", "digest", "native_status", "content_hash"),
        provider=PROVIDER,
        source=SOURCE,
        registry_id=registry_id,
        told_state=str(State.ASSESSED),
    )
    return {
        Place(registry_id, repository, digest): Earlier(words, content_hash)
        for repository, digest, words, content_hash in rows
        if words and content_hash
    }
