"""From what a report says to blocks of rows: the part that all report formats share. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from audit.model.columns import Columns
from audit.model.enums import State
from audit.normalise.kinds import image_kind
from audit.ports import ImportedReport, RunContext
from providers.files.subject import Subject

PROVIDER = "files"

_BASE_LABEL = "org.opencontainers.image.base.name="


@dataclass(frozen=True)
class Cvss:
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
    scored = [one for one in scores if one.score is not None]
    return max(scored, key=lambda one: one.version or "", default=None)


@dataclass(frozen=True)
class Facts:
    """What a report tells about the image beyond its name; None is not told."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    created_at: datetime | None = None
    media_type: str | None = None
    labels: list[str] | None = None

    def row(self, digest: str) -> dict[str, Any]:
        """Return the ``images`` row."""
        base = [label for label in self.labels or () if label.startswith(_BASE_LABEL)]
        return {
            "digest": digest,
            "kind": image_kind(None, platform=(self.os, self.architecture)).value,
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

    def row(self, vulnerability_id: str) -> dict[str, Any]:
        """Return the ``vulnerabilities`` row."""
        score, percentile = self.epss or (None, None)
        return {
            "vulnerability_id": vulnerability_id,
            "aliases": None if self.aliases is None else sorted(self.aliases),
            "title": self.title,
            "description": self.description,
            "references": sorted(self.references),
            "cvss": [one.row() for one in sorted(self.cvss, key=repr)],
            "published_at": self.published_at,
            "kev_added_at": self.kev_added_at,
            "epss_score": score,
            "epss_percentile": percentile,
        }


class Statements:
    """The findings of one report, each with a key of its own, and what they tell of each id."""

    def __init__(self, subject: Subject, source: str, context: RunContext) -> None:
        self.findings = Columns(
            "findings",
            **_where(subject),
            source=source,
            observed_run_id=context.run_id,
        )
        self.known: dict[str, Known] = {}
        self._keys: set[tuple[Any, ...]] = set()
        self._repeats: Counter[tuple[Any, ...]] = Counter()

    def about(self, vulnerability_id: str) -> Known:
        """Return what is known of a vulnerability so far, to add to."""
        return self.known.setdefault(vulnerability_id, Known())

    def add(self, row: dict[str, Any]) -> None:
        """Add a finding.

        One that repeats the key of another (several matchers stated it) gets ``#2``, ``#3`` ...
        behind its ``native_id``: as many rows as statements.
        """
        names = ("vulnerability_id", "package_name", "package_version", "location")
        base = tuple(row[name] for name in names)
        native = said = row.get("native_id")
        while (*base, native) in self._keys:
            self._repeats[*base, said] += 1
            native = f"{said or ''}#{self._repeats[*base, said] + 1}"
        self._keys.add((*base, native))
        self.findings.append(**{**row, "native_id": native})

    def content_hash(self) -> str:
        """Return the SHA-256 over the statements, whatever order they were made in."""
        rows = zip(*self.findings.data.values(), strict=True)
        content = hashlib.sha256()
        for row in sorted(orjson.dumps(cells) for cells in rows):
            content.update(row + b"\n")
        return content.hexdigest()


@dataclass(frozen=True)
class Reading:
    """All that was read of one report."""

    subject: Subject
    facts: Facts
    verdict: Verdict
    statements: Statements

    def report(self, context: RunContext, scope_id: str) -> ImportedReport:
        """Return the rows."""
        return ImportedReport(
            blocks=[
                _block("images", self.facts.row(self.subject.digest)),
                _placement(self.subject, context, scope_id),
                self._assessment(context),
                self.statements.findings,
                self._vulnerabilities(),
            ],
            subject=self.subject.said,
            keyed_by=self.subject.keyed_by,
            statements=len(self.statements.findings),
        )

    def _assessment(self, context: RunContext) -> Columns:
        verdict = self.verdict
        looked = verdict.state is State.ASSESSED
        row = {
            "state": verdict.state.value,
            "reason": verdict.reason,
            "native_status": verdict.native_status,
            "scanned_at": verdict.scanned_at,
            "observed_run_id": context.run_id,
            "content_hash": self.statements.content_hash() if looked else None,
            "scanner_version": verdict.scanner_version,
            "db_updated_at": verdict.db_updated_at,
        }
        return _block("assessments", {**_where(self.subject), "source": verdict.source, **row})

    def _vulnerabilities(self) -> Columns:
        block = Columns("vulnerabilities")
        for vulnerability_id, known in sorted(self.statements.known.items()):
            block.append(**known.row(vulnerability_id))
        return block


def _where(subject: Subject) -> dict[str, Any]:
    return {
        "provider": PROVIDER,
        "registry_id": subject.registry_id,
        "repository": subject.repository,
        "digest": subject.digest,
    }


def _placement(subject: Subject, context: RunContext, scope_id: str) -> Columns:
    row = {
        "scope_id": scope_id,
        "account": "",
        "region": "",
        "tags": list(subject.tags),
        "observed_run_id": context.run_id,
    }
    return _block("placements", {**_where(subject), **row})


def _block(table: str, row: dict[str, Any]) -> Columns:
    block = Columns(table)
    block.append(**row)
    return block
