"""Pages of VULNERABILITY occurrences -> rows: what repeats is gathered, the rest put beside it.

A page is read field by field, not occurrence by occurrence, as there are millions of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain, compress, groupby
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from audit.model.scope import ScopeTally
from audit.ports import Sink
from providers.gcp.moments import moments_of
from providers.gcp.names import Where, place_of
from providers.gcp.parse_vulnerability import DESCRIBED
from providers.gcp.scopes import PROVIDER, SOURCE
from providers.gcp.stated import SHARED, Package, StatedOnce, Wire
from providers.gcp.values import Message

Numbers: TypeAlias = npt.NDArray[np.int64]


class StatementWriter:
    """Writes what pages state of some images.

    Attributes:
        counts: Occurrences about each image.
        occurrences: Occurrences met, about whatever.
    """

    def __init__(self, sink: Sink, run_id: str, once: StatedOnce, wire: Wire) -> None:
        self._sink, self._run_id = sink, run_id
        self._once, self._wire = once, wire
        self._book = once.book()
        self._met: set[int] = set()
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
        self._open_book()
        occurrences = list(page.occurrences)
        read, known = partial(self._read, tally), self._book.known
        stated = [known.get(one.vulnerability) or read(one) for one in occurrences]
        packages = np.fromiter(map(len, stated), np.int64, len(stated))
        tally.listed += int(packages.sum())
        self.occurrences += len(occurrences)
        images, image = _images(occurrences, packages, about, tally)
        wanted = (image >= 0) & (packages > 0)
        for place, count in enumerate(np.bincount(image[wanted]).tolist()):
            self.counts[images[place]] += count
        rows = list(chain.from_iterable(compress(stated, wanted)))
        if rows:
            of = np.repeat(np.flatnonzero(wanted), packages[wanted])
            columns = dict(zip(Where._fields, zip(*images, strict=True), strict=True))
            where = _gathered(columns, image[of])
            self._write(rows, {**where, **_seen(occurrences, of)})

    def _open_book(self) -> None:
        book = self._once.book()
        if book is not self._book:
            self._book, self._met = book, set()

    def _read(self, tally: ScopeTally, occurrence: Message) -> tuple[Package, ...]:
        try:
            return self._book.read(occurrence, self._wire)
        except BrokenPageError as error:
            tally.fail(error)
            return ()

    def _write(self, rows: Sequence[Package], cells: Mapping[str, Any]) -> None:
        """Write what is stated.

        Args:
            rows: The statements.
            cells: The columns that tell of which image, and by which occurrence.
        """
        at, _, repeats, locations, layers = zip(*rows, strict=True)
        self._describe(at)
        block = Columns("findings", provider=PROVIDER, source=SOURCE, observed_run_id=self._run_id)
        names = cells["native_id"]
        if any(repeats):
            names = pc.binary_join_element_wise(names, pa.array(repeats, pa.string()), "")
        shared = self._book.gathered(at)
        own = {"native_id": names, "location": locations, "layer_digest": layers}
        block.fill({**cells, **dict(zip(SHARED, shared.columns, strict=True)), **own}, len(rows))
        self._sink.write(block)

    def _describe(self, at: Sequence[int]) -> None:
        """Write what is said of vulnerabilities beside the statements, once a project."""
        new = [one for one in dict.fromkeys(at) if one not in self._met]
        self._met.update(new)
        rows: dict[str, tuple[Any, ...]] = {}
        for one in new:
            vulnerability = self._book.vulnerabilities[one]
            identifier = vulnerability.identifier
            if identifier not in self._described and identifier not in rows:
                rows[identifier] = vulnerability.described(self._wire)
        self._described.update(rows)
        block = Columns("vulnerabilities")
        block.extend(DESCRIBED, list(rows.values()))
        self._sink.write(block)


def _images(
    occurrences: Sequence[Message],
    packages: Numbers,
    about: Mapping[Where, Where],
    tally: ScopeTally,
) -> tuple[list[Where], Numbers]:
    """Return images, and for each occurrence the number of its image among them or -1.

    An image is among them as often as its occurrences are interrupted by others'.
    """
    images: list[Where] = []
    image, start = np.full(len(occurrences), -1), 0
    for uri, together in groupby([one.resource_uri for one in occurrences]):
        run = slice(start, start + len(list(together)))
        start = run.stop
        readable = np.count_nonzero(packages[run])
        try:
            place = place_of(uri) if readable else None
        except BrokenPageError as error:
            for _ in range(readable):
                tally.fail(error)
            continue
        where = about.get(place) if place else None
        if where is not None:
            image[run] = len(images)
            images.append(where)
    return images, image


def _seen(occurrences: Sequence[Message], of: Numbers) -> dict[str, pa.Array[Any]]:
    """Return the columns of the occurrences numbered ``of``, in that order."""
    return _gathered(
        {
            "native_id": [one.name for one in occurrences],
            "native_first_seen_at": moments_of(occurrences, "create_time"),
        },
        of,
    )


def _gathered(columns: Mapping[str, Any], at: Numbers) -> dict[str, pa.Array[Any]]:
    """Return the cells numbered ``at`` of some columns."""
    return {name: pa.array(cells).take(pa.array(at)) for name, cells in columns.items()}
