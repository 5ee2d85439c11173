"""What a scanner has to find in an image, told from the description and from nothing it says.

Versions of the stand are numbers, all of one shape, so that comparing the numbers is right for
every ecosystem and none of their rules has to be written down here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from providers.loopback.scanning.advisories import Advisory
from providers.loopback.scanning.images import StandImage
from providers.loopback.scanning.layers import Package

_SHAPE = re.compile(r"\d+(\.\d+)*(-r?\d+)?")


@dataclass(frozen=True, order=True)
class Expected:
    """A statement that has to be there.

    Attributes:
        package: Name of the installed package, not of its source.
        fixed_version: Empty where there is no fix.
        layer_digest: Of the layer that brought the package.
    """

    vulnerability_id: str
    package: str
    version: str
    fixed_version: str
    severity: str
    layer_digest: str


def expected(image: StandImage, advisories: Sequence[Advisory]) -> list[Expected]:
    """Return the statements about an image, sorted."""
    layers = image.built().layers
    return sorted(
        _stated(advisory, package, layer.digest)
        for packages, layer in zip(image.layers, layers, strict=False)  # a filler holds none
        for package in packages
        for advisory in advisories
        if _about(advisory, package, image) and _holds(advisory, package.version)
    )


def _about(advisory: Advisory, package: Package, image: StandImage) -> bool:
    system = image.distribution.bucket if image.distribution else ""
    ecosystem = system if package.kind == "os" else package.kind
    return (advisory.ecosystem, advisory.package) == (ecosystem, package.advised_as)


def _holds(advisory: Advisory, version: str) -> bool:
    return advisory.fixed_version is None or _numbers(version) < _numbers(advisory.fixed_version)


def _numbers(version: str) -> list[int]:
    if not _SHAPE.fullmatch(version):
        raise ValueError(f"{version!r} is no version of the stand")
    return [int(number) for number in re.findall(r"\d+", version)]


def _stated(advisory: Advisory, package: Package, layer: str) -> Expected:
    return Expected(
        advisory.vulnerability_id,
        package.name,
        package.version,
        advisory.fixed_version or "",
        advisory.severity,
        layer,
    )
