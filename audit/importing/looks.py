"""Two reports about one image by one source are two looks: the later one holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def judgements(block: Columns) -> Iterator[tuple[Judged, datetime]]:
    """Yield what a block of ``assessments`` judges, with the time of each look."""
    cells = [_cells(block, name) for name in KEYS]
    for *judged, moment in zip(*cells, _cells(block, "scanned_at"), strict=True):
        yield tuple(map(str, judged)), moment or _NO_TIME


def _cells(block: Columns, name: str) -> list[Any]:
    return block.data.get(name, [block.constants.get(name)] * block.rows)


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
    of it yet. One that does not tell its time is taken at its word: it may be new.
    """

    context: RunContext
    folder: Path
    last_looks: LastLooks
    _newest: dict[Judged, tuple[datetime, File]] = field(default_factory=dict)
    _held: dict[File, int] = field(default_factory=dict)
    _lost: dict[File, list[Judged]] = field(default_factory=lambda: defaultdict(list))

    def take(self, file: File, judged: Mapping[Judged, datetime]) -> None:
        """Take in the looks of a file whose rows are staged."""
        self._held[file] = len(judged)
        published = self.last_looks({one[2] for one in judged})
        for one, moment in judged.items():
            before = published.get(one)
            held = self._newest.get(one)
            if before and _NO_TIME < moment < before:
                self._lose(file, one, "superseded by a later report of an earlier run")
            elif held and held[0] > moment:
                self._lose(file, one, "superseded by a later report")
            else:
                if held:
                    self._lose(held[1], one, "superseded by a later report")
                self._newest[one] = moment, file

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
