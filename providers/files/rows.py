"""From what a report says to blocks of rows: the part that all report formats share. Pure.

A report is read as a stream: findings go out some thousand at a time, and only what must be known
at the end is kept: each image met, with its count and a sum over its statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from audit.model.columns import Columns
from audit.model.enums import ImageKind, State
from audit.normalise.kinds import image_kind
from audit.ports import ImportOrder
from audit.tables import TABLES
from providers.files.subject import Subject

PROVIDER = "files"
ROWS = 4096
"""Findings that are held at a time."""

_BASE_LABEL = "org.opencontainers.image.base.name="


class Cvss(NamedTuple):
    """One CVSS score as a source gives it; ``version`` is 2.0, 3.0, 3.1 or 4.0 where known."""

    source: str | None
    version: str | None
    vector: str | None
    score: float | None

    def row(self) -> dict[str, Any]:
        """Return the element of a ``cvss`` column."""
        return {
            "source": self.source,
            "version": self.version,
            "vector": self.vector,
            "score": self.score,
        }

    def lead(self) -> dict[str, Any]:
        """Return the ``cvss_*`` columns of a finding that leads with this score."""
        return {
            "cvss_score": self.score,
            "cvss_version": self.version,
            "cvss_vector": self.vector,
        }


def newest(scores: Iterable[Cvss]) -> Cvss | None:
    """Return the score of the highest CVSS version, the first of equals; None without a score."""
    best: Cvss | None = None
    for one in scores:
        if one.score is not None and (best is None or (one.version or "") > (best.version or "")):
            best = one
    return best


def _order(one: Cvss) -> tuple[str, str, str, float]:
    return one.source or "", one.version or "", one.vector or "", one.score or 0.0


@dataclass(frozen=True)
class Facts:
    """What a report tells about the image beyond its name; None is not told."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    created_at: datetime | None = None
    media_type: str | None = None
    labels: list[str] | None = None
    kind: ImageKind | None = None

    def row(self, digest: str) -> dict[str, Any]:
        """Return the ``images`` row."""
        base = [label for label in self.labels or () if label.startswith(_BASE_LABEL)]
        kind = self.kind or image_kind(None, platform=(self.os, self.architecture))
        return {
            "digest": digest,
            "kind": kind.value,
            "media_type": self.media_type,
            "os": self.os,
            "architecture": self.architecture,
            "variant": self.variant,
            "created_at": self.created_at,
            "child_digests": [],
            "base_image": base[0].removeprefix(_BASE_LABEL) if base else None,
            "labels": self.labels,
        }


@dataclass(frozen=True)
class Verdict:
    """Whether the report is a look at the image, and with what it was looked at."""

    source: str
    state: State
    reason: str
    native_status: str | None = None
    scanned_at: datetime | None = None
    scanner_version: str | None = None
    db_updated_at: datetime | None = None
    basis: str | None = None
    os_packages_only: bool | None = None


@dataclass
class Known:
    """What a report tells about one vulnerability, over all its statements."""

    aliases: set[str] | None = None
    title: str | None = None
    description: str | None = None
    references: set[str] = field(default_factory=set)
    cvss: set[Cvss] = field(default_factory=set)
    published_at: datetime | None = None
    kev_added_at: datetime | None = None
    epss: tuple[float, float | None] | None = None

    def mark(self) -> int:
        """Return a number that tells this knowledge from other knowledge."""
        told = self.title, self.description, self.published_at, self.kev_added_at, self.epss
        held = frozenset(self.aliases or ()), frozenset(self.references), frozenset(self.cvss)
        return hash((told, held))

    def row(self, vulnerability_id: str) -> dict[str, Any]:
        """Return the ``vulnerabilities`` row."""
        score, percentile = self.epss or (None, None)
        return {
            "vulnerability_id": vulnerability_id,
            "aliases": None if self.aliases is None else sorted(self.aliases),
            "title": self.title,
            "description": self.description,
            "references": sorted(self.references),
            "cvss": [one.row() for one in sorted(self.cvss, key=_order)],
            "published_at": self.published_at,
            "kev_added_at": self.kev_added_at,
            "epss_score": score,
            "epss_percentile": percentile,
        }


@dataclass
class Image:
    """An image that a report speaks of, under one source, and what was stated of it so far.

    Attributes:
        statements: Findings so far.
        total: Sum of the SHA-256 of each: the same whatever order they come in.
        verdict: Whether the report is a look at it; None while that is not known, or where the
            report (a VEX document) is none.
    """

    subject: Subject
    facts: Facts
    source: str
    verdict: Verdict | None = None
    statements: int = 0
    total: int = 0

    def __post_init__(self) -> None:
        self.place = tuple(self.where().values())

    @property
    def content_hash(self) -> str:
        """A hash over its statements, in any order."""
        return f"{self.total % (1 << 256):064x}"

    def where(self) -> dict[str, Any]:
        """Return the columns that say which image, under which source."""
        return {**_where(self.subject), "source": self.source}


_WHERE = ("provider", "registry_id", "repository", "digest", "source")
_STATED = tuple(
    name for name in TABLES["findings"].stored_names if name not in (*_WHERE, "observed_run_id")
)


class Rows:
    """The rows of one report on their way out.

    ``state`` findings, and hand on what ``flushed`` yields whenever it is ``full``; ``rest`` at
    the end.
    """

    def __init__(self, order: ImportOrder) -> None:
        self._order = order
        self._run_id = order.context.run_id
        self._images: dict[tuple[str, str, str, str], Image] = {}
        self._findings: list[tuple[Any, ...]] = []
        self._only: Image | None = None
        self._keys: set[int] = set()
        self._repeats: Counter[int] = Counter()
        self._known: dict[str, Known] = {}
        self._told: dict[str, int] = {}
        self._news: dict[str, tuple[Any, ...]] = {}

    def image(self, subject: Subject, source: str, facts: Facts | None = None) -> Image:
        """Return the image of a subject under a source: one for the whole report."""
        key = (subject.registry_id, subject.repository, subject.digest, source)
        found = self._images.get(key)
        if found is None:
            found = self._images[key] = Image(subject, facts or Facts(), source)
        elif not set(subject.tags) <= set(found.subject.tags):
            tags = tuple(sorted({*found.subject.tags, *subject.tags}))
            found.subject = replace(found.subject, tags=tags)
        return found

    @property
    def images(self) -> Iterable[Image]:
        """Every image so far."""
        return self._images.values()

    def only(self, image: Image) -> None:
        """Say that the report is about this one image: its columns are then written once."""
        self._only = image

    def about(self, vulnerability_id: str) -> Known:
        """Return what is known of a vulnerability of late, to add to."""
        found = self._known.get(vulnerability_id)
        if found is None:
            found = self._known[vulnerability_id] = Known()
        return found

    def news(self, vulnerability_id: str, *told: object) -> bool:
        """Whether what is told of a vulnerability differs from what was told of late."""
        if self._news.get(vulnerability_id) == told:
            return False
        self._news[vulnerability_id] = told
        return True

    def state(self, image: Image, row: dict[str, Any]) -> None:
        """Add a finding.

        One that repeats the key of another (several matchers stated it) gets ``#2``, ``#3`` ...
        behind its ``native_id``: as many rows as statements.
        """
        get = row.get
        said, place = get("native_id"), get("location")
        base = id(image), row["vulnerability_id"], get("package_name"), get("package_version")
        key = hash((base, place, said))
        if key in self._keys:
            row["native_id"] = self._apart(base, place, said)
        else:
            self._keys.add(key)
        cells = tuple(map(get, _STATED))
        image.statements += 1
        image.total += int.from_bytes(sha256(orjson.dumps(cells)).digest())
        self._findings.append(cells if self._only else (*cells, *image.place))

    @property
    def full(self) -> bool:
        """Whether it is time to hand rows on."""
        return len(self._findings) >= ROWS

    def flushed(self) -> Iterator[Columns]:
        """Yield what was stated since the last time."""
        if self._findings:
            constant = self._only.where() if self._only else {}
            findings = Columns("findings", **constant, observed_run_id=self._run_id)
            findings.extend(_STATED if self._only else (*_STATED, *_WHERE), self._findings)
            self._findings = []
            yield findings
        known, told = Columns("vulnerabilities"), []
        for vulnerability_id, one in sorted(self._known.items()):
            mark = one.mark()
            if self._told.get(vulnerability_id) != mark:
                self._told[vulnerability_id] = mark
                told.append(one.row(vulnerability_id))
        if told:
            known.extend(tuple(told[0]), [tuple(row.values()) for row in told])
        self._known.clear()
        self._news.clear()
        if known.rows:
            yield known

    def rest(self) -> Iterator[Columns]:
        """Yield what is left, the images, and the verdict on each that has one."""
        yield from self.flushed()
        images, placements = Columns("images"), Columns("placements")
        assessments = Columns("assessments")
        for image in self._images.values():
            images.append(**image.facts.row(image.subject.digest))
            placements.append(**_placement(image.subject, self._order))
            if image.verdict:
                assessments.append(**self._assessment(image, image.verdict))
        for block in (images, placements, assessments):
            if block.rows:
                yield block

    def _apart(self, base: tuple[Any, ...], place: str | None, said: str | None) -> str:
        """Return a native id that no statement of the key has yet."""
        repeats = hash((base, place, said, "repeats"))
        while True:
            self._repeats[repeats] += 1
            native = f"{said or ''}#{self._repeats[repeats] + 1}"
            key = hash((base, place, native))
            if key not in self._keys:
                self._keys.add(key)
                return native

    def _assessment(self, image: Image, verdict: Verdict) -> dict[str, Any]:
        looked = verdict.state is State.ASSESSED
        return {
            **image.where(),
            "state": verdict.state.value,
            "reason": verdict.reason,
            "native_status": verdict.native_status,
            "scanned_at": verdict.scanned_at,
            "observed_run_id": self._run_id,
            "basis": verdict.basis if looked else None,
            "content_hash": image.content_hash if looked else None,
            "os_packages_only": verdict.os_packages_only,
            "scanner_version": verdict.scanner_version,
            "db_updated_at": verdict.db_updated_at,
        }


def _where(subject: Subject) -> dict[str, Any]:
    return {
        "provider": PROVIDER,
        "registry_id": subject.registry_id,
        "repository": subject.repository,
        "digest": subject.digest,
    }


def _placement(subject: Subject, order: ImportOrder) -> dict[str, Any]:
    return {
        **_where(subject),
        "scope_id": order.scope_id,
        "account": "",
        "region": "",
        "tags": list(subject.tags),
        "observed_run_id": order.context.run_id,
    }
