"""Estates of one project in a few words, and whole runs over them, night after night."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from providers.loopback.estate import Estate, Fault, Image, Place, Registry, Repository, Scan
from providers.loopback.gcp import GcpLoopback
from tests.support import nights as nights_of
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


class Night(nights_of.Night):
    """One night of a Google Cloud project."""

    def asked(self) -> int:
        """Return the pages of occurrences that were asked for."""
        return self.calls["ListOccurrences"]

    def outcome(self) -> tuple[Any, ...]:
        query = f"SELECT outcome, error_code FROM scopes WHERE scope_id = '{SCOPE}'"
        (told,) = self.rows(query)
        return told


Nights = nights_of.Nights[Night]


@contextmanager
def nights(root: Path, first: Estate, **settings: Any) -> Iterator[Nights]:
    """Open a warehouse and a cloud."""
    with ExitStack() as stack, GcpLoopback(first) as cloud:
        yield Nights(root, "gcp", cloud, settings, stack, Night)
