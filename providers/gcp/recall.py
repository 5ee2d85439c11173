"""What the run before knew of Google Cloud, asked once for all projects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import NamedTuple

from audit.ports import Memory
from providers.gcp.marks import NAME, Mark, mark_of
from providers.gcp.names import Where
from providers.gcp.scopes import PROVIDER, SOURCE


class Told(NamedTuple):
    """What was said of an image: the state before the evidence window, and Google's words."""

    state: str
    native_status: str | None


class Recall:
    """The run before. Thread-safe; asks its memory when the first project wants to know."""

    def __init__(self, memory: Memory) -> None:
        self._memory, self._lock = memory, Lock()

    def mark(self, scope_id: str) -> Mark | None:
        """Return the mark of a findings scope; None where there is none that can be read."""
        with self._lock:
            text = self._marks.get(scope_id)
        return mark_of(text) if text else None

    def told(self) -> Mapping[Where, Told]:
        """Return what was said of every image of every project."""
        with self._lock:
            return self._told

    def places(self) -> Mapping[str, frozenset[str]]:
        """Return the locations in which repositories lay, by project."""
        with self._lock:
            return self._places

    @cached_property
    def _places(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for project, location in self._memory.rows(
            "registries", ("account", "region"), provider=PROVIDER
        ):
            found[project].add(location)
        return {project: frozenset(locations) for project, locations in found.items()}

    @cached_property
    def _marks(self) -> dict[str, str]:
        where = {"provider": PROVIDER, "name": NAME}
        return dict(self._memory.rows("reading_marks", ("scope_id", "value"), **where))

    @cached_property
    def _told(self) -> dict[Where, Told]:
        names = (*Where._fields, "told_state", "native_status")
        rows = self._memory.rows("assessments", names, provider=PROVIDER, source=SOURCE)
        return {Where(*row[:3]): Told(str(row[3]), row[4]) for row in rows}
