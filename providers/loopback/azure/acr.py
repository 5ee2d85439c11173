"""The data plane of one registry: tokens, ``/acr/v1`` metadata and ``/v2`` manifests."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlencode

from providers.loopback.azure.acr_manifests import (
    manifest_body,
    manifest_row,
    repository_row,
    tag_rows,
)
from providers.loopback.azure.acr_tokens import Gate, refused
from providers.loopback.azure.trouble import Trouble
from providers.loopback.azure.world import World
from providers.loopback.estate import Image, Repository
from providers.loopback.http import Request, Response, json_response
from providers.loopback.oci.content import Content
from providers.loopback.oci.pulls import Pulls

DEFAULT_PAGE = 100
_ROUTES = (
    ("catalog", re.compile(r"^/acr/v1/_catalog$")),
    ("manifests", re.compile(r"^/acr/v1/(?P<repository>.+)/_manifests$")),
    ("tags", re.compile(r"^/acr/v1/(?P<repository>.+)/_tags$")),
    ("repository", re.compile(r"^/acr/v1/(?P<repository>[^_].*)$")),
    ("manifest", re.compile(r"^/v2/(?P<repository>.+)/manifests/(?P<reference>[^/]+)$")),
    ("blob", re.compile(r"^/v2/(?P<repository>.+)/blobs/(?P<reference>[^/]+)$")),
)
_PULLED = ("manifest", "blob")
_Row = dict[str, Any]


class RegistryServer:
    """The handler of one registry's port.

    Args:
        login_server: ``<name>.azurecr.io``, the service its tokens are for.
        world: Returns the estate served at this moment.
        gate: Gives out and checks its tokens.
        trouble: What goes wrong for a while.
        pulls: What answers a pull.
        count: Told the name of every operation asked for.
    """

    def __init__(
        self,
        login_server: str,
        world: Callable[[], World],
        gate: Gate,
        trouble: Trouble,
        pulls: Pulls,
        count: Callable[[str], None],
    ) -> None:
        self._name, self._world, self._count = login_server, world, count
        self._gate, self._trouble, self._pulls = gate, trouble, pulls

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.method == "POST" or request.path == "/oauth2/token":
            return self._tokens(request)
        if request.path == "/v2/":
            return self._base(request)
        for operation, pattern in _ROUTES:
            match = pattern.match(request.path)
            if match and request.method in {"GET", "HEAD"}:
                self._count(f"acr.{operation}")
                parts = {name: unquote(text) for name, text in match.groupdict().items()}
                return self._look(request, operation, parts)
        return refused(404, "NOT_FOUND", "no such resource")

    def _tokens(self, request: Request) -> Response:
        if request.path == "/oauth2/exchange":
            self._count("acr.exchange")
            return self._gate.exchange(request, closed=self._trouble.no_exchange)
        if request.path == "/oauth2/token":
            self._count("acr.token")
            registry = self._world().registries.get(self._name)
            setting = registry.settings.get("anonymous_pull_enabled") if registry else None
            asked = self._gate.pulled if request.method == "GET" else self._gate.access
            return asked(request, anonymous=setting == "true")
        return refused(405, "UNSUPPORTED", "the operation is unsupported")

    def _look(self, request: Request, operation: str, parts: dict[str, str]) -> Response:
        world = self._world()
        refusal = self._refusal(request, world, _scope(operation, parts)) or self._ill(request)
        if refusal is not None:
            return refusal
        if self._trouble.forgets():
            self._gate.forget()
        if operation == "catalog":
            return self._catalog(request, world)
        repository = world.repository(self._name, parts["repository"])
        if repository is None:
            return refused(404, "NAME_UNKNOWN", "repository name not known to registry")
        if operation == "manifest":
            return self._manifest(request, repository, parts["reference"])
        if operation == "blob":
            sent = self._pulls.blob(request, parts["reference"])
            return sent or refused(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return self._metadata(request, operation, world, repository)

    def _refusal(self, request: Request, world: World, scope: str) -> Response | None:
        challenge = self._gate.challenge(request, scope)
        if challenge is not None:
            return challenge
        if world.denied(self._name):
            return refused(403, "DENIED", "requested access to the resource is denied")
        if self._name not in world.registries:
            return refused(404, "NAME_UNKNOWN", "there is no such registry any more")
        return None

    def _ill(self, request: Request) -> Response | None:
        if self._trouble.throttles():
            refusal = refused(429, "TOOMANYREQUESTS", "too many requests")
            wait = {"Retry-After": str(self._trouble.retry_after)}
            return Response(refusal.status, refusal.body, {**refusal.headers, **wait})
        rows = request.query.get("n", "")
        if self._trouble.gives_up(int(rows) if rows.isdecimal() else None):
            return Response(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
        return None

    def _metadata(
        self, request: Request, operation: str, world: World, repository: Repository
    ) -> Response:
        if operation == "manifests":
            return self._manifests(request, world, repository)
        if operation == "tags":
            return self._listing(request, world, repository, tag_rows(repository), "tags")
        changed = world.changed.get((self._name, repository.name))
        return json_response(repository_row(repository, self._name, changed))

    def _catalog(self, request: Request, world: World) -> Response:
        names = sorted(one.name for one in world.registries[self._name].repositories)
        size = _size(request, world)
        if size is None:
            return _bad_number()
        left = [name for name in names if name > request.query.get("last", "")]
        link = _link(request, left[size - 1], size) if len(left) > size else {}
        return json_response({"repositories": left[:size]}, headers=link)

    def _manifests(self, request: Request, world: World, repository: Repository) -> Response:
        images = _ordered(repository.images, request.query.get("orderby", ""))
        rows = [manifest_row(image, repository) for image in images]
        return self._listing(request, world, repository, rows, "manifests")

    def _listing(
        self,
        request: Request,
        world: World,
        repository: Repository,
        rows: Sequence[_Row],
        what: str,
    ) -> Response:
        """Cut the page after ``last`` (a digest or a tag) out of a repository's rows."""
        key = "digest" if what == "manifests" else "name"
        size, start = _size(request, world), _start(rows, key, request.query.get("last", ""))
        if size is None or start is None:
            return _bad_number()
        page = start // size + 1
        if what == "manifests" and world.broken_page(self._name, repository.name, page):
            return refused(500, "UNKNOWN", "unknown error")
        cut = rows[start : start + size]
        body = {"registry": self._name, "imageName": repository.name, what: cut}
        more = start + size < len(rows)
        return json_response(body, headers=_link(request, cut[-1][key], size) if more else {})

    def _base(self, request: Request) -> Response:
        """Say whether there is anything to log in to, as every pull asks first."""
        self._count("acr.base")
        if self._gate.knows(request):
            return json_response({})
        challenge = self._gate.challenge(request, "")
        return challenge or json_response({})

    def _manifest(self, request: Request, repository: Repository, reference: str) -> Response:
        for image in repository.images:
            if reference == image.digest or reference in image.tags:
                if image.manifest is not None:
                    content = Content(image.media_type, image.manifest.encode())
                    return self._pulls.manifest(request, image.digest, content)
                body = manifest_body(image, repository)
                headers = {"Docker-Content-Digest": image.digest}
                return json_response(body, headers=headers, content_type=image.media_type)
        return refused(404, "MANIFEST_UNKNOWN", f"manifest {reference!r} is not found")


def _scope(operation: str, parts: dict[str, str]) -> str:
    if operation == "catalog":
        return "registry:catalog:*"
    return f"repository:{parts['repository']}:{'pull' if operation in _PULLED else 'metadata_read'}"


def _ordered(images: Sequence[Image], order: str) -> list[Image]:
    if order not in {"timeasc", "timedesc"}:
        return list(images)
    return sorted(images, key=lambda image: image.pushed_at, reverse=order == "timedesc")


def _size(request: Request, world: World) -> int | None:
    """Return how many rows a page of this request holds, None when it asks for nonsense."""
    text = request.query.get("n") or str(DEFAULT_PAGE)
    if not text.isdecimal() or int(text) < 1:
        return None
    return min(int(text), world.estate.page_size)


def _start(rows: Sequence[_Row], key: str, last: str) -> int | None:
    """Return where the page after ``last`` starts, None when there is no such row."""
    if not last:
        return 0
    return next((n for n, row in enumerate(rows, 1) if row[key] == last), None)


def _link(request: Request, last: str, size: int) -> dict[str, str]:
    """Return the relative link to the next page, in the registry's own spelling of the name."""
    query = {"last": last, "n": size, "orderby": request.query.get("orderby", "")}
    path = quote(unquote(request.path), safe="/")
    return {"Link": f'<{path}?{urlencode(query)}>; rel="next"'}


def _bad_number() -> Response:
    return refused(400, "PAGINATION_NUMBER_INVALID", "invalid number of results or start requested")
