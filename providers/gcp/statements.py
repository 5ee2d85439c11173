"""Pages of VULNERABILITY occurrences -> rows, each vulnerability's bytes parsed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from audit.model.scope import ScopeTally
from audit.ports import Sink
from providers.gcp.names import Where, place_of
from providers.gcp.parse_vulnerability import STATED, statements_of, vulnerability_row
from providers.gcp.scopes import PROVIDER, SOURCE
from providers.gcp.values import Message, moment_of

_MOST_BYTES = 16_000_000
"""Of vulnerabilities kept with their rows, over all tasks; the rows take three times as much."""
_NAMES = (*Where._fields, "native_id", "native_first_seen_at", *STATED)


Detail = Callable[[Message], Message]
"""Parses the vulnerability of a ``lean.Page``'s occurrence."""


class Stated(NamedTuple):
    """What an occurrence states, wherever it is stated.

    Attributes:
        rows: For each package issue what follows the occurrence's name in ``native_id``, and the
            cells of ``STATED``.
    """

    vulnerability_id: str
    rows: tuple[tuple[str, tuple[Any, ...]], ...]


class StatedOnce:
    """Remembers the rows of vulnerabilities by their bytes. Serves several threads.

    Attributes:
        parsed: Vulnerabilities that had to be parsed.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._known: dict[tuple[str, bytes], Stated] = {}
        self._most_bytes, self._bytes = most_bytes, 0
        self.parsed = 0

    def of(self, occurrence: Message, detail_of: Detail) -> Stated:
        """Return what a ``lean.Page``'s occurrence states.

        Args:
            occurrence: The occurrence.
            detail_of: Parses its vulnerability, where that was not met before.

        Raises:
            BrokenPageError: It holds no vulnerability, or one that cannot be read.
        """
        key = (occurrence.note_name, occurrence.vulnerability)
        stated = self._known.get(key)
        return stated if stated is not None else self._parse(key, detail_of(occurrence))

    def _parse(self, key: tuple[str, bytes], detail: Message) -> Stated:
        rows = statements_of(key[0], detail)
        cells = tuple((row["repeat"], tuple(row.get(name) for name in STATED)) for row in rows)
        stated = Stated(rows[0]["vulnerability_id"], cells)
        if self._bytes > self._most_bytes:
            self._known, self._bytes = {}, 0
        self._known[key] = stated
        self._bytes += len(key[1])
        self.parsed += 1
        return stated


class StatementWriter:
    """Writes what pages state of some images.

    Attributes:
        counts: Occurrences about each image.
        occurrences: Occurrences met, about whatever.
    """

    def __init__(self, sink: Sink, run_id: str, once: StatedOnce, detail_of: Detail) -> None:
        self._sink, self._run_id = sink, run_id
        self._once, self._detail_of = once, detail_of
        self._described: set[str] = set()
        self.counts: Counter[Where] = Counter()
        self.occurrences = 0

    def write(self, page: Message, about: Mapping[Where, Where], tally: ScopeTally) -> None:
        """Write a ``lean.Page``.

        Args:
            page: The page.
            about: Every manifest that statements may be about -> the image that they count for.
            tally: Records what cannot be read; all statements count in ``listed``, also those
                about other resources.
        """
        rows: list[tuple[Any, ...]] = []
        described = Columns("vulnerabilities")
        for occurrence in page.occurrences:
            self.occurrences += 1
            try:
                stated = self._once.of(occurrence, self._detail_of)
                tally.listed += len(stated.rows)
                place = place_of(occurrence.resource_uri)
                where = about.get(place) if place else None
                if where is not None:
                    self.counts[where] += 1
                    rows += _rows(occurrence, where, stated)
                    self._describe(occurrence, stated, described)
            except BrokenPageError as error:
                tally.fail(error)
        self._sink.write(described)
        self._sink.write(self._block(rows))

    def _block(self, rows: list[tuple[Any, ...]]) -> Columns:
        block = Columns("findings", provider=PROVIDER, source=SOURCE, observed_run_id=self._run_id)
        block.extend(_NAMES, rows)
        return block

    def _describe(self, occurrence: Message, stated: Stated, described: Columns) -> None:
        if stated.vulnerability_id not in self._described:
            self._described.add(stated.vulnerability_id)
            described.append(**vulnerability_row(occurrence.note_name, self._detail_of(occurrence)))


def _rows(occurrence: Message, where: Where, stated: Stated) -> list[tuple[Any, ...]]:
    name, seen = occurrence.name, moment_of(occurrence, "create_time")
    return [(*where, name + repeat, seen, *cells) for repeat, cells in stated.rows]
