"""Manifests as BatchGetImage returns them: JSON text."""

from __future__ import annotations

import json
from typing import Any

from providers.loopback.estate import Image, Repository

_CONFIG = "application/vnd.oci.image.config.v1+json"
_DOCKER = "application/vnd.docker."
_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def config_type(image: Image) -> str | None:
    """Return the artifact media type that ECR reports; None for an index.

    An image's is that of its config. So is that of a BuildKit attestation: nothing in the
    listing tells the two apart, only the index that names them does.
    """
    if image.kind == "index":
        return None
    plain = _DOCKER_CONFIG if image.media_type.startswith(_DOCKER) else _CONFIG
    return image.artifact_type or plain


def manifest_text(repository: Repository, image: Image) -> str:
    """Return the manifest of ``image`` as the JSON text that was pushed."""
    if image.manifest is not None:
        return image.manifest
    body = _index(repository, image) if image.kind == "index" else _manifest(image)
    return json.dumps({"schemaVersion": 2, "mediaType": image.media_type, **body})


def _index(repository: Repository, index: Image) -> dict[str, Any]:
    known = {image.digest: image for image in repository.images}
    first = next(
        (one for one in index.children if one in known and known[one].kind == "image"), None
    )
    return {"manifests": [_entry(digest, known.get(digest), first) for digest in index.children]}


def _entry(digest: str, child: Image | None, first_image: str | None) -> dict[str, Any]:
    if child is None:  # the registry no longer holds it; the index still names it
        return {"mediaType": _OCI_MANIFEST, "digest": digest, "size": 0}
    entry: dict[str, Any] = {
        "mediaType": child.media_type,
        "digest": digest,
        "size": 1024,
        "platform": {
            "architecture": child.architecture or "unknown",
            "os": child.os or "unknown",
        },
    }
    if child.kind == "attestation":
        entry["platform"] = {"architecture": "unknown", "os": "unknown"}
        entry["annotations"] = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": child.subject or first_image or "",
        }
    return entry


def _manifest(image: Image) -> dict[str, Any]:
    body: dict[str, Any] = {
        "config": {"mediaType": config_type(image), "digest": image.digest, "size": 512},
        "layers": [{"mediaType": _LAYER, "digest": image.digest, "size": image.size_bytes}],
    }
    if image.subject:
        subject = {"mediaType": _OCI_MANIFEST, "digest": image.subject, "size": 1024}
        body |= {"subject": subject, "artifactType": image.artifact_type}
    return body
