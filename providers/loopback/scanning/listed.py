"""Images of the stand as an estate lists them: with their real digests, sizes and manifests."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from providers.loopback.estate import Image, Scan, Statement
from providers.loopback.scanning.advisories import Advisory
from providers.loopback.scanning.images import Built, StandArtifact, StandImage, StandIndex
from providers.loopback.scanning.oracle import expected
from providers.loopback.vocabulary import Flaw, statement

_TYPES = {
    "inspector": {"pip": "PYTHONPKG", "npm": "NODEPKG"},
    "artifact-analysis": {"pip": "PYPI", "npm": "NPM"},
}
_UNSEEN = Scan((), "not_scanned")


def listed(
    image: StandImage | StandIndex | StandArtifact,
    pushed_at: datetime,
    tags: Sequence[str] = (),
    scans: Sequence[Scan] = (),
) -> tuple[Image, ...]:
    """Return the manifests of an image as a repository lists them: an index before its children.

    Args:
        image: What was pushed.
        pushed_at: When; aware.
        tags: Tags of the image or of the index.
        scans: What the cloud's scanner knows of each runnable image, in order; those left over it
            has not looked at.
    """
    built, known = image.built(), iter(scans)
    top = replace(_manifest(built, pushed_at), tags=tuple(tags))
    below = [_manifest(child, pushed_at) for child in built.children]
    return tuple(
        replace(one, scan=next(known, _UNSEEN)) if one.kind == "image" else one
        for one in (top, *below)
    )


def stated(
    image: StandImage,
    advisories: Sequence[Advisory],
    source: str,
    unseen: Collection[str] = (),
) -> tuple[Statement, ...]:
    """Return what a cloud's scanner states of an image if it knows the same as Trivy.

    Args:
        image: The image.
        advisories: What is known.
        source: The scanner, by the word of the truth: ``inspector``, ``defender`` ...
        unseen: Vulnerability ids that it knows nothing of.
    """
    kinds = {(one.name, one.version): one.kind for layer in image.layers for one in layer}
    found = []
    for one in expected(image, advisories):
        kind = kinds[one.package, one.version]
        flaw = Flaw(
            one.vulnerability_id,
            one.package,
            one.version,
            kind != "os",
            one.severity,
            one.fixed_version or None,
        )
        if one.vulnerability_id not in unseen:
            worded = statement(flaw, source)
            own = _TYPES.get(source, {}).get(kind, worded.package_type)
            found.append(replace(worded, package_type=own))
    return tuple(found)


def _manifest(built: Built, pushed_at: datetime) -> Image:
    text = built.manifest.body.decode()
    config = json.loads(built.config.body) if built.config else {}
    system = config.get("os")
    kinds = {"linux": "image", "unknown": "attestation", None: "artifact"}
    return Image(
        digest=built.digest,
        kind="index" if built.children else kinds[system],
        media_type=built.manifest.media_type,
        artifact_type=built.config.media_type if built.config else None,
        pushed_at=pushed_at,
        os=system,
        architecture=config.get("architecture"),
        size_bytes=built.size or len(text),
        children=tuple(child.digest for child in built.children),
        manifest=text,
    )
