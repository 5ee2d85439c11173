"""Real images from a description: a manifest, a config and layers with package databases."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from providers.loopback.oci.content import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Content,
    Store,
    encoded,
)
from providers.loopback.scanning.archives import gzipped, tar_of
from providers.loopback.scanning.layers import (
    Distribution,
    Package,
    database_file,
    language_files,
    system_files,
)

_STATEMENT = "application/vnd.in-toto+json"
_CREATED = "2026-11-01T00:00:00Z"


@dataclass(frozen=True)
class StandImage:
    """An image for one platform.

    Attributes:
        distribution: What it is made from; None for one that holds nothing of a distribution.
        layers: What each layer adds, from the bottom. Two images whose lowest layers are the same
            share them: a distribution's packages are listed whole in the last layer that adds any.
        filler: Bytes without meaning in a layer of their own on top, to make it large.
        files: Content by path, in a layer of their own on top.
        configured: Members of its configuration, such as ``User`` and ``Env``.
        history: Instructions that it was built by, as a builder records them.
    """

    distribution: Distribution | None
    layers: tuple[tuple[Package, ...], ...]
    architecture: str = "amd64"
    labels: Mapping[str, str] = field(default_factory=dict)
    created: str = _CREATED
    filler: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)
    configured: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[str, ...] = ()

    def built(self) -> Built:
        """Return its manifest and blobs."""
        archives = [tar_of(files) for files in self._contents()]
        blobs = [Content(OCI_LAYER, gzipped(archive)) for archive in archives]
        config = Content(
            OCI_CONFIG,
            encoded(
                {
                    "os": "linux",
                    "architecture": self.architecture,
                    "created": self.created,
                    "config": {"Labels": dict(self.labels), **self.configured},
                    "rootfs": {"type": "layers", "diff_ids": [_digest(one) for one in archives]},
                    "history": [*self._made(len(blobs))],
                }
            ),
        )
        return _manifest(config, blobs)

    def _made(self, layers: int) -> Iterator[dict[str, Any]]:
        for _ in range(layers):
            yield {"created": self.created, "created_by": "made up"}
        for instruction in self.history:
            yield {"created": self.created, "created_by": instruction, "empty_layer": True}

    def _contents(self) -> list[dict[str, bytes]]:
        contents, listed = [], list[Package]()
        for number, packages in enumerate(self.layers):
            files: dict[str, bytes] = {}
            listed += (added := [one for one in packages if one.kind == "os"])
            if self.distribution and number == 0:
                files |= system_files(self.distribution)
            if self.distribution and added:
                files |= database_file(self.distribution, listed, self.architecture)
            for package in packages:
                if package.kind != "os":
                    files |= language_files(package)
            contents.append(files)
        if self.filler:
            contents.append({"opt/filler": b"\0" * self.filler})
        if self.files:
            contents.append(dict(self.files))
        return contents


@dataclass(frozen=True)
class StandArtifact:
    """What lies in a registry and is no image: a chart, an SBOM."""

    artifact_type: str
    body: bytes = b"made up"

    def built(self) -> Built:
        """Return its manifest and blobs."""
        return _manifest(Content(self.artifact_type, b"{}"), [Content(OCI_LAYER, self.body)])


@dataclass(frozen=True)
class StandIndex:
    """An index over images, with an attestation of the first one as BuildKit leaves it."""

    images: tuple[StandImage, ...]
    attested: bool = True

    def built(self) -> Built:
        """Return its manifest and, as ``children``, what it names."""
        children = [image.built() for image in self.images]
        entries = [
            _entry(child, {"os": "linux", "architecture": image.architecture})
            for child, image in zip(children, self.images, strict=True)
        ]
        if self.attested:
            about = {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": children[0].digest,
            }
            children.append(_attestation())
            platform = {"os": "unknown", "architecture": "unknown"}
            entries.append(_entry(children[-1], platform) | {"annotations": about})
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        return Built(Content(OCI_INDEX, encoded(document)), children=tuple(children))


@dataclass(frozen=True)
class Built:
    """What a registry is given of one digest.

    Attributes:
        manifest: The manifest or index.
        config: The config that the manifest names; None of an index.
        layers: The layers, from the bottom.
        children: What an index names.
    """

    manifest: Content
    config: Content | None = None
    layers: tuple[Content, ...] = ()
    children: tuple[Built, ...] = ()

    @property
    def digest(self) -> str:
        """The manifest's digest."""
        return self.manifest.digest

    @property
    def size(self) -> int:
        """Bytes of its layers, as registries tell the size of an image."""
        return sum(len(layer.body) for layer in self.layers)


def push(
    store: Store, repository: str, image: StandImage | StandIndex | StandArtifact, *tags: str
) -> str:
    """Push an image with all it consists of, and return its digest."""
    return _put(store, repository, image.built(), tags)


def _put(store: Store, repository: str, built: Built, tags: Sequence[str] = ()) -> str:
    for child in built.children:
        _put(store, repository, child)
    for blob in (built.config, *built.layers):
        if blob is not None:
            store.put_blob(blob.body)
    return store.put(repository, built.manifest, *tags)


def _attestation() -> Built:
    config = Content(
        OCI_CONFIG,
        encoded(
            {
                "os": "unknown",
                "architecture": "unknown",
                "rootfs": {"type": "layers", "diff_ids": []},
            }
        ),
    )
    return _manifest(config, [Content(_STATEMENT, encoded({"predicateType": "made up"}))])


def _manifest(config: Content, layers: Sequence[Content]) -> Built:
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _described(config),
        "layers": [_described(layer) for layer in layers],
    }
    return Built(Content(OCI_MANIFEST, encoded(document)), config, tuple(layers))


def _entry(child: Built, platform: dict[str, str]) -> dict[str, Any]:
    return _described(child.manifest) | {"platform": platform}


def _described(content: Content) -> dict[str, Any]:
    return {
        "mediaType": content.media_type,
        "digest": content.digest,
        "size": len(content.body),
    }


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
