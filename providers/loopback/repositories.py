"""Makes the images of one repository: versions, indexes, signatures, SBOMs, left-overs."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from providers.loopback import scans
from providers.loopback.estate import Image, Place, Repository, Scan, Statement
from providers.loopback.vocabulary import Flaw, statement

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
NOTATION = "application/vnd.cncf.notary.signature"
SPDX = "application/spdx+json"


class Workshop:
    """Makes images for repositories of one place.

    Args:
        place: Where the repositories lie (its registries need not be there yet).
        random: Source of chance; the same sequence gives the same images.
        moment: The night the images are looked at.
        pool: Flaws images may have.
        flaws_per_image: How many flaws an image has on average.
        odd_share: Share of images that were not looked at.
    """

    def __init__(
        self,
        place: Place,
        random: Random,
        moment: datetime,
        pool: list[Flaw],
        *,
        flaws_per_image: int,
        odd_share: float,
    ) -> None:
        self.place, self.random, self.moment, self.pool = place, random, moment, pool
        self.flaws_per_image, self.odd_share = flaws_per_image, odd_share
        self.source = scans.source_of(place)

    def repository(self, name: str, versions: int) -> Repository:
        """Return a repository with ``versions`` versions and what lies around them."""
        images: list[Image] = []
        for number in range(versions):
            age = timedelta(days=(versions - number) * 4, hours=self.random.randrange(20))
            tags = (f"1.{number}.0", "latest") if number == versions - 1 else (f"1.{number}.0",)
            images += self.version(f"{name}:{number}", self.moment - age, tags)
        settings = {
            "tag_mutability": self.random.choice(("IMMUTABLE", "MUTABLE")),
            "scan_frequency": self.random.choice(("CONTINUOUS_SCAN", "SCAN_ON_PUSH")),
            "encryption_type": "AES256",
        }
        created = self.moment - timedelta(days=400)
        return Repository(name, created, tuple(images), settings)

    def version(self, seed: str, pushed: datetime, tags: tuple[str, ...]) -> list[Image]:
        """Return the manifests of one version: an image or an index, and its companions."""
        if self.random.random() < 0.12:
            return self._index(seed, pushed, tags)
        image = self.image(seed, pushed, tags)
        if self.random.random() < 0.06:
            image = replace(image, tags=())
        elif self.place.provider == "aws" and self.random.random() < 0.04:
            image = self._archived(image)
        return [image, *self._companions(seed, image)]

    def image(
        self, seed: str, pushed: datetime, tags: tuple[str, ...], architecture: str = "amd64"
    ) -> Image:
        """Return a runnable image with a scan."""
        image = Image(
            digest=self._digest(f"image {seed} {architecture}"),
            kind="image",
            media_type=OCI_MANIFEST,
            artifact_type=OCI_CONFIG,
            pushed_at=pushed,
            tags=tags,
            os="linux",
            architecture=architecture,
            size_bytes=20_000_000 + self.random.randrange(90_000_000),
            last_pulled_at=self._pulled(pushed),
        )
        return replace(image, scan=self.scan(image))

    def scan(self, image: Image) -> Scan:
        """Return what the cloud's scanner knows of an image."""
        if self.place.settings.get("defender_plan") == "Free":
            return Scan((), "not_scanned")
        if self.random.random() < self.odd_share:
            return settled(scans.odd(self.source, self.random, self.moment), image, self)
        return scans.assessed(self.source, self.moment, self.statements())

    def statements(self) -> list[Statement]:
        """Return a fresh choice of statements."""
        wanted = self.random.randrange(self.flaws_per_image * 2 + 1)
        chosen = self.random.sample(self.pool, min(wanted, len(self.pool)))
        visible = [flaw for flaw in chosen if not (flaw.language and self.source == "ecr-basic")]
        return [statement(flaw, self.source) for flaw in visible]

    def _index(self, seed: str, pushed: datetime, tags: tuple[str, ...]) -> list[Image]:
        amd = replace(self.image(seed, pushed, (), "amd64"), last_pulled_at=None)
        arm = replace(self.image(seed, pushed, (), "arm64"), last_pulled_at=None)
        if self.place.provider == "gcp":
            arm = replace(arm, scan=Scan((), "not_scanned"))
        attestation = Image(
            digest=self._digest(f"attestation {seed}"),
            kind="attestation",
            media_type=OCI_MANIFEST,
            artifact_type=OCI_CONFIG,
            pushed_at=pushed,
            os="unknown",
            architecture="unknown",
            size_bytes=9_000,
        )
        children = (amd.digest, arm.digest, attestation.digest)
        index = Image(
            digest=self._digest(f"index {seed}"),
            kind="index",
            media_type=OCI_INDEX,
            pushed_at=pushed,
            tags=tags,
            size_bytes=1_600,
            children=children,
        )
        return [index, amd, arm, attestation]

    def _companions(self, seed: str, image: Image) -> list[Image]:
        found = []
        for kind, artifact_type, chance in (
            ("signature", NOTATION, 0.15),
            ("sbom", SPDX, 0.08),
            ("artifact", HELM_CONFIG, 0.04),
        ):
            if self.random.random() < chance:
                found.append(
                    Image(
                        digest=self._digest(f"{kind} {seed}"),
                        kind=kind,
                        media_type=OCI_MANIFEST,
                        artifact_type=artifact_type,
                        pushed_at=image.pushed_at,
                        size_bytes=3_000,
                        subject=image.digest if kind != "artifact" else None,
                        tags=(f"chart-{image.digest[7:15]}",) if kind == "artifact" else (),
                    )
                )
        return found

    def _archived(self, image: Image) -> Image:
        native = (
            ("INACTIVE", "IMAGE_ARCHIVED") if self.source == "inspector" else ("IMAGE_ARCHIVED",)
        )
        return replace(image, archived=True, scan=Scan(native, "archived"))

    def _pulled(self, pushed: datetime) -> datetime | None:
        if self.place.provider != "aws" or self.random.random() < 0.5:
            return None
        return pushed + (self.moment - pushed) * self.random.random()

    def _digest(self, seed: str) -> str:
        where = f"{self.place.provider} {self.place.account} {self.place.region} {seed}"
        return "sha256:" + hashlib.sha256(where.encode()).hexdigest()


def settled(scan: Scan, image: Image, workshop: Workshop) -> Scan:
    """Return ``scan`` with its state filled in where only time tells it (Azure without a row)."""
    if scan.state != "by time":
        return scan
    state = scans.azure_state_by_time(image, workshop.place, workshop.moment)
    return replace(scan, state=state)
