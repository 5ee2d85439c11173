"""Real images in the registries of loopback clouds, and nights of scanning over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from providers.loopback.estate import Estate, Place, Registry, Repository
from providers.loopback.oci import Store
from providers.loopback.scanning import StandImage, push
from providers.loopback.scanning.listed import listed
from tests.support.scanning import FIRST, Nights
from tests.unit.loopback.estates import ACCOUNT, LOCATION, PROJECT, REGION, TENANT

HOUR = 3600.0


@dataclass(frozen=True)
class Home:
    """Where the one registry of a cloud lies, and the settings of the place."""

    account: str
    region: str
    registry_id: str
    settings: Mapping[str, str]
    native_id: str = ""


_ACR = "Microsoft.ContainerRegistry/registries"
HOMES = {
    "aws": Home(
        ACCOUNT,
        REGION,
        f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
        {"scan_type": "ENHANCED"},
    ),
    "azure": Home(
        "sub-1",
        "",
        "loopback.azurecr.io",
        {"defender_plan": "Free"},
        f"/subscriptions/sub-1/resourceGroups/all/providers/{_ACR}/loopback",
    ),
    "gcp": Home(PROJECT, LOCATION, f"{LOCATION}-docker.pkg.dev/{PROJECT}/apps", {"api": "enabled"}),
}


def estate(
    provider: str,
    images: Mapping[str, StandImage],
    newer: Mapping[str, StandImage] | None = None,
    **settings: str,
) -> Estate:
    """One registry that holds an image a repository, none of which its own scanner looked at.

    Args:
        provider: The cloud.
        images: By repository.
        newer: Images that have taken the place of others, a day later.
        settings: Of the registry.
    """
    home, pushed = HOMES[provider], FIRST - timedelta(days=3)
    replaced, later = newer or {}, pushed + timedelta(days=1)
    dated = {name: (image, pushed) for name, image in images.items()}
    dated |= {name: (image, later) for name, image in replaced.items()}
    repositories = tuple(
        Repository(name, pushed, listed(image, moment, ("1.0",)))
        for name, (image, moment) in dated.items()
    )
    native_id = home.native_id or home.registry_id
    registry = Registry(home.registry_id, native_id, pushed, repositories, settings)
    place = Place(provider, home.account, home.region, (registry,), home.settings)
    return Estate("pulled", FIRST, (place,), TENANT)


def store(*some: Mapping[str, StandImage]) -> Store:
    """What the images consist of."""
    held = Store()
    for images in some:
        for name, image in images.items():
            push(held, name, image)
    return held


@dataclass
class CloudNights(Nights):
    """Runs over one cloud; ``registry`` is the cloud.

    Attributes:
        provider: Its name.
        settings: What is configured beside how it is reached.
    """

    registry: Any
    provider: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def providers(self) -> dict[str, Any]:
        reached = {**self.registry.settings(), "max_attempts": 1}
        return {self.provider: {**reached, **self.settings}}

    def standing(self, repository: str) -> dict[str, str]:
        """State of every exposure of a repository, by vulnerability."""
        rows = self.table("exposures_now")
        rows = rows[rows["repository"] == repository]
        return dict(zip(rows["vulnerability_id"], rows["state"], strict=True))


class Walking:
    """Monotonic seconds that go on by some every time that somebody looks."""

    def __init__(self, stride: float) -> None:
        self.seconds, self._stride = 0.0, stride

    def __call__(self) -> float:
        self.seconds += self._stride
        return self.seconds
