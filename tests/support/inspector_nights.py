"""Estates under enhanced scanning in a few words, and whole runs over them, night after night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config
from audit.store.reader import StoredRun, Warehouse
from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.world import SUPPRESSED
from providers.loopback.estate import Estate, Fault, Image, Place, Registry, Repository, Scan
from providers.loopback.truth import Oracle
from tests.support.compare import differences
from tests.unit.loopback.estates import ACCOUNT, MOMENT, REGION, TENANT, image, statement

DAY = timedelta(days=1)
SCANNED = ("ACTIVE", "SUCCESSFUL")
LAPSED = ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED")
BASIC = ("COMPLETE",)
"""A scan of a registry under basic scanning."""
STATES = {
    SCANNED: "assessed",
    BASIC: "assessed",
    LAPSED: "expired",
    ("UNSUPPORTED_IMAGE",): "unsupported",
    ("IN_PROGRESS",): "pending",
    ("FAILED",): "failed",
}


def found(
    number: int, *vulnerabilities: int, native: tuple[str, ...] = SCANNED, at: float = 0
) -> Image:
    """Return a tagged image of which Inspector states vulnerabilities, last looked at on a day."""
    stated = tuple(statement(one) for one in vulnerabilities)
    looked = MOMENT + at * DAY - timedelta(hours=12)
    scan = Scan(native, STATES.get(native, "unknown"), looked, stated)
    pushed = MOMENT - 20 * DAY - timedelta(hours=number)
    return image(number, tags=(f"v{number}",), scan=scan, pushed_at=pushed)


def place(
    account: str,
    *images: Image,
    suppressed: str = "",
    region: str = REGION,
    more: Mapping[str, tuple[Image, ...]] | None = None,
    **settings: str,
) -> Place:
    """Return an enhanced registry: the repository ``app``, and ``more`` by name."""
    repositories = tuple(
        Repository(name, MOMENT - 90 * DAY, held, {SUPPRESSED: suppressed})
        for name, held in {"app": images, **(more or {})}.items()
    )
    host = f"{account}.dkr.ecr.{region}.amazonaws.com"
    registry = Registry(host, account, MOMENT - 400 * DAY, repositories)
    return Place("aws", account, region, (registry,), {"scan_type": "ENHANCED", **settings})


def estate(days: float, *places: Place, faults: tuple[Fault, ...] = (), **more: Any) -> Estate:
    """Return the estate of a day (from 0)."""
    moment = MOMENT + days * DAY
    return Estate(f"day {days}", moment, places, TENANT, faults, **more)


def night(days: float, *images: Image, suppressed: str = "", **more: Any) -> Estate:
    """Return the estate of a day: one account, one repository."""
    return estate(days, place(ACCOUNT, *images, suppressed=suppressed), **more)


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

    def closings(self) -> set[tuple[str, int, str]]:
        """Return (image, vulnerability, reason) of everything that was taken back."""
        names = "ltrim(digest[8:], '0'), vulnerability_id[10:]::INT, reason"
        return set(self.rows(f"SELECT {names} FROM source_closings"))

    def findings_scope(self, account: str = ACCOUNT, region: str = REGION) -> tuple[Any, ...]:
        where = f"scope_id = 'aws/{account}/{region}/findings'"
        (found,) = self.rows(f"SELECT outcome, error_code FROM scopes WHERE {where}")
        return found


@dataclass
class Nights:
    """A warehouse of its own, and one cloud that shows estate after estate."""

    root: Path
    aws: AwsLoopback
    settings: dict[str, Any]
    stack: ExitStack
    oracle: Oracle = field(default_factory=Oracle)

    def run(self, shown_estate: Estate, *, honest: bool = True, **settings: Any) -> Night:
        """Run a night. What it publishes must be the truth, unless the oracle cannot know it."""
        self.aws.show(shown_estate)
        before = Counter(self.aws.calls)
        block = {**self.aws.settings(), "max_attempts": 1, **self.settings, **settings}
        config = Config(version=1, warehouse=str(self.root), providers={"aws": block})
        with shown(bars=False) as planned:
            result = App(config, shown_estate.moment).run(planned)
        run = self.stack.enter_context(Warehouse.at(str(self.root)).open_run())
        truth = self.oracle.advance(shown_estate)
        if honest:
            told = differences(run, truth)
            assert not told, (shown_estate.name, told)
        return Night(run, result, self.aws.calls - before)


@contextmanager
def nights(root: Path, first: Estate, **inspector: Any) -> Iterator[Nights]:
    """Open a warehouse and a cloud; ``inspector`` are settings of that block."""
    with ExitStack() as stack, AwsLoopback(first) as aws:
        yield Nights(root, aws, {"inspector": inspector}, stack)
