"""Estates under enhanced scanning in a few words, and whole runs over them, night after night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.world import SUPPRESSED
from providers.loopback.estate import Estate, Fault, Image, Place, Registry, Repository, Scan
from tests.support import nights as nights_of
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


class Night(nights_of.Night):
    """One night of AWS accounts."""

    def closings(self) -> set[tuple[str, int, str]]:
        """Return (image, vulnerability, reason) of everything that was taken back."""
        names = "ltrim(digest[8:], '0'), vulnerability_id[10:]::INT, reason"
        return set(self.rows(f"SELECT {names} FROM source_closings"))

    def findings_scope(self, account: str = ACCOUNT, region: str = REGION) -> tuple[Any, ...]:
        where = f"scope_id = 'aws/{account}/{region}/findings'"
        (found,) = self.rows(f"SELECT outcome, error_code FROM scopes WHERE {where}")
        return found


Nights = nights_of.Nights[Night]


@contextmanager
def nights(root: Path, first: Estate, **inspector: Any) -> Iterator[Nights]:
    """Open a warehouse and a cloud; ``inspector`` are settings of that block."""
    with ExitStack() as stack, AwsLoopback(first) as aws:
        yield Nights(root, "aws", aws, {"inspector": inspector}, stack, Night)
