"""What a registry holds: blobs and manifests by digest, tags by repository."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True)
class Content:
    """A manifest or a blob as it came."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """Its digest."""
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"


@dataclass
class Held:
    """One repository: manifests by digest, and what each tag points at."""

    manifests: dict[str, Content] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class Store:
    """Everything of one registry. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.repositories: dict[str, Held] = {}
        self.blobs: dict[str, bytes] = {}

    def put_blob(self, body: bytes) -> str:
        """Keep a blob and return its digest."""
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        with self._lock:
            self.blobs[digest] = body
        return digest

    def put(self, repository: str, content: Content, *tags: str) -> str:
        """Keep a manifest, point tags at it and return its digest."""
        with self._lock:
            held = self.repositories.setdefault(repository, Held())
            held.manifests[content.digest] = content
            held.tags |= dict.fromkeys(tags, content.digest)
        return content.digest

    def image(
        self,
        repository: str,
        *tags: str,
        platform: tuple[str, str] = ("linux", "amd64"),
        labels: Mapping[str, str] | None = None,
        created: str = "2026-11-01T00:00:00Z",
        layer: bytes = b"layer",
    ) -> str:
        """Push an image of one layer and return its digest."""
        os, architecture = platform
        config = {
            "os": os,
            "architecture": architecture,
            "created": created,
            "config": {"Labels": dict(labels or {})},
        }
        return self.manifest(
            repository, *tags, config=Content(OCI_CONFIG, encoded(config)), layers=(layer,)
        )

    def manifest(
        self,
        repository: str,
        *tags: str,
        config: Content,
        layers: Sequence[bytes] = (),
        **more: Any,  # noqa: ANN401  members of the document
    ) -> str:
        """Push a manifest with its config and layers and return its digest."""
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.described(config.media_type, config.body),
            "layers": [self.described(OCI_LAYER, layer) for layer in layers],
            **more,
        }
        return self.put(repository, Content(OCI_MANIFEST, encoded(document)), *tags)

    def index(self, repository: str, *tags: str, manifests: Sequence[Mapping[str, Any]]) -> str:
        """Push an index of some descriptors and return its digest."""
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(manifests)}
        return self.put(repository, Content(OCI_INDEX, encoded(document)), *tags)

    def described(self, media_type: str, body: bytes) -> dict[str, Any]:
        """Keep a blob and return its descriptor."""
        return {"mediaType": media_type, "digest": self.put_blob(body), "size": len(body)}

    def child(
        self,
        repository: str,
        digest: str,
        platform: tuple[str, str],
        **more: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """Return the descriptor of a manifest as an index holds it."""
        content = self.repositories[repository].manifests[digest]
        os, architecture = platform
        return {
            "mediaType": content.media_type,
            "digest": digest,
            "size": len(content.body),
            "platform": {"os": os, "architecture": architecture},
            **more,
        }

    def referring(self, repository: str, digest: str) -> list[dict[str, Any]]:
        """Return the descriptors of the manifests whose subject a digest is."""
        found = []
        for content in self.repositories[repository].manifests.values():
            document = json.loads(content.body)
            if (document.get("subject") or {}).get("digest") == digest:
                kind = document.get("artifactType") or document["config"]["mediaType"]
                found.append(
                    {
                        "mediaType": content.media_type,
                        "digest": content.digest,
                        "size": len(content.body),
                        "artifactType": kind,
                    }
                )
        return found


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return a document as bytes, always the same."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
