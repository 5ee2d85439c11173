"""Artifact Registry as a registry to pull from: what lies behind ``LOCATION-docker.pkg.dev``.

One address stands for every location; the path names project, repository and image.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Iterator

from providers.loopback.estate import Image, Place
from providers.loopback.gcp.world import GcpWorld
from providers.loopback.http import Request, Response, json_response
from providers.loopback.oci.content import Content, Store
from providers.loopback.oci.pulls import Pulls

USER = "oauth2accesstoken"
"""User name that goes with an access token where a password is asked for."""
_ROUTE = re.compile(
    r"^/v2/(?P<project>[^/]+)/(?P<registry>[^/]+)/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<last>[^/]+)$"
)
_TOKEN = "/v2/token"  # noqa: S105  a path
_PERMISSION = "artifactregistry.repositories.downloadArtifacts"


class GcpPulling:
    """Answers pulls of the images that the estate holds the manifests of.

    Args:
        world: Returns the estate served at this moment.
        store: Where their blobs are.

    Attributes:
        access_token: The one that opens everything, as ``google.auth`` would hand it out.
    """

    def __init__(self, world: Callable[[], GcpWorld], store: Store) -> None:
        self.pulls = Pulls(store)
        self.access_token = f"ya29.{secrets.token_urlsafe(32)}"
        self._world = world

    def answer(self, request: Request) -> tuple[str, Response] | None:
        """Return the name and the answer of a request of a pull; None for any other request."""
        if not request.path.startswith("/v2/"):
            return None
        if request.path == _TOKEN:
            return "pull.token", self._token(request)
        if not self._opened(request):
            told = f'realm="http://{request.headers["Host"]}{_TOKEN}",service="pkg.dev"'
            refusal = _refused(401, "UNAUTHORIZED", "authentication failed")
            challenge = {"WWW-Authenticate": f"Bearer {told}"}
            return "pull.refused", Response(401, refusal.body, {**refusal.headers, **challenge})
        found = _ROUTE.match(request.path)
        if found is None:
            return "pull.base", json_response({})
        name = "pull.manifest" if found["kind"] == "manifests" else "pull.blob"
        return name, self._pull(request, found)

    def _token(self, request: Request) -> Response:
        """Give the same token back: it is good for a registry as it is."""
        if not self._opened(request):
            return _refused(401, "UNAUTHORIZED", "authentication failed")
        return json_response({"token": self.access_token, "expires_in": 3600})

    def _opened(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return given == self.access_token
        try:
            return base64.b64decode(given).decode() == f"{USER}:{self.access_token}"
        except (binascii.Error, ValueError):
            return False

    def _pull(self, request: Request, asked: re.Match[str]) -> Response:
        world = self._world()
        if world.refuses(_PERMISSION):
            return _refused(403, "DENIED", f'Permission "{_PERMISSION}" denied')
        if asked["kind"] == "blobs":
            sent = self.pulls.blob(request, asked["last"])
            return sent or _refused(404, "BLOB_UNKNOWN", "Blob not found")
        for image in _images(world, asked):
            if image.manifest is not None and asked["last"] in (image.digest, *image.tags):
                content = Content(image.media_type, image.manifest.encode())
                return self.pulls.manifest(request, image.digest, content)
        return _refused(404, "MANIFEST_UNKNOWN", f"Failed to fetch {asked['last']!r}")


def _images(world: GcpWorld, asked: re.Match[str]) -> Iterator[Image]:
    """Yield the images of one name, in whatever location the project has them."""
    view = world.view(asked["project"])
    places: tuple[Place, ...] = view.places if view else ()
    for place in places:
        for registry in place.registries:
            if registry.registry_id.endswith(f"/{asked['project']}/{asked['registry']}"):
                for repository in registry.repositories:
                    if repository.name == asked["name"]:
                        yield from repository.images


def _refused(status: int, code: str, message: str) -> Response:
    return json_response({"errors": [{"code": code, "message": message}]}, status)
