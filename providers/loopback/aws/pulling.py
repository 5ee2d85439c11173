"""ECR as a registry to pull from: its tokens, and the ``/v2/`` that they open.

One address stands for the registries of every account and region; the token tells which is meant,
as the host's name does in the cloud. Layers are sent from an address of their own, signed, that a
redirect leads to.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from providers.loopback.aws.ecr import find_image
from providers.loopback.aws.sts import role_arn
from providers.loopback.aws.wire import Call
from providers.loopback.aws.world import AwsWorld, RegistryView
from providers.loopback.estate import Repository
from providers.loopback.http import Request, Response, json_response
from providers.loopback.oci.content import Content, Store
from providers.loopback.oci.pulls import Pulls

_ROUTE = re.compile(r"^/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<last>[^/]+)$")
_LAYER = re.compile(r"^/layers/(?P<digest>sha256:[0-9a-f]{64})/(?P<signature>[^/]+)$")
_LIFETIME = 12 * 3600.0


class EcrPulling:
    """Answers pulls of the images that the estate holds the manifests of.

    Args:
        store: Where their blobs are.
        clock: Seconds since the epoch, by which tokens end.

    Attributes:
        given: Every token given out.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.pulls = Pulls(store)
        self.given: list[str] = []
        self._clock = clock
        self._tokens: dict[str, tuple[str, str, float]] = {}
        self._signature = secrets.token_urlsafe(16)
        self._lock = threading.Lock()

    def authorization(self, call: Call, url: str) -> dict[str, Any]:
        """GetAuthorizationToken: a password of the user ``AWS`` for one account and region."""
        token, ends = secrets.token_urlsafe(48), self._clock() + _LIFETIME
        with self._lock:
            self.given.append(token)
            self._tokens[token] = (call.view.account, call.view.region, ends)
        told = {
            "authorizationToken": base64.b64encode(f"AWS:{token}".encode()).decode(),
            "expiresAt": ends,
            "proxyEndpoint": url,
        }
        return {"authorizationData": [told]}

    def date(self) -> str:
        """Return the time as the header ``Date`` tells it."""
        return formatdate(self._clock(), usegmt=True)

    def forget(self) -> None:
        """End every token given out so far."""
        with self._lock:
            self._tokens.clear()

    def answer(self, world: AwsWorld, request: Request) -> tuple[str, Response] | None:
        """Return the name and the answer of a request of a pull; None for any other request."""
        if found := _LAYER.match(request.path):
            return "pull.layer", self._layer(request, found["digest"], found["signature"])
        if not request.path.startswith("/v2/"):
            return None
        opened = self._opened(request.headers.get("Authorization", ""))
        if opened is None:
            challenge = {"WWW-Authenticate": 'Basic realm="loopback",service="ecr.amazonaws.com"'}
            return "pull.refused", Response(401, b"Not Authorized\n", challenge)
        view = world.view(*opened)
        found = _ROUTE.match(request.path)
        if found is None:
            return "pull.base", json_response({})
        name = "pull.manifest" if found["kind"] == "manifests" else "pull.blob"
        return name, self._pull(request, world, view, found)

    def _opened(self, authorization: str) -> tuple[str, str] | None:
        scheme, _, encoded = authorization.partition(" ")
        try:
            user, _, token = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        with self._lock:
            account, region, ends = self._tokens.get(token, ("", "", 0.0))
        known = ends > self._clock() and (scheme.lower(), user) == ("basic", "AWS")
        return (account, region) if known else None

    def _pull(
        self, request: Request, world: AwsWorld, view: RegistryView, asked: re.Match[str]
    ) -> Response:
        repository = view.repositories.get(asked["name"])
        if repository is None:
            named = f"The repository with name '{asked['name']}' does not exist in the registry"
            return _refused(404, "NAME_UNKNOWN", f"{named} with id '{view.account}'")
        needed = "BatchGetImage" if asked["kind"] == "manifests" else "GetDownloadUrlForLayer"
        if view.fault("denied") or view.denies(f"ecr:{needed}", repository.name):
            return _refused(403, "DENIED", f"User is not authorized to perform: ecr:{needed}")
        if asked["kind"] == "manifests":
            return self._manifest(request, world, (view, repository), asked["last"])
        if asked["last"] not in self.pulls.store.blobs:
            return _refused(404, "BLOB_UNKNOWN", "The layer does not exist in the repository")
        return Response(307, b"", {"Location": f"/layers/{asked['last']}/{self._signature}"})

    def _manifest(
        self,
        request: Request,
        world: AwsWorld,
        place: tuple[RegistryView, Repository],
        reference: str,
    ) -> Response:
        view, repository = place
        by_digest = reference.startswith("sha256:")
        image = find_image(repository, {"imageDigest" if by_digest else "imageTag": reference})
        if image is None or image.manifest is None:
            return _refused(404, "MANIFEST_UNKNOWN", "Requested image not found")
        if request.method == "GET" and role_arn(view.account) not in _excluded(view):
            key = (view.account, view.region, repository.name, image.digest)
            world.pulled[key] = view.estate.moment
        content = Content(image.media_type, image.manifest.encode())
        return self.pulls.manifest(request, image.digest, content)

    def _layer(self, request: Request, digest: str, signature: str) -> Response:
        sent = self.pulls.blob(request, digest) if signature == self._signature else None
        return sent or Response(403, b"<Error><Code>AccessDenied</Code></Error>")


def _excluded(view: RegistryView) -> list[str]:
    """Return the principals whose pulls leave no pull time."""
    settings = view.registry.settings if view.registry else {}
    return settings.get("pull_time_exclusions", "").split(",")


def _refused(status: int, code: str, message: str) -> Response:
    return json_response({"errors": [{"code": code, "message": message}]}, status)
