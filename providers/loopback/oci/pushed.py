"""An estate's images as a plain registry holds them: documents that hash to their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from providers.loopback.estate import Image, Registry
from providers.loopback.oci.content import (
    EMPTY_CONFIG,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Content,
    Held,
    Store,
    encoded,
)

_OF_AN_ATTESTATION = "vnd.docker.reference"


def pushed(image: Image, layer: str, children: Sequence[Image] = ()) -> Image:
    """Return an image with the manifest of it, its digest and its size.

    Args:
        image: What to push; its digest is not looked at.
        layer: Stands for the content: another one gives another image.
        children: What an index lists, in order.
    """
    document = _index(children) if children else _manifest(image, layer)
    text = encoded(document).decode()
    return replace(
        image,
        digest=f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        media_type=document["mediaType"],
        children=tuple(child.digest for child in children),
        size_bytes=0 if children else document["config"]["size"] + len(layer),
        manifest=text,
    )


def fill(store: Store, registry: Registry) -> None:
    """Hold a registry of the estate, and nothing else.

    Raises:
        ValueError: An image has no manifest, or one that is not what its digest promises.
    """
    held: dict[str, Held] = {}
    for repository in registry.repositories:
        here = held.setdefault(repository.name, Held())
        for image in repository.images:
            content = Content(image.media_type, (image.manifest or "").encode())
            if content.digest != image.digest:
                raise ValueError(f"{image.digest} was not pushed")
            here.manifests[image.digest] = content
            here.tags |= dict.fromkeys(image.tags, image.digest)
            store.put_blob(_config(image).body)
    store.repositories = held


def _manifest(image: Image, layer: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(_config(image)),
        "layers": [_descriptor(Content(OCI_LAYER, layer.encode()))],
    }
    if image.artifact_type not in (None, OCI_CONFIG):
        document["artifactType"] = image.artifact_type
    if image.subject and image.kind != "attestation":
        document["subject"] = {"mediaType": OCI_MANIFEST, "digest": image.subject, "size": 1}
    return document


def _config(image: Image) -> Content:
    """Return the config of what runs, as it was built; an empty one of all else."""
    if image.artifact_type != OCI_CONFIG:
        return Content(EMPTY_CONFIG, b"{}")
    told = {"os": image.os, "architecture": image.architecture}
    created = image.pushed_at.isoformat()
    document = {name: value for name, value in told.items() if value} | {"created": created}
    return Content(OCI_CONFIG, encoded({**document, "config": {"Labels": {}}}))


def _index(children: Sequence[Image]) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [_child(child) for child in children],
    }


def _child(image: Image) -> dict[str, Any]:
    """Return the descriptor of a manifest as BuildKit writes it into an index."""
    body = (image.manifest or "").encode()
    described: dict[str, Any] = _descriptor(Content(image.media_type, body))
    described["platform"] = {"os": image.os, "architecture": image.architecture}
    if image.kind == "attestation":
        described["annotations"] = {
            f"{_OF_AN_ATTESTATION}.type": "attestation-manifest",
            f"{_OF_AN_ATTESTATION}.digest": image.subject,
        }
    return described


def _descriptor(content: Content) -> dict[str, Any]:
    return {
        "mediaType": content.media_type,
        "digest": content.digest,
        "size": len(content.body),
    }
