"""A generated estate that changes from night to night, as rows for the store.

Images share bases (few bases carry most images). Every night two images in a hundred are replaced
by newer ones of the same repository and base, and the vulnerability database moves: some of the
bases lose, gain and re-rate a few statements. All of it follows from the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from benchmarks.words import SEVERITIES, Numbers, Texts, Words, make_words

BLOCK = 250
"""Images a block of rows."""


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
    """The estate at a night; ``advance`` to the next, ``blocks`` for its rows."""

    def __init__(self, size: Size, first: datetime, seed: int = 7) -> None:
        self.size, self.moment, self._first = size, first, first
        self._rng = rng = np.random.default_rng(seed)
        self.words: Words = make_words(rng, size.flaws, first)
        self._severity, self._fixable = self.words.severity.copy(), rng.random(size.flaws) < 0.55
        self._fresh = iter(rng.permutation(np.arange(size.flaws // 3, size.flaws)))
        repositories, bases = max(6, size.images // 25), max(4, size.images // 60)
        base_rows = int(size.findings_per_image * 0.7)
        weight = 1 / np.arange(1, bases + 1)
        self._base_flaws = np.stack([self._pick(base_rows) for _ in range(bases)])
        self._base_of = rng.choice(bases, repositories, p=weight / weight.sum())
        self._area_of = rng.choice(len(AREAS), repositories, p=[area.share for area in AREAS])
        self.repository: Numbers = np.sort(rng.integers(0, repositories, size.images))
        self._number: Numbers = np.arange(size.images)
        self._made = size.images
        self._pushed = np.array(
            [
                _utc(first) - np.timedelta64(int(minutes), "m")
                for minutes in rng.integers(1_000, 576_000, size.images)
            ]
        )
        own = size.findings_per_image - base_rows
        shared = np.stack([self._pick(own) for _ in range(repositories)])
        self._own_flaws = shared[self.repository]

    def _pick(self, count: int) -> Numbers:
        return self._rng.choice(self.size.flaws // 3, count, replace=False)

    def advance(self) -> None:
        """Go on to the next night."""
        self.moment += timedelta(days=1)
        for base in np.flatnonzero(self._rng.random(len(self._base_flaws)) < self.size.drift):
            self._drift(self._base_flaws[base])
        for repository in self._rng.choice(
            self.repository, int(self.size.images * self.size.churn)
        ):
            self._replace_oldest(repository)

    def _drift(self, flaws: Numbers) -> None:
        """Two statements go, two come, one is rated anew, one gets a fix."""
        at = self._rng.choice(len(flaws), 4, replace=False)
        for position in at[:2]:
            flaws[position] = next(self._fresh)
        self._severity[flaws[at[2]]] = self._rng.integers(0, len(SEVERITIES))
        self._fixable[flaws[at[3]]] = True

    def _replace_oldest(self, repository: int) -> None:
        """A newer image, in which three flaws of its own are mended and three are new."""
        placed = np.flatnonzero(self.repository == repository)
        oldest = placed[np.argmin(self._pushed[placed])]
        newest = placed[np.argmax(self._pushed[placed])]
        self._own_flaws[oldest] = self._own_flaws[newest]
        at = self._rng.choice(self._own_flaws.shape[1], 3, replace=False)
        self._own_flaws[oldest, at] = self._pick(3)
        self._number[oldest], self._made = self._made, self._made + 1
        self._pushed[oldest] = _utc(self.moment) - np.timedelta64(
            int(self._rng.integers(1, 80_000)), "s"
        )

    def tasks(self) -> Iterator[tuple[Area, Iterator[Columns]]]:
        """Yield each scope and the rows it stages tonight, block by block."""
        for number, area in enumerate(AREAS):
            placed = np.flatnonzero(self._area_of[self.repository] == number)
            yield area, self._blocks(area, placed)

    def _blocks(self, area: Area, placed: Numbers) -> Iterator[Columns]:
        met = np.zeros(self.words.count, dtype=bool)
        names = _texts(f"team-{r % 40}/service-{r}" for r in np.unique(self.repository[placed]))
        known = np.unique(self.repository[placed])
        where = {"provider": area.provider, "registry_id": area.registry_id}
        place = {"scope_id": area.scope_id, "account": area.account, "region": area.region}
        yield _block("registries", len(placed[:1]), {**where, **place})
        yield _block(
            "repositories", len(known), {**where, **place, "complete": True}, repository=names
        )
        for start in range(0, len(placed), BLOCK):
            chunk = placed[start : start + BLOCK]
            repository = names[np.searchsorted(known, self.repository[chunk])]
            yield from self._inventory(area, chunk, repository)
            flaws = np.concatenate(
                [self._base_flaws[self._base_of[self.repository[chunk]]], self._own_flaws[chunk]], 1
            )
            looked = self._number[chunk] % 33 > 0  # the others are of a kind that is not supported
            met[flaws[looked]] = True
            yield self._findings(area, chunk[looked], repository[looked], flaws[looked])
        yield self._vulnerabilities(np.flatnonzero(met))

    def _inventory(self, area: Area, chunk: Numbers, repository: Texts) -> Iterator[Columns]:
        where = {"provider": area.provider, "registry_id": area.registry_id}
        place = {"scope_id": area.scope_id, "account": area.account, "region": area.region}
        digests, pushed = self._digests(chunk), self._pushed[chunk]
        tags = _texts(
            [f"1.{number}", f"git-{number * 2654435761 % 2**32:08x}"]
            for number in self._number[chunk]
        )
        yield _block(
            "images",
            len(chunk),
            {
                "kind": "image",
                "media_type": "application/vnd.oci.image.manifest.v1+json",
                "os": "linux",
                "architecture": "amd64",
                "child_digests": [],
            },
            digest=digests,
            size_bytes=self._number[chunk] * 7919 % 400_000_000,
            created_at=pushed,
        )
        yield _block(
            "placements",
            len(chunk),
            {**where, **place, "archived": False},
            repository=repository,
            digest=digests,
            tags=tags,
            pushed_at=pushed,
        )
        supported = self._number[chunk] % 33 > 0
        yield _block(
            "assessments",
            len(chunk),
            {**where, "source": area.source},
            repository=repository,
            digest=digests,
            state=np.where(supported, "assessed", "unsupported").astype(object),
            native_status=np.where(supported, "ACTIVE", "UNSUPPORTED_IMAGE").astype(object),
            reason=_texts(None if fine else "UNSUPPORTED_OS" for fine in supported),
            scanned_at=np.where(
                supported, _utc(self.moment) - np.timedelta64(3, "h"), np.datetime64("NaT", "us")
            ),
        )

    def _findings(self, area: Area, chunk: Numbers, repository: Texts, flaws: Numbers) -> Columns:
        each, flat = flaws.shape[1], flaws.ravel()
        _, first = np.unique(np.repeat(chunk, each) * self.words.count + flat, return_index=True)
        image, flat = np.repeat(np.arange(len(chunk)), each)[first], flat[first]
        severity = np.array([*SEVERITIES], dtype=object)[self._severity[flat]]
        cells: dict[str, Any] = {name: told[flat] for name, told in self.words.texts.items()}
        fixable = self._fixable[flat]
        cells |= {
            "repository": repository[image],
            "digest": self._digests(chunk)[image],
            "aliases": self.words.aliases[flat],
            "fixed_version": np.where(fixable, cells["fixed_version"], None),
            "fix_state": np.where(fixable, "available", "not_available").astype(object),
            "severity": severity,
            "native_severity": severity,
            "cvss_score": self.words.scores[flat],
            "native_first_seen_at": np.maximum(
                self._pushed[chunk][image], self.words.published[flat]
            )
            + np.timedelta64(90, "s"),
        }
        if self.size.native_ids:
            cells["native_id"] = _ids(area, self._number[chunk][image], flat)
        constants = {
            "provider": area.provider,
            "registry_id": area.registry_id,
            "source": area.source,
            "severity_source": "NVD",
            "cvss_version": "3.1",
            "native_state": "ACTIVE",
        }
        return _block("findings", len(flat), constants, **cells)

    def _vulnerabilities(self, flaws: Numbers) -> Columns:
        ids = self.words.texts["vulnerability_id"][flaws]
        _, first = np.unique(ids.astype(str), return_index=True)
        chosen, texts = flaws[first], self.words.texts
        cvss = _texts(
            [{"source": "NVD", "version": "3.1", "vector": vector, "score": score}]
            for vector, score in zip(
                texts["cvss_vector"][chosen], self.words.scores[chosen], strict=True
            )
        )
        return _block(
            "vulnerabilities",
            len(chosen),
            {},
            vulnerability_id=ids[first],
            aliases=self.words.aliases[chosen],
            title=texts["title"][chosen],
            description=self.words.descriptions[chosen],
            references=_texts([url] for url in texts["url"][chosen]),
            cvss=cvss,
            published_at=self.words.published[chosen],
        )

    def _digests(self, chunk: Numbers) -> Texts:
        return _texts("sha256:" + text for text in _hex(self._number[chunk], 32))


def _ids(area: Area, image: Numbers, flaw: Numbers) -> Texts:
    """Return the source's own id of each statement: random, the same every night."""
    head = f"arn:aws:inspector2:{area.region}:{area.account}:finding/"
    return _texts(head + text for text in _hex(image * 1_000_003 + flaw, 16))


def _hex(numbers: Numbers, size: int) -> list[str]:
    """Return ``size`` bytes in hex for each number, as good as random and always the same."""
    words = []
    for salt in range(size // 8):
        mixed = (numbers.astype(np.uint64) ^ np.uint64(salt << 56)) * np.uint64(0x9E3779B97F4A7C15)
        for shift in (30, 27, 31):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(0xBF58476D1CE4E5B9)
        words.append(mixed)
    text, width = np.stack(words, 1).tobytes().hex(), size * 2
    return [text[at : at + width] for at in range(0, len(text), width)]


def _utc(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.replace(tzinfo=None), "us")


def _texts(items: Any) -> Texts:  # noqa: ANN401  any iterable of cells
    listed = list(items)
    told = np.empty(len(listed), dtype=object)
    told[:] = listed
    return told


def _block(table: str, rows: int, constants: dict[str, Any], **cells: Any) -> Columns:  # noqa: ANN401
    """Return rows whose columns are arrays: a parser's loop would measure the generator."""
    block = Columns(table, **constants)
    missing = block.data.keys() - cells.keys()
    block.data = {**cells, **{name: [None] * rows for name in missing}}
    block.rows = rows
    return block
