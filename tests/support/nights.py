"""Whole runs over one cloud, night after night, each held against the oracle."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config
from audit.store.reader import StoredRun, Warehouse
from providers.loopback.estate import Estate
from providers.loopback.truth import Oracle
from tests.support.compare import differences


class Cloud(Protocol):
    """A loopback cloud that shows one estate after another."""

    calls: Counter[str]

    def show(self, estate: Estate) -> None: ...

    def settings(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Night:
    """What one run published, and what it asked."""

    run: StoredRun
    result: RunResult
    calls: Counter[str]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.run.rows(query)]

    def states(self) -> dict[str, str]:
        """Return the state of each image, by its number."""
        return dict(self.rows("SELECT ltrim(digest[8:], '0'), state FROM assessments"))

    def bases(self) -> dict[str, str]:
        return dict(self.rows("SELECT ltrim(digest[8:], '0'), basis FROM assessments"))

    def stated(self) -> set[tuple[str, int]]:
        """Return (image, vulnerability) of everything on record, by their numbers."""
        query = "SELECT ltrim(digest[8:], '0'), vulnerability_id[10:]::INT FROM findings"
        return set(self.rows(query))


OneNight = TypeVar("OneNight", bound=Night)


@dataclass
class Nights(Generic[OneNight]):
    """A warehouse of its own, and one cloud that shows estate after estate."""

    root: Path
    provider: str
    cloud: Cloud
    settings: dict[str, Any]
    stack: ExitStack
    kind: type[OneNight]
    oracle: Oracle = field(default_factory=Oracle)

    def run(self, estate: Estate, *, honest: bool = True, **settings: Any) -> OneNight:
        """Run a night. What it publishes must be the truth, unless the oracle cannot know it."""
        self.cloud.show(estate)
        before = Counter(self.cloud.calls)
        block = {**self.cloud.settings(), "max_attempts": 1, **self.settings, **settings}
        config = Config(version=1, warehouse=str(self.root), providers={self.provider: block})
        with shown(bars=False) as planned:
            result = App(config, estate.moment).run(planned)
        run = self.stack.enter_context(Warehouse.at(str(self.root)).open_run())
        truth = self.oracle.advance(estate)
        if honest:
            told = differences(run, truth)
            assert not told, (estate.name, told)
        return self.kind(run, result, self.cloud.calls - before)
