"""A generated AWS organisation: every image of its own, statements drawn from one pool."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.loopback.estate import Estate, Image, Place, Registry, Repository, Scan, Statement

_REGIONS = ("eu-west-1", "us-east-1", "ap-northeast-1", "eu-central-1", "us-west-2")
_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
ADMINISTRATOR = "100000000000"
_POOL = 4_000


@dataclass(frozen=True)
class Size:
    """How large: each number is one of the next larger thing."""

    accounts: int
    regions: int
    repositories: int
    images: int
    findings: int

    @property
    def statements(self) -> int:
        """Statements in all."""
        places = self.accounts * self.regions
        return places * self.repositories * self.images * self.findings


def organisation(size: Size, since: datetime, moment: datetime) -> Estate:
    """Return the organisation as it stands at ``moment``, unchanged since before ``since``."""
    pool = tuple(_statement(number) for number in range(_POOL))
    places = tuple(
        _place(size, str(int(ADMINISTRATOR) + number), region, pool, since)
        for number in range(size.accounts)
        for region in _REGIONS[: size.regions]
    )
    return Estate("organisation", moment, places, "tenant", page_size=1_000, findings_page_size=200)


def _place(
    size: Size, account: str, region: str, pool: tuple[Statement, ...], since: datetime
) -> Place:
    host = f"{account}.dkr.ecr.{region}.amazonaws.com"
    repositories = tuple(
        _repository(size, f"{account}/{region}/{number}", pool, since)
        for number in range(size.repositories)
    )
    settings = {"scan_type": "ENHANCED", "inspector_administrator": ADMINISTRATOR}
    registry = Registry(host, host, since, repositories, settings)
    return Place("aws", account, region, (registry,), settings)


def _repository(size: Size, name: str, pool: tuple[Statement, ...], since: datetime) -> Repository:
    images = tuple(
        _image(f"{name}/{number}", size.findings, pool, since) for number in range(size.images)
    )
    return Repository(f"team/{name.rpartition('/')[2]}", since - timedelta(days=400), images)


def _image(name: str, findings: int, pool: tuple[Statement, ...], since: datetime) -> Image:
    digest = hashlib.sha256(name.encode()).hexdigest()
    first = int(digest[:6], 16) % (len(pool) - findings)
    return Image(
        f"sha256:{digest}",
        "image",
        _MEDIA_TYPE,
        since - timedelta(days=20),
        (name.rpartition("/")[2],),
        _CONFIG,
        "linux",
        "amd64",
        52_345_678,
        scan=Scan(
            ("ACTIVE", "SUCCESSFUL"),
            "assessed",
            since - timedelta(days=2),
            pool[first : first + findings],
        ),
    )


def _statement(number: int) -> Statement:
    identity = f"CVE-2025-{number:05d}"
    package = f"lib{number % 300}"
    severity = ("LOW", "MEDIUM", "HIGH", "CRITICAL")[number % 4]
    return Statement(
        identity,
        package,
        f"1.{number % 50}.0-1",
        "OS",
        severity,
        severity,
        f"1.{number % 50}.1-1" if number % 3 else None,
        7.5,
        _VECTOR,
        f"{identity} - {package}",
    )
