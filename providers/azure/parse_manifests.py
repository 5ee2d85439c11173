"""Manifest rows and documents of an ACR repository -> images and placements. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from audit.errors import BrokenPageError
from audit.model.enums import ImageKind
from audit.normalise.kinds import INDEX_MEDIA_TYPES, image_kind
from providers.azure.values import dig, moment, pick, text, whole

_EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+"
_SUBJECTLESS = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.cncf.helm.config.v1+json",
    }
)
_COSIGN_TAG = re.compile(r"^sha256-([0-9a-f]{64})\.(?:sig|att|sbom)$")
_CONTENT = ("blobs", "config", "fsLayers", "layers", "subject")
_REFERENCE_TYPE = "vnd.docker.reference.type"
_REFERENCE_DIGEST = "vnd.docker.reference.digest"


@dataclass(frozen=True)
class Child:
    """A manifest that an index names, with what the index says of it."""

    digest: str
    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    attests: bool = False
    subject: str | None = None


@dataclass(frozen=True)
class Manifest:
    """A manifest as listed; ``children`` is None while an index's children are not known."""

    digest: str
    media_type: str | None
    artifact_type: str | None
    os: str | None
    architecture: str | None
    size_bytes: int | None
    pushed_at: datetime | None
    tags: tuple[str, ...]
    children: tuple[Child, ...] | None
    subject: str | None

    @property
    def is_index(self) -> bool:
        """Whether it lists other manifests."""
        return self.media_type in INDEX_MEDIA_TYPES or bool(self.children)

    @property
    def needs_document(self) -> bool:
        """Whether the row leaves open what it is or refers to, so that the manifest must be read.

        Old registries leave out ``references``, an OCI artifact with the empty config names its
        type in the manifest alone, and the subject of a signature or SBOM is in no row.
        """
        if self.is_index:
            return not self.children
        if (self.media_type or "").startswith(_SCHEMA_1):
            return False
        kind = self.artifact_type or ""
        if self.media_type is None or kind == _EMPTY_CONFIG:
            return True
        if not kind:
            return not (self.os and self.architecture)
        return self.subject is None and kind.lower() not in _SUBJECTLESS


def manifest(row: Mapping[str, Any]) -> Manifest:
    """Read one row of ``GET /acr/v1/<repository>/_manifests``; ``digest`` must be there."""
    # A row in the usual spelling is not searched for others: most lack several members.
    take = row.get if "mediaType" in row else partial(pick, row)
    tags = take("tags")
    listed = tags if isinstance(tags, list) else ()
    names = tuple(sorted(tag for tag in listed if isinstance(tag, str)))
    return Manifest(
        digest=row["digest"],
        media_type=text(take("mediaType")),
        artifact_type=text(take("artifactType")) or text(take("configMediaType")),
        os=text(take("os")),
        architecture=text(take("architecture")),
        size_bytes=whole(take("imageSize")),
        pushed_at=moment(take("createdTime")),
        tags=names,
        children=_children(take("references")) or None,
        subject=_cosign_subject(names),
    )


def with_document(listed: Manifest, document: Mapping[str, Any]) -> Manifest:
    """Complete a row with the manifest itself (``GET /v2/<repository>/manifests/<digest>``)."""
    own_type = text(pick(document, "artifactType")) or text(dig(document, "config", "mediaType"))
    children = _children(pick(document, "manifests"))
    return replace(
        listed,
        media_type=listed.media_type or text(pick(document, "mediaType")),
        artifact_type=own_type or listed.artifact_type,
        children=children if children is not None else listed.children,
        subject=text(dig(document, "subject", "digest")) or listed.subject,
    )


def check_document(whole: Manifest, document: Mapping[str, Any]) -> None:
    """Check that a manifest's document told what it was read for.

    Args:
        whole: The manifest as completed by :func:`with_document`.
        document: What it was completed with.

    Raises:
        BrokenPageError: It does not tell what an index lists, or has no part of any manifest.
    """
    if whole.is_index:
        problem = "an index that does not tell its manifests" if whole.children is None else None
    else:
        known = any(pick(document, name) is not None for name in _CONTENT)
        problem = None if known else "a document without any part of a manifest"
    if problem is not None:
        raise BrokenPageError(f"{whole.digest}: {problem}", operation="acr:GetManifest")


def kinds(manifests: Iterable[Manifest]) -> dict[str, ImageKind]:
    """Say what each manifest of a repository is, by digest; an index speaks for its children."""
    listed = list(manifests)
    named = named_by_indexes(listed)
    return {one.digest: _kind(one, named.get(one.digest)) for one in listed}


def named_by_indexes(manifests: Iterable[Manifest]) -> dict[str, Child]:
    """Return what the indexes of a repository say of their children, by the child's digest."""
    named: dict[str, Child] = {}
    for one in manifests:
        for child in one.children or ():
            if child.digest not in named or child.attests:
                named[child.digest] = child
    return named


def _kind(one: Manifest, named: Child | None) -> ImageKind:
    if one.is_index:
        return ImageKind.INDEX
    platform = (one.os, one.architecture)
    if platform == (None, None) and named is not None:
        platform = (named.os, named.architecture)
    return image_kind(
        one.media_type,
        one.artifact_type,
        platform=platform,
        attests=named is not None and named.attests,
        tags=one.tags,
    )


def _children(references: object) -> tuple[Child, ...] | None:
    """Read ``references`` of a row or ``manifests`` of an index.

    None when they are not a list, or when one has no digest: the others are not all of them.
    """
    if not isinstance(references, list):
        return None
    if not all(text(pick(entry, "digest")) for entry in references):
        return None
    return tuple(_child(entry) for entry in references)


def _child(entry: Mapping[str, Any]) -> Child:
    notes = pick(entry, "annotations")
    platform = pick(entry, "platform") or entry
    return Child(
        digest=pick(entry, "digest"),
        os=text(pick(platform, "os")),
        architecture=text(pick(platform, "architecture")),
        variant=text(pick(platform, "variant")),
        attests=pick(notes, _REFERENCE_TYPE) == "attestation-manifest",
        subject=text(pick(notes, _REFERENCE_DIGEST)),
    )


def _cosign_subject(tags: Iterable[str]) -> str | None:
    """Cosign names the signed digest in the tag of the signature."""
    found = [match.group(1) for tag in tags if (match := _COSIGN_TAG.match(tag))]
    return f"sha256:{found[0]}" if found else None
