"""An estate with one image for each planted status, and no fault: only statuses are in the way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from providers.loopback.estate import (
    Estate,
    Image,
    Place,
    Registry,
    Repository,
    Scan,
    Statement,
)
from providers.loopback.repositories import OCI_CONFIG, OCI_MANIFEST

MOMENT = datetime(2026, 11, 22, 2, tzinfo=UTC)
FRESH = timedelta(hours=5)
Where = tuple[str, str, str]
_SUBSCRIPTION = "00000000-0000-4000-8000-00000000000"


@dataclass(frozen=True)
class Planted:
    """One image: what its source says, and the state it must get.

    Attributes:
        place: Name of the place it lies in, see ``PLACES``.
        scanned: Age of the evidence; None when the source gives none.
        pushed: Age of the image.
        invented: The word that no model holds, which must be told to the reader.
    """

    place: str
    native: tuple[str, ...]
    state: str
    scanned: timedelta | None = FRESH
    pushed: timedelta = timedelta(days=3)
    archived: bool = False
    told: bool = False
    invented: str = ""

    def __str__(self) -> str:
        age = "" if self.scanned == FRESH else f" scanned {self.scanned} ago"
        return f"{self.place} {'/'.join(self.native) or 'nothing'}{age}"


def _aws(region: str, scan_type: str) -> Place:
    host = f"111111111111.dkr.ecr.{region}.amazonaws.com"
    return _place("aws", "111111111111", region, host, {"scan_type": scan_type})


def _azure(number: int, plan: str) -> Place:
    settings = {"defender_plan": plan} if plan else {}
    return _place("azure", f"{_SUBSCRIPTION}{number}", "", f"acme{number}.azurecr.io", settings)


def _place(
    provider: str, account: str, region: str, registry_id: str, settings: Mapping[str, str]
) -> Place:
    native = f"projects/{account}/locations/{region}/repositories/apps"
    if provider == "azure":
        group = f"/subscriptions/{account}/resourceGroups/registries"
        name = registry_id.partition(".")[0]
        native = f"{group}/providers/Microsoft.ContainerRegistry/registries/{name}"
    created = MOMENT - timedelta(days=400)
    registry = Registry(registry_id, native, created, (), {"location": "westeurope"})
    return Place(provider, account, region, (registry,), dict(settings))


PLACES = {
    "inspector": _aws("eu-west-1", "ENHANCED"),
    "ecr-basic": _aws("us-east-1", "BASIC"),
    "defender": _azure(1, "Standard"),
    "defender off": _azure(2, "Free"),
    "defender silent": _azure(3, "Standard"),
    "defender hidden": _azure(4, ""),
    "artifact-analysis": _place(
        *("gcp", "acme-prod", "us-central1", "us-central1-docker.pkg.dev/acme-prod/apps"),
        {"api": "enabled"},
    ),
}


def estate_of(
    planted: Sequence[Planted], *, apart: bool = False
) -> tuple[Estate, dict[Where, Planted]]:
    """Return an estate that holds the planted images alone, and where each of them lies.

    Args:
        planted: Statuses; the place of each in this list makes its digest.
        apart: Put each image into a repository of its own.
    """
    held: dict[str, dict[str, list[Image]]] = {}
    where: dict[Where, Planted] = {}
    for number, one in enumerate(planted):
        image, name = _image(number, one), f"team/app-{number}" if apart else "team/app"
        held.setdefault(one.place, {}).setdefault(name, []).append(image)
        where[PLACES[one.place].registries[0].registry_id, name, image.digest] = one
    places = tuple(_holding(PLACES[name], inside) for name, inside in held.items())
    return Estate("every status", MOMENT, places, "tenant-1", page_size=1000), where


def _holding(place: Place, inside: Mapping[str, Sequence[Image]]) -> Place:
    (registry,) = place.registries
    repositories = tuple(
        Repository(name, registry.created_at, tuple(images)) for name, images in inside.items()
    )
    return replace(place, registries=(replace(registry, repositories=repositories),))


def _image(number: int, planted: Planted) -> Image:
    digest = "sha256:" + hashlib.sha256(f"status {number}".encode()).hexdigest()
    scanned_at = None if planted.scanned is None else MOMENT - planted.scanned
    told = (_statement(number, planted.place),) if planted.told else ()
    return Image(
        digest=digest,
        kind="image",
        media_type=OCI_MANIFEST,
        artifact_type=OCI_CONFIG,
        pushed_at=MOMENT - planted.pushed,
        tags=(f"status-{number}",),
        os="linux",
        architecture="amd64",
        size_bytes=1,
        archived=planted.archived,
        scan=Scan(planted.native, planted.state, scanned_at, told),
    )


def _statement(number: int, place: str) -> Statement:
    high = "High" if place.startswith("defender") else "HIGH"
    return Statement(
        vulnerability_id=f"CVE-2026-{number:04}",
        package="openssl",
        version="3.0.1-1",
        package_type="OS",
        native_severity=high,
        severity="HIGH",
        fixed_version="3.0.2-1",
        cvss_score=8.1,
        cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        title=f"Flaw {number}",
    )
