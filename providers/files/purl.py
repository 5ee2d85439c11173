"""Package URLs: which image or package one names. Pure."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from providers.files.reference import Reference, is_digest, parse_reference

_IMAGES = ("oci", "docker")


class Purl(NamedTuple):
    """A package URL taken apart.

    Attributes:
        bare: The URL without qualifiers and subpath.
        names: How scanners may name the package: bare, behind ``/`` and behind ``:``.
    """

    kind: str
    names: tuple[str, ...]
    version: str
    qualifiers: dict[str, str]
    bare: str

    @property
    def is_image(self) -> bool:
        """Whether it names a container image."""
        return self.kind in _IMAGES


def parse_purl(text: str) -> Purl | None:
    """Return a package URL taken apart; None when the text is none."""
    scheme, colon, rest = text.partition(":")
    if scheme.lower() != "pkg" or not colon:
        return None
    rest, _, query = rest.partition("#")[0].partition("?")
    kind, slash, path = rest.strip("/").partition("/")
    if not slash or not path:
        return None
    where, at, version = path.rpartition("@")
    if not at or "/" in version:
        where, version = path, ""
    parts = [unquote(part) for part in where.strip("/").split("/")]
    name, space = parts[-1], "/".join(parts[:-1])
    names = (name, f"{space}/{name}", f"{space}:{name}") if space else (name,)
    qualifiers = {key: values[0] for key, values in parse_qs(query).items()}
    return Purl(kind.lower(), names, unquote(version), qualifiers, text.partition("?")[0])


def image_of_purl(purl: Purl) -> tuple[Reference | None, str]:
    """Return where the image of a package URL lies, and its digest; either may not be told."""
    digest = purl.version if is_digest(purl.version) else ""
    place = purl.qualifiers.get("repository_url", "")
    name = purl.names[-2] if len(purl.names) > 1 else purl.names[0]
    if place and purl.kind == "docker" and not place.rstrip("/").endswith(f"/{name}"):
        place = f"{place.rstrip('/')}/{name}"
    place = place.partition("://")[2] or place
    return parse_reference(place or name) if place or purl.kind == "docker" else None, digest
