"""Resource names and image URIs of Google Cloud -> one identity. Pure.

A gcr.io host is an Artifact Registry repository of that name since Container Registry was shut
down, so ``https://gcr.io/p/app@sha256:..`` and
``https://us-docker.pkg.dev/p/gcr.io/app@sha256:..`` are the same image.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from audit.errors import BrokenPageError

_HOST_END = "-docker.pkg.dev"
_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_OTHER_FORMAT = re.compile(r"-(apt|generic|go|kfp|maven|npm|python|ruby|yum)\.pkg\.dev$")
"""Hosts of Artifact Registry where no container image lies."""
_GCR_LOCATIONS = {
    "gcr.io": "us",
    "us.gcr.io": "us",
    "eu.gcr.io": "europe",
    "asia.gcr.io": "asia",
}


class Where(NamedTuple):
    """Identity of a placed image: ``registry_id/repository@digest`` can be pulled."""

    registry_id: str
    repository: str
    digest: str


def registry_id_of(resource_name: str) -> str:
    """Return the pullable host and path of an Artifact Registry repository.

    Args:
        resource_name: ``projects/P/locations/L/repositories/R``, from ListRepositories.

    Raises:
        BrokenPageError: The name is of another form.
    """
    parts = resource_name.split("/")
    if len(parts) != 6 or parts[0::2] != ["projects", "locations", "repositories"]:
        raise BrokenPageError(f"{resource_name!r} is not the name of a repository")
    return _registry_id(location=parts[3], project=parts[1], repository=parts[5])


def image_of(resource_name: str) -> tuple[str, str]:
    """Return (image name, digest) of a DockerImage's resource name.

    Args:
        resource_name: ``projects/P/locations/L/repositories/R/dockerImages/<image id>``, the image
            id URL-encoded: ``team%2Fapp@sha256:..``. Slashes of the image name are kept.

    Raises:
        BrokenPageError: The name is of another form.
    """
    _, _, encoded = resource_name.partition("/dockerImages/")
    repository, at, digest = unquote(encoded).partition("@")
    if not (repository and at and digest):
        raise BrokenPageError(f"{resource_name!r} is not the name of a Docker image with a digest")
    return repository, digest


@lru_cache(maxsize=16_384)  # every statement about an image repeats its URI
def place_of(resource_uri: str) -> Where | None:
    """Return the identity behind an occurrence's ``resource_uri``.

    The host counts in any case, with or without a scheme; a tag beside the digest is dropped.
    None when the URI is that of another kind of resource than a container image.

    Raises:
        BrokenPageError: It is empty, or of a host of container images, and does not say which
            image by digest: it may be about any of them.
    """
    host, path = _host_and_path(resource_uri)
    if not _may_hold_images(host, path):
        return None
    name, _, digest = path.partition("@")
    place = _named(host, name)
    if place is None or not _DIGEST.fullmatch(digest):
        raise BrokenPageError(f"{resource_uri!r} does not say which image it is about")
    registry_id, repository = place
    return Where(registry_id, repository, digest)


def _host_and_path(resource_uri: str) -> tuple[str, str]:
    """Split a URI; the host in lower case and without its port."""
    bare = _SCHEME.sub("", unquote(resource_uri).strip())
    host, _, path = bare.partition("/")
    return host.partition(":")[0].rstrip(".").lower(), path


def _may_hold_images(host: str, path: str) -> bool:
    """Whether a resource may be a container image; the empty one may be anything."""
    if not host or "/dockerimages/" in path.lower():
        return True
    if _OTHER_FORMAT.search(host):
        return False
    return f".{host}".endswith((".pkg.dev", ".gcr.io"))


def _named(host: str, path: str) -> tuple[str, str] | None:
    """Return (registry id, image name) of a host and the path before the digest."""
    project, _, rest = _split_project(path)
    if host in _GCR_LOCATIONS:
        location, registry, repository = _GCR_LOCATIONS[host], host, rest
    elif host.endswith(_HOST_END):
        location = host.removesuffix(_HOST_END)
        registry, _, repository = rest.partition("/")
    else:
        return None
    repository = repository.partition(":")[0]
    if not (project and location and registry and repository):
        return None
    return _registry_id(location=location, project=project, repository=registry), repository


def _split_project(path: str) -> tuple[str, str, str]:
    """Split a project off; a domain-scoped one (``example.com/p``) takes two segments."""
    head, slash, rest = path.partition("/")
    if "." not in head:
        return head, slash, rest
    project, slash, rest = rest.partition("/")
    return f"{head}/{project}", slash, rest


def _registry_id(*, location: str, project: str, repository: str) -> str:
    return f"{location}{_HOST_END}/{project.replace(':', '/')}/{repository}"
