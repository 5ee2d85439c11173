"""What a registry says of its repositories, manifests and tags (``/acr/v1`` and ``/v2``)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from providers.loopback.azure.times import ticks
from providers.loopback.estate import Image, Repository

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
_OPEN = {"deleteEnabled": True, "writeEnabled": True, "readEnabled": True, "listEnabled": True}


def repository_row(
    repository: Repository, login_server: str, changed: datetime | None
) -> dict[str, Any]:
    """Return the answer of ``GET /acr/v1/{repository}``.

    Args:
        repository: The repository.
        login_server: Its registry.
        changed: When something in it was last seen to change; None for its newest push.
    """
    pushed = [image.pushed_at for image in repository.images]
    moments = pushed if changed is None else [*pushed, changed]
    return {
        "registry": login_server,
        "imageName": repository.name,
        "createdTime": ticks(repository.created_at),
        "lastUpdateTime": ticks(max(moments, default=repository.created_at)),
        "manifestCount": len(repository.images),
        "tagCount": sum(len(image.tags) for image in repository.images),
        "changeableAttributes": _OPEN,
    }


def manifest_row(image: Image, repository: Repository) -> dict[str, Any]:
    """Return one entry of ``GET /acr/v1/{repository}/_manifests``.

    Keys without a value are absent: ``tags`` of an untagged manifest, the platform and the config
    media type of an index, ``references`` of everything else. There is no pull time.
    """
    config = config_media_type(image)
    row = {
        "digest": image.digest,
        "imageSize": image.size_bytes,
        "createdTime": ticks(image.pushed_at),
        "lastUpdateTime": ticks(image.pushed_at),
        "architecture": image.architecture,
        "os": image.os,
        "mediaType": image.media_type,
        "configMediaType": config,
        "tags": list(image.tags),
        "changeableAttributes": _OPEN,
        "references": [_reference(child) for child in _children(image, repository)],
    }
    return {key: value for key, value in row.items() if value not in (None, [])}


def tag_rows(repository: Repository) -> list[dict[str, Any]]:
    """Return the entries of ``GET /acr/v1/{repository}/_tags``, by name."""
    rows = [
        {
            "name": tag,
            "digest": image.digest,
            "createdTime": ticks(image.pushed_at),
            "lastUpdateTime": ticks(image.pushed_at),
            "signed": False,
            "changeableAttributes": _OPEN,
        }
        for image in repository.images
        for tag in image.tags
    ]
    return sorted(rows, key=lambda row: str(row["name"]))


def manifest_body(image: Image, repository: Repository) -> dict[str, Any]:
    """Return the manifest itself. It is a stand-in: its bytes do not hash to the digest."""
    body: dict[str, Any] = {"schemaVersion": 2, "mediaType": image.media_type}
    if image.children:
        return body | {"manifests": _descriptors(image, repository)}
    config = config_media_type(image)
    if image.artifact_type and config == OCI_EMPTY:
        body["artifactType"] = image.artifact_type
    body["config"] = _descriptor(str(config), f"config {image.digest}", 2)
    body["layers"] = [_descriptor(_layer_type(image), f"layer {image.digest}", image.size_bytes)]
    if image.subject:
        body["subject"] = {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": image.subject,
            "size": 1024,
        }
    return body


def config_media_type(image: Image) -> str | None:
    """Return the media type of a manifest's config; an index has none.

    Helm and Notation name what they are by the type of their config. An artifact attached the
    OCI 1.1 way (``oras attach``) has the empty config: only its manifest tells its type.
    """
    if image.children:
        return None
    kind = image.artifact_type
    if kind is None:
        return DOCKER_CONFIG if "docker" in image.media_type else OCI_CONFIG
    by_config = ".config." in kind or ".container.image." in kind or kind.endswith(".signature")
    return kind if by_config else OCI_EMPTY


def _children(image: Image, repository: Repository) -> list[Image]:
    held = {one.digest: one for one in repository.images}
    return [held[digest] for digest in image.children if digest in held]


def _reference(child: Image) -> dict[str, Any]:
    return {"digest": child.digest, "architecture": child.architecture, "os": child.os}


def _descriptors(image: Image, repository: Repository) -> list[dict[str, Any]]:
    children = _children(image, repository)
    first = next((child.digest for child in children if child.kind == "image"), "")
    return [_child_descriptor(child, first) for child in children]


def _child_descriptor(child: Image, sibling: str) -> dict[str, Any]:
    platform = {"architecture": child.architecture, "os": child.os}
    found = {
        "mediaType": child.media_type,
        "digest": child.digest,
        "size": 1024,
        "platform": platform,
    }
    if child.kind == "attestation":
        # BuildKit's mark: an attestation lies in the index beside the image it speaks of.
        found["annotations"] = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": child.subject or sibling,
        }
    return found


def _layer_type(image: Image) -> str:
    if image.kind == "attestation":
        return "application/vnd.in-toto+json"
    return "application/vnd.oci.image.layer.v1.tar+gzip"


def _descriptor(media_type: str, seed: str, size: int) -> dict[str, Any]:
    digest = "sha256:" + hashlib.sha256(seed.encode()).hexdigest()
    return {"mediaType": media_type, "digest": digest, "size": size}
