"""What a manifest is, from its media types, platform, annotations and tags. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from audit.model.enums import ImageKind

INDEX_MEDIA_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
_IMAGE_CONFIGS = frozenset(
    {
        "",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)
_COSIGN_TAG = re.compile(r"^sha256-[0-9a-f]{64}\.(sig|att|sbom)$")
_COSIGN_KINDS = {
    "sig": ImageKind.SIGNATURE,
    "att": ImageKind.ATTESTATION,
    "sbom": ImageKind.SBOM,
}


def image_kind(
    media_type: str | None,
    artifact_type: str | None = None,
    *,
    platform: tuple[str | None, str | None] | None = None,
    attests: bool = False,
    tags: Iterable[str] = (),
) -> ImageKind:
    """Say what a manifest is.

    Args:
        media_type: Manifest media type.
        artifact_type: OCI artifact type, or the config media type where the registry gives that.
        platform: (os, architecture) from an index entry or the config, when known.
        attests: The index entry carries ``vnd.docker.reference.type=attestation-manifest``.
        tags: Tags of the manifest; cosign marks signatures by tag.

    An unknown platform alone makes no attestation: only ``unknown/unknown`` does (BuildKit).
    """
    if media_type in INDEX_MEDIA_TYPES:
        return ImageKind.INDEX
    if attests or platform == ("unknown", "unknown"):
        return ImageKind.ATTESTATION
    return _kind_by_tag(tags, platform) or _kind_of_artifact((artifact_type or "").lower())


def _kind_by_tag(
    tags: Iterable[str], platform: tuple[str | None, str | None] | None
) -> ImageKind | None:
    """Say what cosign's tags tell, which anyone may put on anything.

    They are believed only of a manifest that has no other tag and no platform to run on.
    """
    matches = [_COSIGN_TAG.match(tag) for tag in tags]
    runnable = platform is not None and all(platform)
    if not matches or runnable or not all(matches):
        return None
    return _COSIGN_KINDS[min(match.group(1) for match in matches if match)]


def _kind_of_artifact(artifact_type: str) -> ImageKind:
    if artifact_type in _IMAGE_CONFIGS:
        return ImageKind.IMAGE
    if "signature" in artifact_type or "cosign.artifact.sig" in artifact_type:
        return ImageKind.SIGNATURE
    if "spdx" in artifact_type or "cyclonedx" in artifact_type or "sbom" in artifact_type:
        return ImageKind.SBOM
    if "in-toto" in artifact_type or "attestation" in artifact_type:
        return ImageKind.ATTESTATION
    return ImageKind.ARTIFACT
