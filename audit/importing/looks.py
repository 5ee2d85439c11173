"""Two reports about one image by one source are two looks: the later one holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from audit.model.columns import Columns
from audit.ports import RunContext
from audit.store.staging import SEPARATOR, discard, withdraw

KEYS = ("registry_id", "repository", "digest", "source")
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
Judged = tuple[str, ...]
"""(registry_id, repository, digest, source): what one assessment is of."""
LastLooks = Callable[[Iterable[str]], Mapping[Judged, datetime]]
"""Tells of digests when the published runs last looked at each, as far as they tell."""


class Look(NamedTuple):
    """When a file's source looked at an image, and whether the file holds all it found."""

    moment: datetime
    whole: bool


def judgements(block: Columns) -> Iterator[tuple[Judged, Look]]:
    """Yield what a block of ``assessments`` judges, with each look."""
    cells = [_cells(block, name) for name in (*KEYS, "scanned_at", "basis")]
    for *judged, moment, basis in zip(*cells, strict=True):
        yield tuple(map(str, judged)), Look(moment or _NO_TIME, basis in (None, "read"))


def _cells(block: Columns, name: str) -> list[Any]:
    return list(block.data.get(name, [block.constants.get(name)] * block.rows))


@dataclass(frozen=True)
class File:
    """An imported file: its scope and its name."""

    scope_id: str
    name: str


@dataclass
class Looks:
    """Which file of an import holds for each image and source.

    The later look holds, and of two of the same time the one that was named last. A report of an
    earlier run is a look too: what it stated is not mended because an older report does not know
    of it yet. One that does not tell its time is taken at its word: it may be new. What is only a
    part, as a page of a list is, takes no other file's place and none takes its place.
    """

    context: RunContext
    folder: Path
    last_looks: LastLooks
    _newest: dict[Judged, tuple[Look, File]] = field(default_factory=dict)
    _held: dict[File, int] = field(default_factory=dict)
    _lost: dict[File, list[Judged]] = field(default_factory=lambda: defaultdict(list))

    def take(self, file: File, judged: Mapping[Judged, Look]) -> None:
        """Take in the looks of a file whose rows are staged."""
        self._held[file] = len(judged)
        published = self.last_looks({one[2] for one in judged})
        for one, look in judged.items():
            before = published.get(one)
            held = self._newest.get(one)
            if before and _NO_TIME < look.moment < before:
                self._lose(file, one, "superseded by a later report of an earlier run")
            elif held is None or not held[0].whole:
                self._newest[one] = look, file
            elif look.whole:
                lost = file if held[0].moment > look.moment else held[1]
                self._lose(lost, one, "superseded by a later report")
                if lost is not file:
                    self._newest[one] = look, file

    def settle(self) -> None:
        """Remove the rows of every look that does not hold."""
        for file, lost in self._lost.items():
            if len(lost) == self._held[file]:
                discard(self.folder, file.scope_id)
                continue
            rows = pa.array([SEPARATOR.join(one) for one in lost])
            for table in ("assessments", "findings"):
                withdraw(self.folder, file.scope_id, table, KEYS, rows)

    def _lose(self, file: File, judged: Judged, event: str) -> None:
        if not self._lost[file]:
            told = {"scope": file.scope_id, "path": file.name, "digest": judged[2]}
            self.context.log.warning(event, extra=told)
        self._lost[file].append(judged)
