"""The right figures of an estate, night by night, computed from its description alone.

This is the oracle of the tests: plain Python over the description, sharing no code with the
adapters, the store or the judgement. Feed it the nights in order; it remembers what an auditor
who read each night's answers would know.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from providers.loopback.answers import (
    Answers,
    answered,
    inventory_outcome,
    listed,
    scope_of,
    worst,
)
from providers.loopback.estate import Estate, Image, Place, Statement
from providers.loopback.scans import FORGETFUL, source_of

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
Where = tuple[str, str, str]
"""(registry_id, repository, digest)"""


@dataclass(frozen=True)
class Policy:
    """The default policy of the product."""

    newest_tagged: int = 10
    used_within: timedelta = timedelta(days=30)
    evidence_window: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class Known:
    """What is known of one placement: the image as last listed, and when."""

    provider: str
    scope_id: str
    source: str
    image: Image
    listed_at: datetime


@dataclass(frozen=True)
class Judged:
    """The assessment of one placement: state shown, state the source gave tonight, findings."""

    state: str
    raw: str
    answered_at: datetime


@dataclass(frozen=True)
class Held:
    """One exposure as remembered."""

    state: str
    carriers: frozenset[str]
    carrier_pushed: datetime | None
    scope_id: str
    severity: str = "UNKNOWN"
    fix: str = "unknown"
    event: str = ""
    reason: str = ""
    missed: bool = False
    """A source that forgets for a night did not state it when it last looked everywhere."""


ExposureKey = tuple[str, str, str, str]
"""(registry_id, repository, vulnerability_id, package)"""


@dataclass
class Night:
    """The right figures of one night."""

    scopes: dict[str, str] = field(default_factory=dict)
    placements: dict[Where, Known] = field(default_factory=dict)
    current: set[Where] = field(default_factory=set)
    assessments: dict[Where, Judged] = field(default_factory=dict)
    findings: dict[Where, dict[Statement, datetime]] = field(default_factory=dict)
    exposures: dict[ExposureKey, Held] = field(default_factory=dict)
    moment: datetime = _LONG_AGO

    def assessable(self) -> list[Where]:
        """Return the placements of images that a scanner can judge."""
        return [w for w, known in self.placements.items() if known.image.kind == "image"]

    def changes(self) -> Counter[tuple[str, str]]:
        """Return how many exposures changed tonight, by (event, reason)."""
        return Counter((e.event, e.reason) for e in self.exposures.values() if e.event)

    def open_exposures(self) -> dict[ExposureKey, Held]:
        """Return the exposures that are open, unconfirmed ones included."""
        return {key: held for key, held in self.exposures.items() if held.state != "closed"}


class Oracle:
    """Knows the truth of a sequence of nights."""

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._last = Night()
        self._stated_before: dict[ExposureKey, Carriers] = {}

    def advance(self, estate: Estate) -> Night:
        """Return the right figures after a run at ``estate.moment``."""
        night = Night(moment=estate.moment)
        for place in estate.places:
            self._look(estate, place, night)
        self._carry(night)
        night.current = self._current(night)
        self._window(night)
        self._expose(night)
        self._last = night
        return night

    def _look(self, estate: Estate, place: Place, night: Night) -> None:
        answers = answered(estate, place)
        for registry in place.registries:
            scope_id = scope_of(place, registry)
            images = list(listed(estate, place, registry))
            outcome = inventory_outcome(estate, place, registry)
            night.scopes[scope_id] = worst(night.scopes.get(scope_id), outcome)
            for repository, image in images:
                where = (registry.registry_id, repository, image.digest)
                source = source_of(place)
                night.placements[where] = Known(
                    place.provider, scope_id, source, image, night.moment
                )
                if image.kind == "image":
                    self._judge(night, where, image, answers)

    def _judge(self, night: Night, where: Where, image: Image, answers: Answers) -> None:
        assert image.scan is not None  # noqa: S101  the description's own promise
        state = answers.state(image)
        night.assessments[where] = Judged(state, state, night.moment)
        told = answers.statements(image)
        night.findings[where] = dict.fromkeys(told, night.moment)

    def _carry(self, night: Night) -> None:
        """Remember what this night could not look at."""
        last = self._last
        for where, known in last.placements.items():
            outcome = night.scopes.get(known.scope_id, "complete")
            if where not in night.placements and outcome != "complete":
                night.placements[where] = known
                if where in last.assessments:
                    state = "denied" if outcome == "denied" else "unknown"
                    answered_at = last.assessments[where].answered_at
                    night.assessments[where] = Judged(state, "carried", answered_at)
        for where, judged in night.assessments.items():
            if judged.raw != "assessed":
                fresh = night.findings.get(where, {})
                night.findings[where] = {**last.findings.get(where, {}), **fresh}

    def _current(self, night: Night) -> set[Where]:
        """Judge what was listed tonight; what was not keeps being current, or not."""
        judged = current(night, self._policy)
        unseen = {w for w, k in night.placements.items() if k.listed_at != night.moment}
        return (judged - unseen) | (unseen & self._last.current)

    def _window(self, night: Night) -> None:
        """Evidence older than the window is no look."""
        for where, judged in night.assessments.items():
            scan = night.placements[where].image.scan
            old = night.moment - self._policy.evidence_window
            if judged.state == "assessed" and scan and scan.scanned_at and scan.scanned_at < old:
                night.assessments[where] = replace(judged, state="stale")

    def _expose(self, night: Night) -> None:
        now = stated(night)
        for key, carriers in now.items():
            night.exposures[key] = self._seen(night, key, carriers)
        for key, held in self._last.exposures.items():
            if key not in night.exposures:
                night.exposures[key] = self._unseen(night, key, held)
        self._stated_before = now

    def _seen(self, night: Night, key: ExposureKey, carriers: Carriers) -> Held:
        before = self._last.exposures.get(key)
        fresh = any(at == night.moment for _, _, at in carriers)
        pushed = max(night.placements[where].image.pushed_at for where, _, _ in carriers)
        scope_id = max(night.placements[where].scope_id for where, _, _ in carriers)
        held = Held(
            state="open" if fresh else "unconfirmed",
            carriers=frozenset(where[2] for where, _, _ in carriers),
            carrier_pushed=pushed,
            scope_id=scope_id,
            severity=max((s.severity for _, s, _ in carriers), key=SEVERITIES.index),
            fix=max((fix_of(night, w, s) for w, s, _ in carriers), key=FIXES.index),
        )
        event, reason = self._event(night, before, held, carriers, fresh=fresh)
        if before and not event:  # only a fresh word changes what is told of it
            held = replace(held, severity=before.severity, fix=before.fix)
        return replace(held, event=event, reason=reason)

    def _event(
        self, night: Night, before: Held | None, held: Held, carriers: Carriers, *, fresh: bool
    ) -> tuple[str, str]:
        if before is None or before.state == "closed":
            return ("reopened" if before else "opened", self._appearance(carriers))
        if fresh and before.state == "unconfirmed":
            return ("confirmed", "stated_again")
        if fresh and (before.severity, before.fix) != (held.severity, held.fix):
            return ("changed", "severity" if before.severity != held.severity else "fix")
        if not fresh and before.state == "open":
            return ("unconfirmed", self._blind(night, held, carriers))
        return ("", "")

    def _blind(self, night: Night, held: Held, carriers: Carriers) -> str:
        if any(night.placements[where].listed_at == night.moment for where, _, _ in carriers):
            states = [night.assessments[where] for where, _, _ in carriers]
            return "image_" + min(j.state for j in states if j.raw != "assessed")
        return f"scope_{night.scopes[held.scope_id]}"

    def _appearance(self, carriers: Carriers) -> str:
        last, repository = self._last, {where[:2] for where, _, _ in carriers}
        if not any(where[:2] in repository for where in last.placements):
            return "first_look"
        known = [where for where, _, _ in carriers if where in last.placements]
        was_current = [where for where in known if where in last.current]
        if any(last.assessments[where].state == "assessed" for where in was_current):
            return "newly_reported"
        if was_current:
            return "first_assessed"
        return "became_current" if known else "new_image"

    def _unseen(self, night: Night, key: ExposureKey, held: Held) -> Held:
        if held.state == "closed":
            return replace(held, event="", reason="")
        outcome = night.scopes.get(held.scope_id, "complete")
        before = [w for w, _, _ in self._stated_before.get(key, [])]
        carriers = frozenset(w[2] for w in before) or held.carriers
        images = [self._last.placements[w].image.pushed_at for w in before]
        pushed = max(images, default=held.carrier_pushed)
        held = replace(held, carriers=carriers, carrier_pushed=pushed, event="", reason="")
        verdict = f"scope_{outcome}" if outcome != "complete" else verdict_of(night, key, held)
        if verdict in {"fixed", "removed"}:
            return replace(held, state="closed", event="closed", reason=verdict)
        if verdict == "absent_once" and held.state == "unconfirmed":
            return replace(held, missed=True, event="changed", reason=verdict)
        held = replace(held, missed=held.missed or verdict == "absent_once")
        if held.state == "unconfirmed":
            return held
        return replace(held, state="unconfirmed", event="unconfirmed", reason=verdict)


Carriers = list[tuple[Where, Statement, datetime]]
FIXES = ["unknown", "not_available", "available"]
SEVERITIES = ["UNKNOWN", "NEGLIGIBLE", "LOW", "MEDIUM", "HIGH", "CRITICAL"]


def fix_of(night: Night, where: Where, statement: Statement) -> str:
    """Return what the source tells of a fix; ECR basic scanning tells nothing."""
    if night.placements[where].source == "ecr-basic":
        return "unknown"
    return "available" if statement.fixed_version else "not_available"


def stated(night: Night) -> dict[ExposureKey, Carriers]:
    """Return what is stated of current images, by exposure."""
    found: dict[ExposureKey, Carriers] = {}
    for where, told in night.findings.items():
        if where in night.current:
            for statement, at in told.items():
                key = (where[0], where[1], statement.vulnerability_id, statement.package)
                found.setdefault(key, []).append((where, statement, at))
    return found


def verdict_of(night: Night, key: ExposureKey, held: Held) -> str:
    """Say why an exposure is no longer stated, in a scope that was read to its end."""
    here = [
        where
        for where in night.current
        if where[:2] == key[:2] and night.placements[where].image.kind == "image"
    ]
    if not here:
        return "removed"
    looked = {w: night.assessments[w].raw == night.assessments[w].state == "assessed" for w in here}
    newer = [w for w in here if _newer(night.placements[w].image, held)]
    staying = [w for w in here if w[2] in held.carriers]
    if all(looked.values()) and (newer or staying):
        forgets = any(night.placements[w].source in FORGETFUL for w in here)
        return "absent_once" if forgets and not held.missed else "fixed"
    clean = [w for w in here if looked[w] or night.assessments[w].raw == "inferred_clean"]
    heirs = [w for w in here if _may_replace(night.placements[w].image, held)]
    if not staying and all(w in clean for w in heirs):
        forgets = any(night.placements[w].source in FORGETFUL for w in heirs)
        return "absent_once" if forgets and not held.missed else "removed"
    blind = {w: night.assessments[w].state for w in here if not looked[w]}
    of_carriers = [blind[w] for w in staying if w in blind]
    of_others = [blind[w] for w in here if w not in clean]
    if staying:
        return "image_" + min(of_carriers or of_others or blind.values())
    return "successor_" + min(of_others)


def _newer(image: Image, held: Held) -> bool:
    return held.carrier_pushed is None or image.pushed_at > held.carrier_pushed


def _may_replace(image: Image, held: Held) -> bool:
    """Whether an image may have come for the carriers, as one pushed with them may."""
    return held.carrier_pushed is None or image.pushed_at >= held.carrier_pushed


def current(night: Night, policy: Policy) -> set[Where]:
    """Return the placements that policy counts as current."""
    live = {
        where: known.image
        for where, known in night.placements.items()
        if known.image.kind in {"image", "index"} and not known.image.archived
    }
    by_repository: dict[tuple[str, str], list[Where]] = {}
    for where, image in live.items():
        if image.tags:
            by_repository.setdefault(where[:2], []).append(where)
    chosen: set[Where] = set()
    for tagged in by_repository.values():
        tagged.sort(key=lambda w: (-live[w].pushed_at.timestamp(), w[2]))
        chosen.update(tagged[: policy.newest_tagged])
    since = night.moment - policy.used_within
    for where, image in live.items():
        pulled = image.last_pulled_at is not None and image.last_pulled_at >= since
        if pulled or image.in_use_count:
            chosen.add(where)
    children = {(w[0], w[1], child) for w in chosen for child in live[w].children}
    return chosen | (children & live.keys())
