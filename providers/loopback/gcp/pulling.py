"""Artifact Registry as a registry to pull from: what lies behind ``LOCATION-docker.pkg.dev``.

One address stands for every location; the path names project, repository and image. The tokens
that open it are given by Google's Security Token Service, for a token of somebody else's.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

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
_TOKEN, _EXCHANGE = "/v2/token", "/v1/token"
_LIFETIME = 3600
# Not of a workload: of its project the library would ask Google.
_AUDIENCE = "//iam.googleapis.com/locations/global/workforcePools/loopback/providers/loopback"
_PERMISSION = "artifactregistry.repositories.downloadArtifacts"


class GcpPulling:
    """Answers pulls of the images that the estate holds the manifests of.

    Args:
        world: Returns the estate served at this moment.
        store: Where their blobs are.
        clock: Seconds since the epoch, by which tokens end.

    Attributes:
        given: Every token given out, by when it ends.
        closed: Whether nobody is given a token any more.
    """

    def __init__(
        self, world: Callable[[], GcpWorld], store: Store, clock: Callable[[], float] = time.time
    ) -> None:
        self.pulls = Pulls(store)
        self.given: dict[str, float] = {}
        self.closed = False
        self._world, self._clock = world, clock
        self._subject = secrets.token_urlsafe(32)

    def access_token(self) -> str:
        """Return a token that opens everything for an hour."""
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self.given[token] = self._clock() + _LIFETIME
        return token

    def write_credentials(self, folder: Path, url: str) -> Path:
        """Write what ``GOOGLE_APPLICATION_CREDENTIALS`` names: somebody from another identity pool.

        Args:
            folder: For the file and the token of that identity.
            url: Where this is served.
        """
        subject, path = folder / "subject-token", folder / "credentials.json"
        subject.write_text(self._subject, "utf-8")
        told = {
            "type": "external_account",
            "audience": _AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{url}{_EXCHANGE}",
            "credential_source": {"file": str(subject)},
        }
        path.write_text(json.dumps(told), "utf-8")
        return path

    def answer(self, request: Request) -> tuple[str, Response] | None:
        """Return the name and the answer of a request of a pull; None for any other request."""
        if request.path == _EXCHANGE:
            return "sts.token", self._exchange(request)
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

    def _exchange(self, request: Request) -> Response:
        """``POST /v1/token`` of the Security Token Service (RFC 8693)."""
        if self.closed or request.form().get("subject_token") != self._subject:
            told = {"error": "invalid_grant", "error_description": "The token is not accepted."}
            return json_response(told, 400)
        kind = "urn:ietf:params:oauth:token-type:access_token"
        given = {"access_token": self.access_token(), "issued_token_type": kind}
        return json_response({**given, "token_type": "Bearer", "expires_in": _LIFETIME})

    def _token(self, request: Request) -> Response:
        """Give the same token back: it is good for a registry as it is."""
        token = self._opened(request)
        if not token:
            return _refused(401, "UNAUTHORIZED", "authentication failed")
        return json_response({"token": token, "expires_in": _LIFETIME})

    def _opened(self, request: Request) -> str:
        """Return the token that a request bears; empty where it is none, or has ended."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            told = f"{USER}:{given}" if scheme.lower() == "bearer" else _decoded(given)
        except (binascii.Error, ValueError):
            return ""
        user, _, token = told.partition(":")
        good = user == USER and self.given.get(token, 0.0) > self._clock()
        return token if good else ""

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


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()


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
