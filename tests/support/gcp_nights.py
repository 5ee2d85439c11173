"""Estates of one project in a few words, and whole runs over them, night after night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config
from audit.store.reader import StoredRun, Warehouse
from providers.loopback.estate import Estate, Fault, Image, Place, Registry, Repository, Scan
from providers.loopback.gcp import GcpLoopback
from providers.loopback.truth import Oracle
from tests.support.compare import differences
from tests.unit.loopback.estates import LOCATION, MOMENT, PROJECT, TENANT, image, statement

DAY = timedelta(days=1)
FOLLOWED = ("FINISHED_SUCCESS", "ACTIVE")
LEFT = ("FINISHED_SUCCESS", "INACTIVE")
PENDING = ("PENDING", "ACTIVE")
STATES = {FOLLOWED: "assessed", LEFT: "stale", PENDING: "pending", (): "not_scanned"}
SCOPE = f"gcp/{PROJECT}/artifact-analysis"


def found(
    number: int,
    *vulnerabilities: int,
    native: tuple[str, ...] = FOLLOWED,
    state: str = "",
    at: float = 0,
) -> Image:
    """Return a tagged image of which Google states vulnerabilities, last scanned on a day."""
    stated = tuple(statement(one) for one in vulnerabilities)
    scanned = None if native in {(), PENDING} else MOMENT + at * DAY - timedelta(hours=12)
    scan = Scan(native, state or STATES[native], scanned, stated)
    pushed = MOMENT - 20 * DAY - timedelta(hours=number)
    return image(number, tags=(f"v{number}",), scan=scan, pushed_at=pushed)


def night(days: float, *images: Image, faults: tuple[Fault, ...] = (), **more: Any) -> Estate:
    """Return the estate of a day (from 0): one project, one repository."""
    repository = Repository("app", MOMENT - 90 * DAY, images)
    registry_id = f"{LOCATION}-docker.pkg.dev/{PROJECT}/apps"
    registry = Registry(registry_id, registry_id, MOMENT - 400 * DAY, (repository,))
    place = Place("gcp", PROJECT, LOCATION, (registry,))
    pages = {"page_size": 1000, "findings_page_size": 1000} | more
    return Estate(f"day {days}", MOMENT + days * DAY, (place,), TENANT, faults, **pages)


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

    def asked(self) -> int:
        """Return the pages of occurrences that were asked for."""
        return self.calls["ListOccurrences"]

    def outcome(self) -> tuple[Any, ...]:
        query = f"SELECT outcome, error_code FROM scopes WHERE scope_id = '{SCOPE}'"
        (told,) = self.rows(query)
        return told


@dataclass
class Nights:
    """A warehouse of its own, and one cloud that shows estate after estate."""

    root: Path
    cloud: GcpLoopback
    settings: dict[str, Any]
    stack: ExitStack
    oracle: Oracle = field(default_factory=Oracle)

    def run(self, estate: Estate, *, honest: bool = True, **settings: Any) -> Night:
        """Run a night. What it publishes must be the truth, unless the oracle cannot know it."""
        self.cloud.show(estate)
        before = Counter(self.cloud.calls)
        block = {**self.cloud.settings(), "max_attempts": 1, **self.settings, **settings}
        config = Config(version=1, warehouse=str(self.root), providers={"gcp": block})
        with shown(bars=False) as planned:
            result = App(config, estate.moment).run(planned)
        run = self.stack.enter_context(Warehouse.at(str(self.root)).open_run())
        truth = self.oracle.advance(estate)
        if honest:
            told = differences(run, truth)
            assert not told, (estate.name, told)
        return Night(run, result, self.cloud.calls - before)


@contextmanager
def nights(root: Path, first: Estate, **settings: Any) -> Iterator[Nights]:
    """Open a warehouse and a cloud."""
    with ExitStack() as stack, GcpLoopback(first) as cloud:
        yield Nights(root, cloud, settings, stack)
