"""What Grype tells of the image: ``source.target`` with its embedded manifest and config. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib

import orjson

from providers.files.fields import Record
from providers.files.rows import Facts

_NOTHING = Record({})


def proven_manifest(target: Record) -> Record | None:
    """Return the manifest that ``manifestDigest`` names, if a registry can know it by that digest.

    Grype writes the manifest it read, base64, into ``target.manifest``. For an image of a local
    daemon or archive it makes one up, whose layers are those of the unpacked image: no registry
    holds such a manifest, so its digest identifies nothing there.
    """
    raw = _decoded(target, "manifest")
    digest = target.text("manifestDigest")
    if raw is None or digest != f"sha256:{hashlib.sha256(raw).hexdigest()}":
        return None
    manifest = _parsed(raw, "source.target.manifest")
    layers = {layer.text("digest") for layer in manifest.records("layers")}
    unpacked = {layer.text("digest") for layer in target.records("layers")}
    return manifest if layers and layers.isdisjoint(unpacked) else None


def embedded_config(target: Record) -> Record:
    """Return the image's configuration from ``target.config``; empty when it is not there."""
    raw = _decoded(target, "config")
    return _NOTHING if raw is None else _parsed(raw, "source.target.config")


def facts_of(target: Record, config: Record, manifest: Record | None) -> Facts:
    """Return the facts of the image; what the target does not tell the configuration may."""
    labels = target.labels("labels")
    return Facts(
        os=target.text("os") or config.text("os"),
        architecture=target.text("architecture") or config.text("architecture"),
        variant=config.text("variant"),
        created_at=config.moment("created"),
        media_type=target.text("mediaType") if manifest else None,
        labels=config.record("config").labels("Labels") if labels is None else labels,
    )


def _decoded(target: Record, key: str) -> bytes | None:
    told = target.text(key)
    if told is None:
        return None
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):  # a cut or redacted copy: then it proves nothing
        return None


def _parsed(raw: bytes, path: str) -> Record:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _NOTHING
    return Record(document, None, path) if isinstance(document, dict) else _NOTHING
