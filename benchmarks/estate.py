"""A generated estate that changes from night to night.

Images share bases (few bases carry most images). Every night two images in a hundred are replaced
by newer ones of the same repository and base, and the vulnerability database moves: some of the
bases lose, gain and re-rate a few statements. All of it follows from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from benchmarks.words import SEVERITIES, Numbers, Words, make_words


@dataclass(frozen=True)
class Size:
    """How large the estate is and how fast it moves, shares a day."""

    images: int = 10_000
    findings_per_image: int = 104
    churn: float = 0.02
    drift: float = 0.10
    native_ids: bool = True
    flaws: int = 60_000
    """What can be stated at all; a third of it is known on the first night."""


@dataclass(frozen=True)
class Area:
    """One scope: where it lies and who judges there."""

    provider: str
    account: str
    region: str
    source: str
    share: float

    @property
    def scope_id(self) -> str:
        """The inventory scope's id."""
        return "/".join(part for part in (self.provider, self.account, self.region) if part)

    @property
    def registry_id(self) -> str:
        """The registry's host."""
        return f"{self.account}.{self.region or 'registry'}.{self.provider}.example"

    def outcomes(self) -> tuple[ScopeOutcome, ScopeOutcome]:
        """Return the outcomes of a night in which everything could be read."""
        place = {"account": self.account, "region": self.region}
        listing = ScopeRef(self.provider, self.scope_id, ScopeKind.INVENTORY, **place)
        judging = ScopeRef(
            self.provider,
            f"{self.scope_id}/{self.source}",
            ScopeKind.FINDINGS,
            **place,
            source=self.source,
            parent_scope_id=self.scope_id,
        )
        return (
            ScopeOutcome(listing, Outcome.COMPLETE, api_calls=100),
            ScopeOutcome(judging, Outcome.COMPLETE, api_calls=100),
        )


AREAS = (
    Area("aws", "111111111111", "eu-west-1", "inspector", 0.30),
    Area("aws", "111111111111", "us-east-1", "inspector", 0.15),
    Area("aws", "222222222222", "eu-west-1", "inspector", 0.10),
    Area("azure", "00000000-0000-4000-8000-000000000001", "", "defender", 0.15),
    Area("azure", "00000000-0000-4000-8000-000000000002", "", "defender", 0.10),
    Area("gcp", "acme-prod", "us-central1", "artifact-analysis", 0.20),
)


class GeneratedEstate:
    """The estate at a night; ``advance`` goes on to the next."""

    def __init__(self, size: Size, first: datetime, seed: int = 7) -> None:
        self.size, self.moment = size, first
        self._rng = rng = np.random.default_rng(seed)
        self.words: Words = make_words(rng, size.flaws, first)
        self.severity, self.fixable = self.words.severity.copy(), rng.random(size.flaws) < 0.55
        self._fresh = iter(rng.permutation(np.arange(size.flaws // 3, size.flaws)))
        repositories, bases = max(6, size.images // 25), max(4, size.images // 60)
        base_rows = int(size.findings_per_image * 0.7)
        weight = 1 / np.arange(1, bases + 1)
        self.base_flaws = np.stack([self._pick(base_rows) for _ in range(bases)])
        self.base_of = rng.choice(bases, repositories, p=weight / weight.sum())
        self.area_of = rng.choice(len(AREAS), repositories, p=[area.share for area in AREAS])
        self.repository: Numbers = np.sort(rng.integers(0, repositories, size.images))
        self.number: Numbers = np.arange(size.images)
        self._made = size.images
        self.pushed = np.array(
            [
                utc(first) - np.timedelta64(int(minutes), "m")
                for minutes in rng.integers(1_000, 576_000, size.images)
            ]
        )
        own = size.findings_per_image - base_rows
        shared = np.stack([self._pick(own) for _ in range(repositories)])
        self.own_flaws = shared[self.repository]

    def _pick(self, count: int) -> Numbers:
        return self._rng.choice(self.size.flaws // 3, count, replace=False)

    def advance(self) -> None:
        """Go on to the next night."""
        self.moment += timedelta(days=1)
        for base in np.flatnonzero(self._rng.random(len(self.base_flaws)) < self.size.drift):
            self._drift(self.base_flaws[base])
        for repository in self._rng.choice(
            self.repository, int(self.size.images * self.size.churn)
        ):
            self._replace_oldest(repository)

    def _drift(self, flaws: Numbers) -> None:
        """Two statements go, two come, one is rated anew, one gets a fix."""
        at = self._rng.choice(len(flaws), 4, replace=False)
        for position in at[:2]:
            flaws[position] = next(self._fresh)
        self.severity[flaws[at[2]]] = self._rng.integers(0, len(SEVERITIES))
        self.fixable[flaws[at[3]]] = True

    def _replace_oldest(self, repository: int) -> None:
        """A newer image, in which three flaws of its own are mended and three are new."""
        placed = np.flatnonzero(self.repository == repository)
        oldest = placed[np.argmin(self.pushed[placed])]
        newest = placed[np.argmax(self.pushed[placed])]
        self.own_flaws[oldest] = self.own_flaws[newest]
        at = self._rng.choice(self.own_flaws.shape[1], 3, replace=False)
        self.own_flaws[oldest, at] = self._pick(3)
        self.number[oldest], self._made = self._made, self._made + 1
        self.pushed[oldest] = utc(self.moment) - np.timedelta64(
            int(self._rng.integers(1, 80_000)), "s"
        )


def utc(moment: datetime) -> np.datetime64:
    """Return a moment as numpy has it, in UTC and microseconds."""
    return np.datetime64(moment.replace(tzinfo=None), "us")
