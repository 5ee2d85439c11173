"""What occurrences state, kept by the bytes in which they state it, so that it is parsed once.

Most vulnerabilities of an image are those of its base, word for word. Their cells lie in one Arrow
table, from which the rows of a page are gathered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple, Protocol, TypeAlias

import pyarrow as pa

from audit.tables import TABLES
from providers.gcp.parse_vulnerability import (
    COMMON,
    PACKAGE,
    common_of,
    description_of,
    package_of,
    place_in_image,
)
from providers.gcp.values import Message

SHARED = (*COMMON, *PACKAGE)
"""Columns of ``findings`` that are gathered."""
_SCHEMA = pa.schema([TABLES["findings"].schema.field(name) for name in SHARED])
_MOST_BYTES = 16_000_000
"""Of vulnerabilities kept whole; and as much again of their parts. Rows take twice as much."""
_MOST_MET = 200_000
_MOST_CHUNKS = 16
_NAME_AND_VERSION = 2  # of PACKAGE
_Kept: TypeAlias = tuple[int, tuple[Any, ...]]


class Wire(Protocol):
    """Reads the parts of an occurrence; see :mod:`providers.gcp.lean`, which is one."""

    def packages_of(self, occurrence: Message) -> tuple[bytes, Sequence[bytes]]:
        """Return an occurrence's vulnerability without its package issues, and these."""

    def places_of(self, issue: bytes) -> tuple[bytes, Sequence[Message]]:
        """Return a package issue without its file locations, and these."""

    def detail_of(self, vulnerability: bytes) -> Message:
        """Return a ``VulnerabilityOccurrence``."""

    def package_of(self, issue: bytes) -> Message:
        """Return a ``PackageIssue``."""


@dataclass(eq=False)
class Vulnerability:
    """A vulnerability without its packages.

    Attributes:
        identifier: Its id, as Google gives it.
        names_itself: Whether the id is in its bytes, not only in the note's name.
        detail: Its bytes.
        cells: Those of ``COMMON``.
        packages: Where in the table each package of it lies, and its name and version, by its
            bytes.
    """

    identifier: str
    note_name: str
    names_itself: bool
    detail: bytes
    cells: tuple[Any, ...]
    packages: dict[bytes | None, _Kept] = field(default_factory=dict)
    _described: tuple[Any, ...] | None = None

    def described(self, wire: Wire) -> tuple[Any, ...]:
        """Return the cells of ``DESCRIBED``."""
        if self._described is None:
            self._described = description_of(self.identifier, wire.detail_of(self.detail))
        return self._described


class Package(NamedTuple):
    """One statement, wherever it is made.

    Attributes:
        at: Where in the table its cells lie.
        name: Its package's name and version.
        repeat: ``#2``, ``#3`` .. where it differs from another of the same occurrence in none of
            the key's columns; else empty.
    """

    at: int
    name: tuple[Any, ...]
    repeat: str
    location: str | None
    layer_digest: str | None


class Book:
    """Statements by their bytes. Serves several threads.

    Attributes:
        known: What is stated, by the bytes of whole vulnerabilities; only where these tell the id.
        vulnerabilities: Of each statement in the table, what it is a part of.
        parsed: Vulnerabilities, without their packages, that had to be parsed.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, tuple[Package, ...]] = {}
        self.vulnerabilities: list[Vulnerability] = []
        self.parsed = 0
        self._vulnerabilities: dict[tuple[str, bytes], Vulnerability] = {}
        self._table = _SCHEMA.empty_table()
        self._new: list[tuple[Any, ...]] = []
        self._lock = Lock()
        self._met: set[int] = set()
        self._whole_bytes, self._bytes = 0, 0

    def is_full(self, most_bytes: int) -> bool:
        """Whether its parts take more than ``most_bytes``; whole ones are dropped where they do."""
        with self._lock:
            if self._whole_bytes > most_bytes:
                self.known, self._whole_bytes = {}, 0
            if len(self._met) > _MOST_MET:
                self._met = set()
            return self._bytes > most_bytes

    def read(self, occurrence: Message, wire: Wire) -> tuple[Package, ...]:
        """Read what a ``lean.Page``'s occurrence states, at least one statement, and keep it.

        Raises:
            BrokenPageError: It holds no vulnerability, or one that cannot be read.
        """
        with self._lock:
            detail, issues = wire.packages_of(occurrence)
            vulnerability = self._vulnerability(occurrence.note_name, detail, wire)
            parts = issues or (None,)
            stated = _distinct([self._package(vulnerability, one, wire) for one in parts])
            if vulnerability.names_itself:
                self._keep(occurrence.vulnerability, stated)
            return stated

    def gathered(self, at: Sequence[int]) -> pa.Table:
        """Return the columns ``SHARED`` of some statements, in the order given."""
        with self._lock:
            if self._new:
                columns = zip(*self._new, strict=True)
                cells = [pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)]
                self._table = pa.concat_tables([self._table, pa.table(cells, schema=_SCHEMA)])
                self._new = []
                if self._table.column(0).num_chunks > _MOST_CHUNKS:
                    self._table = self._table.combine_chunks()
            table = self._table
        return table.take(pa.array(at, pa.int32()))

    def _keep(self, whole: bytes, stated: tuple[Package, ...]) -> None:
        """Keep what is met a second time: most of what differs is met once."""
        told = hash(whole)
        if told in self._met:
            self.known[whole] = stated
            self._whole_bytes += len(whole)
        else:
            self._met.add(told)

    def _vulnerability(self, note_name: str, detail: bytes, wire: Wire) -> Vulnerability:
        known = self._vulnerabilities.get((note_name, detail))
        if known is None:
            message = wire.detail_of(detail)
            cells = common_of(note_name, message)
            itself = cells[0] == message.short_description
            known = Vulnerability(cells[0], note_name, itself, detail, cells)
            self._vulnerabilities[note_name, detail] = known
            self._bytes += len(detail)
            self.parsed += 1
        return known

    def _package(self, vulnerability: Vulnerability, issue: bytes | None, wire: Wire) -> Package:
        package, places = wire.places_of(issue) if issue is not None else (None, ())
        kept = vulnerability.packages.get(package)
        if kept is None:
            message = wire.package_of(package) if package is not None else None
            cells = package_of(message, wire.detail_of(vulnerability.detail))
            kept = (len(self.vulnerabilities), cells[:_NAME_AND_VERSION])
            vulnerability.packages[package] = kept
            self.vulnerabilities.append(vulnerability)
            self._new.append((*vulnerability.cells, *cells))
            self._bytes += len(package or b"")
        return Package(*kept, "", *place_in_image(places))


def _distinct(packages: Sequence[Package]) -> tuple[Package, ...]:
    """Number the statements of one occurrence that differ in none of the key's columns.

    Two package issues may name the same package and version under two CPEs; both are statements.
    """
    keys = [(package.name, package.location) for package in packages]
    if len(set(keys)) == len(keys):
        return tuple(packages)
    met: Counter[tuple[Any, ...]] = Counter()
    numbered = []
    for key, package in zip(keys, packages, strict=True):
        met[key] += 1
        numbered.append(package._replace(repeat=f"#{met[key]}" if met[key] > 1 else ""))
    return tuple(numbered)


class StatedOnce:
    """The book of a run; a new one is begun where the parts kept have grown too large."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes, self._book = most_bytes, Book()

    def book(self) -> Book:
        """Return the book to read a page with, from its begin to its end."""
        if self._book.is_full(self._most_bytes):
            self._book = Book()
        return self._book
