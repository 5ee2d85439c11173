"""Resource names and image URIs of Google Cloud -> one identity. Pure.

A gcr.io host is an Artifact Registry repository of that name since Container Registry was shut
down, so ``https://gcr.io/p/app@sha256:..`` and
``https://us-docker.pkg.dev/p/gcr.io/app@sha256:..`` are the same image.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from audit.errors import BrokenPageError

_HOST_END = "-docker.pkg.dev"
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


@lru_cache(maxsize=65_536)  # every statement about an image repeats its URI
def place_of(resource_uri: str) -> Where | None:
    """Return the identity behind an occurrence's ``resource_uri``.

    None when it does not name an image by digest in a host of Artifact Registry.
    """
    path, at, digest = unquote(resource_uri).partition("@")
    host, _, rest = path.removeprefix("https://").removeprefix("http://").partition("/")
    project, _, rest = _split_project(rest)
    if not at or not digest or not project:
        return None
    if host in _GCR_LOCATIONS:
        location, registry, repository = _GCR_LOCATIONS[host], host, rest
    elif host.endswith(_HOST_END):
        location = host.removesuffix(_HOST_END)
        registry, _, repository = rest.partition("/")
    else:
        return None
    if not registry or not repository:
        return None
    registry_id = _registry_id(location=location, project=project, repository=registry)
    return Where(registry_id, repository, digest)


def _split_project(path: str) -> tuple[str, str, str]:
    """Split a project off; a domain-scoped one (``example.com/p``) takes two segments."""
    head, slash, rest = path.partition("/")
    if "." not in head:
        return head, slash, rest
    project, slash, rest = rest.partition("/")
    return f"{head}/{project}", slash, rest


def _registry_id(*, location: str, project: str, repository: str) -> str:
    return f"{location}{_HOST_END}/{project.replace(':', '/')}/{repository}"
