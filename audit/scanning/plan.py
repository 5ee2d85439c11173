"""What a scanner does in a run, decided before it does anything. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from operator import attrgetter

from audit.ports import Describer
from audit.rules import Budget, ScanRules
from audit.store.ahead import Candidate, Place
from audit.store.sboms import StoredSbom


class Action(StrEnum):
    """What is done about one image.

    ``match``: its SBOM is asked about anew. ``renew``: it is pulled again, as an older version of
    the scanner looked into it, or not for all that is asked for now. ``pull``: it is looked into
    for the first time. ``leave``: nothing, for the reason given.
    """

    MATCH = "match"
    RENEW = "renew"
    PULL = "pull"
    LEAVE = "leave"


_TURNS = {Action.MATCH: 0, Action.LEAVE: 0, Action.PULL: 1, Action.RENEW: 2}


@dataclass(frozen=True)
class Wanted:
    """One image of the plan.

    Attributes:
        places: Where it lies and is current, as far as the patterns let these in.
        sbom: What the scanner wrote of it before.
        reason: Why it is left; empty for the other actions.
        database_used: As in the candidate.
        waits_since: The run that looked into it last, where that was not for all that is asked for.
    """

    digest: str
    places: tuple[Place, ...]
    size_bytes: int | None
    action: Action
    sbom: StoredSbom | None = None
    reason: str = ""
    database_used: datetime | None = None
    waits_since: str = ""

    @property
    def turn(self) -> tuple[int, str]:
        """When it has its turn: what needs no pull first, then first looks, then renewals."""
        return _TURNS[self.action], self.waits_since if self.action is Action.RENEW else ""


turn_of = attrgetter("turn")


def plan(candidates: Iterable[Candidate], rules: ScanRules, by: Describer) -> list[Wanted]:
    """Decide about every candidate that is to be scanned; the order of candidates is kept.

    What was never looked into goes before what is only looked into again, and of this what an older
    version looked into before what was not asked for all: the one that waits longest first, so that
    an image of which the rest cannot be told does not keep the others out of a budget each night.

    Args:
        candidates: The most exposed first.
        rules: What is to be scanned.
        by: What looks into images.
    """
    wanted = [one for candidate in candidates if (one := _wanted(candidate, rules, by))]
    purse = _Purse(rules.budget)
    paid = {one.digest: purse.pay(one) for one in sorted(wanted, key=turn_of) if one.turn[0]}
    return [paid.get(one.digest, one) for one in wanted]


def _wanted(candidate: Candidate, rules: ScanRules, by: Describer) -> Wanted | None:
    places = tuple(place for place in candidate.places if _let_in(place, rules))
    chosen = candidate.sbom or rules.select == "all" or not candidate.looked_at
    if not places or not chosen:
        return None
    action, waits_since = Action.PULL, ""
    if candidate.sbom:
        action = Action.MATCH if _suffices(candidate.sbom, by) else Action.RENEW
        waits_since = candidate.sbom.run_id if candidate.sbom.tool_version == by.version else ""
    return Wanted(
        candidate.digest,
        places,
        candidate.size_bytes,
        action,
        candidate.sbom,
        database_used=candidate.database_used,
        waits_since=waits_since,
    )


def _suffices(sbom: StoredSbom, by: Describer) -> bool:
    return sbom.tool_version == by.version and by.looks_for <= sbom.asked_for


def _let_in(place: Place, rules: ScanRules) -> bool:
    name = f"{place.registry_id}/{place.repository}"
    return any(fnmatchcase(name, pattern) for pattern in rules.include) and not any(
        fnmatchcase(name, pattern) for pattern in rules.exclude
    )


@dataclass
class _Purse:
    """What is left of a budget. One image that does not fit does not keep smaller ones out."""

    budget: Budget
    images: int = 0
    bytes: int = 0

    def pay(self, one: Wanted) -> Wanted:
        """Return the image as it can be afforded."""
        refused = self._refused(one)
        if not refused:
            self.images += 1
            self.bytes += one.size_bytes or 0
            return one
        if one.sbom:
            return replace(one, action=Action.MATCH)
        return replace(one, action=Action.LEAVE, reason=refused)

    def _refused(self, one: Wanted) -> str:
        images, size = self.budget.images, self.budget.bytes
        if images is not None and self.images >= images:
            return f"outside the budget of {images} images a run"
        if size is None:
            return ""
        if one.size_bytes is None and self.images:
            return f"its size is not known, and the budget is {size} bytes a run"
        if self.bytes + (one.size_bytes or 0) > size:
            return f"outside the budget of {size} bytes a run"
        return ""
