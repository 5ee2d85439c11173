"""Defender's findings in brief: for each image how many rows there are, and a mark of their state.

A summary is read before the rows it sums up. A mark is kept with the run only where as many rows
came as it counts, so what changes between the two reads shows as a change in the next run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from math import ceil
from typing import Any

from providers.azure.defender_queries import is_plain_digest
from providers.azure.queries import PAGE
from providers.azure.values import digest, moment, pick, text, whole

BATCH = 50
"""Digests asked for in one query, at most; a query has a length that is not documented."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What the summary says of one image.

    Attributes:
        asked_by: The digest in the row's own spelling, by which it can be asked for.
        changed: When a status changed last; None when no row tells, so no change would show.
        mark: Changes when the rows do, as far as Resource Graph shows it.
    """

    asked_by: str
    rows: int
    changed: datetime | None
    mark: str


@dataclass
class Summary:
    """All images that have rows, by digest.

    Attributes:
        problem: Why it cannot stand for the rows; None when it can.
    """

    briefs: dict[str, Brief] = field(default_factory=dict)
    problem: str | None = None

    def take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in a page."""
        for row in rows:
            told, count = text(row["id"]), whole(pick(row, "rows"))
            name = digest(told)
            if told is None or name is None or count is None or not is_plain_digest(told):
                self.problem = "some rows do not tell their image where the summary looks for it"
            elif name in self.briefs:
                self.problem = f"{name} is summed up twice"
            else:
                when = moment(pick(row, "changed"))
                spelled = name if told == name else told  # one text a digest, not two
                self.briefs[name] = Brief(spelled, count, when, _mark(row))

    @property
    def rows(self) -> int:
        """How many rows there are of all images."""
        return sum(one.rows for one in self.briefs.values())

    def pages(self) -> int:
        """How many pages reading everything takes."""
        return max(1, ceil(self.rows / PAGE))

    def batches(self, digests: Iterable[str]) -> list[list[str]]:
        """Split images so that each batch is one query of about one page."""
        batches: list[list[str]] = []
        left = 0
        for name in sorted(digests):
            rows = self.briefs[name].rows
            if not batches or len(batches[-1]) == BATCH or left < rows:
                batches.append([])
                left = PAGE
            batches[-1].append(name)
            left -= rows
        return batches

    def cost(self, batches: Iterable[Iterable[str]]) -> int:
        """How many pages reading the batches takes."""
        return sum(ceil(sum(self.briefs[n].rows for n in batch) / PAGE) for batch in batches)


def noted(summary: Summary, counted: Mapping[str, int]) -> str:
    """Return the marks as the note that the next run reads back.

    Args:
        summary: What was summed up before the rows were read.
        counted: Rows that came, by digest, or that stand from an earlier run.
    """
    marks = {
        name: one.mark
        for name, one in sorted(summary.briefs.items())
        if one.changed is not None and counted.get(name) == one.rows
    }
    return json.dumps(marks, separators=(",", ":"))


def marks_of(note: str | None) -> dict[str, str]:
    """Read a note of :func:`noted`; anything else holds no mark."""
    try:
        told = json.loads(note or "{}")
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: mark for name, mark in told.items() if isinstance(mark, str)}


def _mark(row: Mapping[str, Any]) -> str:
    told = [pick(row, name) for name in ("rows", "changed", "size")]
    return sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]
