"""Manifests, indexes and configs -> what an image is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from audit.errors import BrokenPageError
from audit.model.enums import ImageKind
from audit.normalise.kinds import INDEX_MEDIA_TYPES, image_kind
from providers.oci.failures import broken

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
_FALLBACK = re.compile(r"^sha256-([0-9a-f]{64})$")
_COSIGN = re.compile(r"^sha256-([0-9a-f]{64})\.(?:sig|att|sbom)$")
_IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+"
_REFERENCE_TYPE = "vnd.docker.reference.type"
_REFERENCE_DIGEST = "vnd.docker.reference.digest"
_BASE = ("org.opencontainers.image.base.name",)


@dataclass(frozen=True)
class Child:
    """What an index says of one of its manifests."""

    digest: str
    platform: tuple[str | None, str | None] | None = None
    variant: str | None = None
    attests: bool = False
    subject: str | None = None


@dataclass(frozen=True)
class Facts:
    """A manifest, as far as it is known.

    Attributes:
        children: Manifests of an index; None while they are not known, empty for what is none.
        config_digest: Config that tells more of an image.
        labels: ``key=value``, sorted; None while they are not known.
    """

    digest: str
    media_type: str | None = None
    artifact_type: str | None = None
    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    size_bytes: int | None = None
    created_at: datetime | None = None
    subject: str | None = None
    children: tuple[Child, ...] | None = ()
    config_digest: str | None = None
    labels: tuple[str, ...] | None = None
    attests: bool = False

    @property
    def is_index(self) -> bool:
        """Whether it lists other manifests."""
        return self.media_type in INDEX_MEDIA_TYPES

    @property
    def base_image(self) -> str | None:
        """The base image that the labels name."""
        named = dict(label.partition("=")[::2] for label in self.labels or ())
        return next((named[name] for name in _BASE if named.get(name)), None)

    def kind(self, tags: tuple[str, ...]) -> ImageKind:
        """Say what it is, its tags included.

        An index under a fallback tag lists what refers to an image: it is none to run.
        """
        if self.is_index and tags and all(_FALLBACK.match(tag) for tag in tags):
            return ImageKind.ARTIFACT
        platform = (self.os, self.architecture) if self.os or self.architecture else None
        return image_kind(
            self.media_type,
            self.artifact_type,
            platform=platform,
            attests=self.attests,
            tags=tags,
        )


def facts_of(digest: str, document: Mapping[str, Any], operation: str) -> Facts:
    """Read a manifest.

    Sizes: config and layers of an image, as its manifest names them; an index has none of its own.

    Raises:
        BrokenPageError: It is no manifest, or an index that does not tell its manifests.
    """
    media_type = _text(document.get("mediaType"))
    annotations = _texts(document.get("annotations"))
    if media_type in INDEX_MEDIA_TYPES or "manifests" in document:
        children = _children(document.get("manifests"), operation)
        known = media_type if media_type in INDEX_MEDIA_TYPES else max(INDEX_MEDIA_TYPES)
        return Facts(digest, known, children=children, labels=annotations)
    if (media_type or "").startswith(_SCHEMA_1) or "fsLayers" in document:
        return Facts(digest, media_type or f"{_SCHEMA_1}json", labels=annotations)
    config = document.get("config")
    if not isinstance(config, Mapping) and "layers" not in document and "blobs" not in document:
        raise broken(f"{digest}: a document without any part of a manifest", operation)
    own_type = _text(document.get("artifactType")) or _text(_of(config, "mediaType"))
    is_image = own_type in _IMAGE_CONFIGS
    return Facts(
        digest,
        media_type,
        own_type,
        size_bytes=_size(document),
        subject=_digest(_of(document.get("subject"), "digest")),
        config_digest=_digest(_of(config, "digest")) if is_image else None,
        labels=annotations,
    )


def with_config(facts: Facts, config: Mapping[str, Any]) -> Facts:
    """Complete an image with its config: platform, build time, labels."""
    labels = _texts(_of(config.get("config"), "Labels")) or ()
    return replace(
        facts,
        os=_text(config.get("os")) or facts.os,
        architecture=_text(config.get("architecture")) or facts.architecture,
        variant=_text(config.get("variant")) or facts.variant,
        created_at=_moment(config.get("created")),
        labels=tuple(sorted({*(facts.labels or ()), *labels})),
    )


def with_child(facts: Facts, child: Child) -> Facts:
    """Complete a manifest with what an index says of it."""
    os, architecture = child.platform or (None, None)
    return replace(
        facts,
        os=facts.os or os,
        architecture=facts.architecture or architecture,
        variant=facts.variant or child.variant,
        attests=facts.attests or child.attests,
        subject=facts.subject or child.subject,
    )


def referrer(row: Mapping[str, Any], subject: str, operation: str) -> Facts:
    """Read a descriptor of the referrers API.

    Raises:
        BrokenPageError: It names no digest.
    """
    digest = _digest(row.get("digest"))
    if digest is None:
        raise broken("a referrer without a digest", operation)
    kind = _text(row.get("artifactType"))
    return Facts(digest, _text(row.get("mediaType")), kind or "unknown", subject=subject)


def subject_of_tag(tag: str) -> str | None:
    """Return the digest that a fallback tag or one of cosign's speaks of."""
    found = _FALLBACK.match(tag) or _COSIGN.match(tag)
    return f"sha256:{found.group(1)}" if found else None


def _children(rows: object, operation: str) -> tuple[Child, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise broken("an index that does not tell its manifests", operation)
    children = tuple(_child(row) for row in rows)
    if not all(child.digest for child in children):
        raise BrokenPageError("an index names a manifest without a digest", operation=operation)
    return children


def _child(row: Mapping[str, Any]) -> Child:
    platform, notes = row.get("platform"), row.get("annotations")
    told = (_text(_of(platform, "os")), _text(_of(platform, "architecture")))
    return Child(
        digest=_digest(row.get("digest")) or "",
        platform=told if any(told) else None,
        variant=_text(_of(platform, "variant")),
        attests=_of(notes, _REFERENCE_TYPE) == "attestation-manifest",
        subject=_digest(_of(notes, _REFERENCE_DIGEST)),
    )


def _size(document: Mapping[str, Any]) -> int | None:
    layers = document.get("layers") or document.get("blobs") or []
    parts = [document.get("config"), *(layers if isinstance(layers, list) else ())]
    sizes = [_of(part, "size") for part in parts if isinstance(part, Mapping)]
    whole = [size for size in sizes if isinstance(size, int) and not isinstance(size, bool)]
    return sum(whole) if len(whole) == len(sizes) and whole else None


def _of(mapping: object, name: str) -> Any:  # noqa: ANN401  as the document has it
    return mapping.get(name) if isinstance(mapping, Mapping) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _digest(value: object) -> str | None:
    return value if isinstance(value, str) and _DIGEST.match(value) else None


def _texts(mapping: object) -> tuple[str, ...] | None:
    """Return a mapping of text as ``key=value``; None where there is none."""
    if not isinstance(mapping, Mapping):
        return None
    pairs = mapping.items()
    return tuple(sorted(f"{key}={value}" for key, value in pairs if isinstance(value, str)))


def _moment(value: object) -> datetime | None:
    """Read a build time; one at the epoch's start is how reproducible builds say none."""
    try:
        read = datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError:
        return None
    return read if read.year > 1980 else None
