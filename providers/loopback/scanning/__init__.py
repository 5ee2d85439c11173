"""A stand for real scanners: images and a vulnerability database for Trivy, both made up.

Nothing here needs Docker, a network or a clock. An image and a database are described, built to
bytes that are the same each time, and pushed to the loopback registry::

    advisories = [Advisory("CVE-2024-10001", "debian 12", "openssl-1", "HIGH", "3.0.12-1")]
    image = StandImage(
        Distribution("debian", "12"),
        layers=((Package("os", "libssl3-1", "3.0.11-1", source="openssl-1"),),),
    )
    TrivyDatabase(advisories, updated_at=moment).write(cache_dir)  # trivy --cache-dir cache_dir
    store = Store()
    digest = push(store, "team/web", image, "1.0")
    with OciLoopback(store) as registry:
        ...  # trivy image --insecure f"{registry.host}/team/web@{digest}"
    assert findings == expected(image, advisories)

``expected`` is the oracle: it compares descriptions and reads no answer. ``StandIndex`` makes an
index over platforms with a BuildKit attestation, ``StandArtifact`` what is no image.
``TrivyDatabase.push`` makes the artifact for ``--db-repository``. ``stand`` holds one small world
of images and advisories that shows everything at once.
"""

from __future__ import annotations

from providers.loopback.scanning.advisories import TEST_DATA, Advisory
from providers.loopback.scanning.database import TrivyDatabase
from providers.loopback.scanning.images import StandArtifact, StandImage, StandIndex, push
from providers.loopback.scanning.layers import Distribution, Package
from providers.loopback.scanning.oracle import Expected, expected

__all__ = [
    "TEST_DATA",
    "Advisory",
    "Distribution",
    "Expected",
    "Package",
    "StandArtifact",
    "StandImage",
    "StandIndex",
    "TrivyDatabase",
    "expected",
    "push",
]
