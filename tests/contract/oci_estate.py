"""The plain registries of the contract estate: two, each a place of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from providers.loopback.estate import Image, Place, Registry, Repository
from providers.loopback.oci.pushed import pushed
from providers.loopback.repositories import HELM_CONFIG, NOTATION, OCI_CONFIG, SPDX

HOSTS = ("registry.example.org:5000", "mirror.example.org")
LED_TO_BY_NOTHING = "forgotten"
_TEAMS = ("shop/cart", "shop/pay", "tools/lint")


def registries(moment: datetime, corners: str, copies: str, empty: str) -> tuple[Place, ...]:
    """Return the places: in each the corners, and some repositories beside them."""
    created = moment - timedelta(days=50)
    places = []
    for host in HOSTS:
        images = tuple(_images(host, moment))
        beside = [
            Repository(name, created, tuple(_versions(f"{host} {name}", moment))) for name in _TEAMS
        ]
        held = (
            *beside,
            Repository(corners, created, images),
            Repository(copies, created, images[:1]),
            Repository(empty, created, ()),
        )
        places.append(Place("oci", "", "", (Registry(host, host, created, held),)))
    return tuple(places)


def _versions(seed: str, moment: datetime) -> Iterator[Image]:
    for number in range(3):
        yield _image(f"{seed} {number}", moment, tags=(f"1.{number}",))


def _images(host: str, moment: datetime) -> Iterator[Image]:
    """The corners; the first page of tags, four in their order, ends with the index."""
    known = _image(f"{host} known", moment, tags=("c", "a", "b"))
    yield known
    yield _image(f"{host} pulled", moment, tags=("p",))
    yield _image(f"{host} {LED_TO_BY_NOTHING}", moment)
    yield from _index(host, moment)
    cosign = (f"{known.digest.replace(':', '-')}.sig",)
    yield _image(f"{host} cosign", moment, kind="signature", tags=cosign, os=None)
    for name, kind, artifact_type in (
        ("notation", "signature", NOTATION),
        ("sbom", "sbom", SPDX),
        ("chart", "artifact", HELM_CONFIG),
    ):
        about = {"kind": kind, "artifact_type": artifact_type, "subject": known.digest}
        yield _image(f"{host} {name}", moment, os=None, **about)


def _index(host: str, moment: datetime) -> Iterator[Image]:
    amd = _image(f"{host} amd64", moment)
    arm = _image(f"{host} arm64", moment, architecture="arm64")
    proof = {"kind": "attestation", "architecture": "unknown", "subject": amd.digest}
    proven = _image(f"{host} provenance", moment, os="unknown", **proof)
    index = replace(amd, kind="index", tags=("multi",), os=None, architecture=None)
    yield pushed(replace(index, artifact_type=None), "", (amd, arm, proven))
    yield from (amd, arm, proven)


def _image(layer: str, moment: datetime, *, os: str | None = "linux", **more: Any) -> Image:
    whole: dict[str, Any] = {
        "digest": "",
        "kind": "image",
        "media_type": "",
        "artifact_type": OCI_CONFIG,
        "pushed_at": moment - timedelta(days=3),
        "os": os,
        "architecture": "amd64" if os else None,
    }
    return pushed(Image(**{**whole, **more}), layer)
