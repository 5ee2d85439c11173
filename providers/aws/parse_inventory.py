"""ECR inventory answers -> rows. Pure: dicts in, values out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.errors import BrokenPageError
from audit.model.enums import ImageKind
from audit.normalise.kinds import INDEX_MEDIA_TYPES, image_kind
from providers.aws.api import ECR_IMAGES, ECR_MANIFESTS, ECR_REPOSITORIES

_ARCHIVED = {"ACTIVE": False, "ARCHIVED": True, "ACTIVATING": True}
"""imageStatus -> cannot be pulled for being in archive storage; another word: could not tell."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of DescribeImages: a digest in a repository."""

    digest: str
    media_type: str | None
    artifact_type: str | None
    size_bytes: int | None
    subject: str | None
    tags: tuple[str, ...]
    pushed_at: datetime | None
    last_pulled_at: datetime | None
    archived: bool | None

    @property
    def is_index(self) -> bool:
        """Whether the registry calls it an index."""
        return self.media_type in INDEX_MEDIA_TYPES


@dataclass(frozen=True, slots=True)
class Child:
    """What an index says of one of its manifests."""

    digest: str
    os: str | None
    architecture: str | None
    variant: str | None
    attests: bool
    subject: str | None


def registry_host(account: str, region: str) -> str:
    """Return the host that images of an account and region are pulled from."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{account}.dkr.ecr.{region}.{suffix}"


def repository_name(row: Mapping[str, Any]) -> str:
    """Return the name in a DescribeRepositories row.

    Raises:
        BrokenPageError: It has none.
    """
    name = row.get("repositoryName")
    if not name:
        raise BrokenPageError("a repository has no repositoryName", operation=ECR_REPOSITORIES)
    return str(name)


def repository_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``repositories`` columns that a DescribeRepositories row tells of.

    ``kms_key`` is empty for AES256; null when a KMS encryption names no key.
    """
    encryption = row.get("encryptionConfiguration") or {}
    kind = encryption.get("encryptionType")
    return {
        "native_id": row.get("repositoryArn"),
        "created_at": row.get("createdAt"),
        "tag_mutability": row.get("imageTagMutability"),
        "tag_mutability_exclusions": sorted(
            str(one.get("filter"))
            for one in row.get("imageTagMutabilityExclusionFilters") or ()
            if isinstance(one, dict)
        ),
        "encryption_type": kind,
        "kms_key": "" if kind == "AES256" else encryption.get("kmsKey"),
    }


def listed_image(row: Mapping[str, Any]) -> Listed:
    """Read a DescribeImages row.

    Raises:
        BrokenPageError: It has no digest.
    """
    digest = row.get("imageDigest")
    if not digest:
        raise BrokenPageError("an image has no imageDigest", operation=ECR_IMAGES)
    return Listed(
        digest=digest,
        media_type=row.get("imageManifestMediaType"),
        artifact_type=row.get("artifactMediaType"),
        size_bytes=row.get("imageSizeInBytes"),
        subject=row.get("subjectManifestDigest"),
        tags=tuple(sorted(row.get("imageTags") or ())),
        pushed_at=row.get("imagePushedAt"),
        last_pulled_at=row.get("lastRecordedPullTime"),
        archived=_ARCHIVED.get(row.get("imageStatus", "")),
    )


def index_children(manifest: str) -> tuple[Child, ...] | None:
    """Read an index manifest (``imageManifest`` of BatchGetImage, a JSON text), in its order.

    None when it is no index but a plain manifest: DescribeImages has been seen to claim an index
    type for one.

    Raises:
        BrokenPageError: It is neither.
    """
    try:
        document = json.loads(manifest)
        if "manifests" not in document and ("config" in document or "layers" in document):
            return None
        return tuple(_child(entry) for entry in document["manifests"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokenPageError(
            "an index manifest cannot be read", operation=ECR_MANIFESTS
        ) from error


def _child(entry: Mapping[str, Any]) -> Child:
    platform = entry.get("platform") or {}
    notes = entry.get("annotations") or {}
    return Child(
        digest=str(entry["digest"]),
        os=platform.get("os"),
        architecture=platform.get("architecture"),
        variant=platform.get("variant"),
        attests=notes.get("vnd.docker.reference.type") == "attestation-manifest",
        subject=notes.get("vnd.docker.reference.digest"),
    )


def kind_of(image: Listed, child: Child | None, *, plain: bool) -> ImageKind:
    """Say what a listed manifest is, with what an index says of it.

    Args:
        image: As listed.
        child: Its entry in an index of the same account and region, where there is one.
        plain: Its manifest turned out to be no index although the listing says so.
    """
    return image_kind(
        None if plain else image.media_type,
        image.artifact_type,
        platform=(child.os, child.architecture) if child else None,
        attests=child.attests if child else False,
        tags=image.tags,
    )
