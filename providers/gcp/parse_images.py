"""Artifact Registry ``DockerImage`` messages -> images and where they lie. Pure.

The kind and the platform of a manifest are told by the index that names it, which may come on a
later page than the manifest itself: a registry is read to its end before its rows are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from audit.model.enums import ImageKind
from audit.normalise.kinds import INDEX_MEDIA_TYPES, image_kind
from providers.gcp.names import image_of
from providers.gcp.values import Message, moment_of, text_of

_IMAGE_MANIFESTS = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
_COSIGN_KINDS = frozenset({ImageKind.SIGNATURE, ImageKind.ATTESTATION, ImageKind.SBOM})
_SCANNED_PLATFORM = ("linux", "amd64")  # of an index Google scans the first of these, no other
_UNKNOWN = ("unknown", "unknown")  # platform that BuildKit gives an attestation


class Child(NamedTuple):
    """What an index says about one of its manifests; None where it says nothing."""

    digest: str
    os: str | None
    architecture: str | None
    variant: str | None

    @property
    def platform(self) -> str:
        """The platform as ``linux/arm64/v8``, or ``an unknown platform``."""
        return "/".join(filter(None, self[1:])) or "an unknown platform"


class Listed(NamedTuple):
    """One manifest as ListDockerImages gives it; sizes in bytes, times in UTC."""

    repository: str
    digest: str
    media_type: str | None
    artifact_type: str | None
    tags: tuple[str, ...]
    size_bytes: int
    pushed_at: datetime | None
    built_at: datetime | None
    updated_at: datetime | None
    children: tuple[Child, ...]


def listed_of(message: Message) -> Listed:
    """Read one ``DockerImage`` of ListDockerImages.

    Raises:
        BrokenPageError: Its name holds no image name or no digest.
    """
    repository, digest = image_of(message.name)
    return Listed(
        repository=repository,
        digest=digest,
        media_type=text_of(message.media_type),
        artifact_type=text_of(message.artifact_type),
        tags=tuple(sorted(message.tags)),
        size_bytes=message.image_size_bytes,
        pushed_at=moment_of(message, "upload_time"),
        built_at=moment_of(message, "build_time"),
        updated_at=moment_of(message, "update_time"),
        children=tuple(_child(manifest) for manifest in message.image_manifests),
    )


def children_of(listing: Iterable[Listed]) -> dict[str, Child]:
    """Return what the indexes of a registry say about their manifests, by digest.

    Where two indexes name the same manifest, one that tells a real platform is believed.
    """
    children: dict[str, Child] = {}
    for image in listing:
        for child in image.children:
            known = children.get(child.digest)
            if known is None or (known.os, known.architecture) in {_UNKNOWN, (None, None)}:
                children[child.digest] = child
    return children


def kind_of(image: Listed, child: Child | None) -> ImageKind:
    """Say what a manifest is.

    The registry puts the manifest's own media type into ``artifact_type`` when the manifest has a
    subject and no artifact type (DockerImage.artifact_type); that says nothing about its kind, so
    it stays an image and has to be assessed.
    """
    told = None if image.artifact_type in _IMAGE_MANIFESTS else image.artifact_type
    platform = (child.os, child.architecture) if child else None
    return image_kind(image.media_type, told, platform=platform, tags=image.tags)


def scanned_child(image: Listed) -> str | None:
    """Return the digest of an index's first linux/amd64 manifest; None where it has none."""
    return next((c.digest for c in image.children if c[1:3] == _SCANNED_PLATFORM), None)


def image_row(image: Listed, kind: ImageKind, child: Child | None) -> dict[str, Any]:
    """Return the ``images`` row of a manifest.

    A platform is known only for manifests of an index. ``child_digests`` of an index without
    entries is null: the listing need not hold them.
    """
    is_index = image.media_type in INDEX_MEDIA_TYPES
    digests = [entry.digest for entry in image.children]
    return {
        "digest": image.digest,
        "kind": str(kind),
        "media_type": image.media_type,
        "artifact_type": image.artifact_type,
        "os": child.os if child else None,
        "architecture": child.architecture if child else None,
        "variant": child.variant if child else None,
        "size_bytes": image.size_bytes,
        "created_at": image.built_at,
        "subject_digest": _subject(image.tags) if kind in _COSIGN_KINDS else None,
        "child_digests": (digests or None) if is_index else digests,
    }


def placement_row(image: Listed) -> dict[str, Any]:
    """Return the ``placements`` row of a manifest; Artifact Registry has no archive storage."""
    return {
        "repository": image.repository,
        "digest": image.digest,
        "tags": list(image.tags),
        "pushed_at": image.pushed_at,
        "archived": False,
    }


def repository_rows(
    listing: Iterable[Listed], posture: Mapping[str, Any], *, complete: bool
) -> list[dict[str, Any]]:
    """Return one ``repositories`` row per image name met, sorted by name.

    ``updated_at`` is the newest change of an image in it: of the name itself none is told.

    Args:
        listing: The manifests read of one registry.
        posture: The registry's row: its tag rule and key hold for every image name in it.
        complete: Whether the registry was listed to its end; no image name can be shown to be
            complete by itself, since the listing is not in their order.
    """
    counts: dict[str, int] = {}
    updated: dict[str, datetime] = {}
    for image in listing:
        name = image.repository
        counts[name] = counts.get(name, 0) + 1
        if image.updated_at is not None:
            updated[name] = max(image.updated_at, updated.get(name, image.updated_at))
    return [
        {
            "repository": name,
            "updated_at": updated.get(name),
            "tag_mutability": posture["tag_mutability"],
            "kms_key": posture["kms_key"],
            "listed_images": counts[name],
            "complete": complete,
            "unread": [],
        }
        for name in sorted(counts)
    ]


def _child(manifest: Message) -> Child:
    return Child(
        digest=manifest.digest,
        os=text_of(manifest.os),
        architecture=text_of(manifest.architecture),
        variant=text_of(manifest.variant),
    )


def _subject(tags: Iterable[str]) -> str | None:
    """Return the digest that a cosign tag (``sha256-<64 hex>.sig``) refers to."""
    for tag in tags:
        hexadecimal, dot, _ = tag.removeprefix("sha256-").partition(".")
        if tag.startswith("sha256-") and dot and len(hexadecimal) == 64:
            return f"sha256:{hexadecimal}"
    return None
