"""Image references (``busybox:1.36``, ``host:5000/team/app@sha256:...``) -> one identity. Pure.

Follows the grammar and the familiar-name rules of the distribution reference package: a first
part without a dot, a port or ``localhost`` is no host, and an image without a host lies on
docker.io. What is pulled by ``registry_id/repository`` is named as the cloud adapters name it, so
that a report about an image that a cloud lists joins that image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"

_MAX_LENGTH = 1024
_MAX_NAME = 255
_HUB_HOSTS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_GAR_HOST_END = "-docker.pkg.dev"
_GCR_LOCATIONS = {
    "gcr.io": "us",
    "us.gcr.io": "us",
    "eu.gcr.io": "europe",
    "asia.gcr.io": "asia",
}

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-f0-9:]+\])(?::[0-9]+)?", re.ASCII | re.IGNORECASE
)
_PATH_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}", re.ASCII)
_HEX_ID = re.compile(r"[a-f0-9]{64}", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """A parsed reference.

    Attributes:
        registry_id: Host, with project and repository for Artifact Registry.
        repository: Name in the registry, slashes included.
        tag: Empty when the reference names none; ``latest`` is not made up.
        digest: Manifest digest, empty when the reference names none.
    """

    registry_id: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Registry and repository."""
        return self.registry_id, self.repository

    @property
    def name(self) -> str:
        """The reference in full, without what is not told."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry_id}/{self.repository}{tag}{digest}"


def is_digest(text: str | None) -> bool:
    """Whether ``text`` is a whole digest (``sha256:`` and 64 hex digits, or sha512)."""
    return text is not None and _DIGEST.fullmatch(text) is not None


def parse_reference(text: str) -> Reference | None:
    """Return the parsed reference, or None when ``text`` is none.

    A bare image id (64 hex digits, with or without ``sha256:``) is an id, not a reference.
    """
    if len(text) > _MAX_LENGTH or is_digest(text):
        return None
    rest, at, digest = text.partition("@")
    name, tag = _split_tag(rest)
    if (at and not is_digest(digest)) or (tag is not None and not _TAG.fullmatch(tag)):
        return None
    if len(name) > _MAX_NAME or _HEX_ID.fullmatch(name):
        return None
    host, path = _split_host(name)
    if not _HOST.fullmatch(host) or not _is_path(path):
        return None
    registry_id, repository = _placed(host.lower(), path)
    return Reference(registry_id, repository, tag or "", digest)


def _is_path(path: str) -> bool:
    return all(_PATH_PART.fullmatch(part) for part in path.split("/"))


def _split_tag(text: str) -> tuple[str, str | None]:
    """Split a tag off: a colon before the last slash is a port."""
    head, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        return text, None
    return head, tag


def _split_host(name: str) -> tuple[str, str]:
    head, slash, rest = name.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost" or head != head.lower()):
        if head.lower() not in _HUB_HOSTS:
            return head, rest
        name = rest
    return DOCKER_HUB, name if "/" in name else f"library/{name}"


def _placed(host: str, path: str) -> tuple[str, str]:
    """Return (registry, repository); Artifact Registry's registries are part of the path.

    Since Container Registry was shut down its hosts are Artifact Registry repositories of that
    name: ``gcr.io/p/app`` is ``us-docker.pkg.dev/p/gcr.io/app``.
    """
    project, rest = _split_project(path)
    if host in _GCR_LOCATIONS and rest:
        return f"{_GCR_LOCATIONS[host]}{_GAR_HOST_END}/{project}/{host}", rest
    registry, slash, repository = rest.partition("/")
    if host.endswith(_GAR_HOST_END) and slash:
        return f"{host}/{project}/{registry}", repository
    return host, path


def _split_project(path: str) -> tuple[str, str]:
    """Split a Google Cloud project off; a domain-scoped one (``example.com/p``) takes two parts."""
    parts = path.split("/")
    taken = 2 if "." in parts[0] else 1
    return "/".join(parts[:taken]), "/".join(parts[taken:])
