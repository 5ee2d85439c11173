"""The estate of the contract suite: a story's, and in each place a repository of corners."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from providers.loopback import scans
from providers.loopback.estate import (
    CveDetail,
    Estate,
    Fault,
    Image,
    Place,
    Registry,
    Repository,
    Scan,
    Statement,
)
from providers.loopback.repositories import (
    HELM_CONFIG,
    NOTATION,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    SPDX,
)
from providers.loopback.story import Sizes, first_night
from tests.contract.oci_estate import registries

CORNERS, COPIES, EMPTY = "contract/corners", "contract/copies", "contract/empty"
PAGE = 4
_SIZES = Sizes(repositories=3, versions=4, flaws=60, flaws_per_image=4, odd_share=0.2)
_VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
AZURE_SETTINGS = {
    "quarantine_status": "enabled",
    "trust_status": "disabled",
    "soft_delete_status": "enabled",
    "retention_status": "enabled",
    "retention_days": "7",
    "arm_audience_status": "enabled",
    "data_endpoint_enabled": "true",
    "zone_redundancy": "Enabled",
    "network_rule_bypass": "AzureServices",
    "ip_rules": "203.0.113.0/24",
    "encryption_status": "enabled",
    "key_identifier": "https://vault.example/keys/registry",
    "key_rotation_enabled": "true",
    "replications": json.dumps([{"name": "north", "location": "North Europe"}]),
    "cacheRules": json.dumps(
        [
            {
                "name": "hub",
                "properties": {
                    "sourceRepository": "docker.io/library/nginx",
                    "targetRepository": "hub/nginx",
                },
            }
        ]
    ),
    "tokens": json.dumps(
        [
            {
                "name": "ci",
                "properties": {
                    "status": "enabled",
                    "credentials": {"passwords": [{"name": "password1"}]},
                },
            }
        ]
    ),
    "scopeMaps": json.dumps(
        [{"name": "push", "properties": {"actions": ["repositories/app/content/write"]}}]
    ),
    "webhooks": json.dumps(
        [{"name": "hook", "properties": {"status": "enabled", "actions": ["push"]}}]
    ),
}
_STRANGER = "999999999999"
_AWS_POLICY = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": {"AWS": [_STRANGER, "*"]}, "Action": "ecr:*"}}
)
_POSTURE = {
    "aws": {
        "registry_policy": _AWS_POLICY,
        "replication": f"{_STRANGER}/eu-central-1",
        "pull_through": json.dumps(
            [{"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}]
        ),
        "creation_templates": json.dumps([{"prefix": "ROOT", "appliedFor": ["REPLICATION"]}]),
        "signing_rules": json.dumps([{"signingProfileArn": "arn:aws:signer:::/profile"}]),
        "pull_time_exclusions": "arn:aws:iam::111111111111:role/registry-audit",
        "suppression_filters": "laboratory",
    },
    "azure": {"private_endpoint_connections": "Approved,Pending", **AZURE_SETTINGS},
    "gcp": {
        "kms_key": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "scanning_reason": "API containerscanning.googleapis.com is enabled.",
        "scanning_enabled_at": "2026-01-01T00:00:00+00:00",
        "iam": json.dumps(
            [
                {"role": "roles/artifactregistry.reader", "members": ["allUsers"]},
                {
                    "role": "roles/artifactregistry.writer",
                    "members": ["serviceAccount:ci@partner.iam.gserviceaccount.com"],
                },
            ]
        ),
    },
}
_WORDS = {
    "inspector": (("CRITICAL", "CRITICAL"), ("UNTRIAGED", "UNKNOWN"), ("DIRE", "UNKNOWN")),
    "ecr-basic": (("CRITICAL", "CRITICAL"), ("UNDEFINED", "UNKNOWN"), ("DIRE", "UNKNOWN")),
    "defender": (("Critical", "CRITICAL"), ("Unknown", "UNKNOWN"), ("Dire", "UNKNOWN")),
    "artifact-analysis": (("CRITICAL", "CRITICAL"), ("MINIMAL", "NEGLIGIBLE"), ("99", "UNKNOWN")),
}
"""A source's severity words and what each must become; the last of each is invented."""


def contract_estate(*faults: Fault) -> Estate:
    """Return the estate, with faults; pages are short, so that every listing has several."""
    estate = first_night(5, _SIZES)
    clouds = (_with_corners(place, estate.moment) for place in estate.places)
    places = (*clouds, *registries(estate.moment, CORNERS, COPIES, EMPTY))
    published = estate.moment - timedelta(days=40)
    return replace(
        estate,
        places=places,
        faults=faults,
        page_size=PAGE,
        findings_page_size=15,
        cve_details=(CveDetail("CVE-2026-0000", rejected=True, published_at=published),),
    )


def manifests(place: Place) -> Iterator[tuple[tuple[str, str, str], Image]]:
    """Yield ((registry_id, repository, digest), image) of everything in a place."""
    for registry in place.registries:
        for repository in registry.repositories:
            for image in repository.images:
                yield (registry.registry_id, repository.name, image.digest), image


def _with_corners(place: Place, moment: datetime) -> Place:
    registry, *others = place.registries
    settings = {"tag_mutability": "IMMUTABLE_WITH_EXCLUSION", "scan_frequency": "SCAN_ON_PUSH"}
    settings |= {"encryption_type": "KMS", "kms_key": "alias/contract", "tags": "team=apps"}
    settings |= {"repository_policy": _AWS_POLICY, "lifecycle_policy": '{"rules":[]}'}
    images, created = tuple(_Maker(place, moment).images()), moment - timedelta(days=50)
    full: Registry = replace(
        registry,
        repositories=(
            *registry.repositories,
            Repository(CORNERS, created, images, settings),
            Repository(COPIES, created, images[:1]),
            Repository(EMPTY, created, ()),
        ),
        settings={**registry.settings, **_POSTURE[place.provider]},
    )
    return replace(place, registries=(full, *others))


@dataclass(frozen=True)
class _Maker:
    """Makes the images of a place's corners."""

    place: Place
    moment: datetime

    def images(self) -> Iterator[Image]:
        source, moment = scans.source_of(self.place), self.moment
        told = scans.assessed(source, moment, self._statements(source))
        # The cloud lists the tags in this order; rows hold them sorted.
        known = self._image("known", tags=("z", "a", "m"), in_use_count=2, scan=told)
        yield known
        yield self._image("pulled", tags=("p",), last_pulled_at=moment - timedelta(hours=2))
        yield self._image("untagged")
        yield from self._index()
        yield from self._companions(known)
        for number, (native, state) in enumerate(scans.ODDITIES[source]):
            yield self._image(f"odd {number}", tags=(f"o{number}",), scan=self._odd(native, state))
        if self.place.provider == "aws":
            words = ("INACTIVE", "IMAGE_ARCHIVED")[source == "ecr-basic" :]
            yield self._image("cold", archived=True, scan=Scan(words, "archived"))

    def _image(
        self,
        name: str,
        *,
        tags: tuple[str, ...] = (),
        scan: Scan | None = None,
        in_use_count: int | None = None,
        last_pulled_at: datetime | None = None,
        archived: bool = False,
    ) -> Image:
        source = scans.source_of(self.place)
        return Image(
            digest=self._digest(name),
            kind="image",
            media_type=OCI_MANIFEST,
            artifact_type=OCI_CONFIG,
            pushed_at=self.moment - timedelta(days=3),
            tags=tags,
            os="linux",
            architecture="amd64",
            size_bytes=1_000,
            scan=scan or scans.assessed(source, self.moment, ()),
            in_use_count=in_use_count,
            last_pulled_at=last_pulled_at,
            archived=archived,
        )

    def _index(self) -> Iterator[Image]:
        amd, arm = self._image("amd64"), replace(self._image("arm64"), architecture="arm64")
        provenance = _plain(self._image("provenance"), "attestation", OCI_CONFIG)
        provenance = replace(provenance, os="unknown", architecture="unknown", subject=amd.digest)
        index = _plain(self._image("index", tags=("multi",)), "index", None)
        children = (amd.digest, arm.digest, provenance.digest)
        yield replace(index, media_type=OCI_INDEX, children=children)
        yield from (amd, arm, provenance)

    def _companions(self, known: Image) -> Iterator[Image]:
        cosign = f"{known.digest.replace(':', '-')}.sig"
        yield _plain(self._image("cosign", tags=(cosign,)), "signature", OCI_CONFIG)
        for name, kind, media_type in (
            ("notation", "signature", NOTATION),
            ("sbom", "sbom", SPDX),
            ("chart", "artifact", HELM_CONFIG),
        ):
            yield replace(_plain(self._image(name), kind, media_type), subject=known.digest)

    def _odd(self, native: tuple[str, ...], state: str) -> Scan:
        if state == "by time":
            return Scan(native, "inferred_clean")
        told = bool(native) and state != "pending"
        return Scan(native, state, self.moment - timedelta(days=2) if told else None)

    def _statements(self, source: str) -> list[Statement]:
        return [
            Statement(
                vulnerability_id=f"CVE-2026-{number:04}",
                package=f"package-{number}",
                version="1:2.0-1",
                package_type="OS",
                native_severity=word,
                severity=severity,
                fixed_version=None if number else "1:2.0-2",
                cvss_score=None if number else 9.8,
                cvss_vector=None if number else _VECTOR,
                title=f"Title {number}",
            )
            for number, (word, severity) in enumerate(_WORDS[source])
        ]

    def _digest(self, name: str) -> str:
        place = self.place
        text = f"{place.provider} {place.account} {place.region} {name}"
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _plain(image: Image, kind: str, artifact_type: str | None) -> Image:
    """Turn an image into a manifest that no scanner judges."""
    changes = {"os": None, "architecture": None, "scan": None}
    return replace(image, kind=kind, artifact_type=artifact_type, **changes)  # type: ignore[arg-type]  # names of fields
