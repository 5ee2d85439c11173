"""The registry's HTTP side (distribution specification 1.1) with a token server of its own."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from providers.loopback.http import HttpCloud, Request, Response, json_response
from providers.loopback.oci.content import OCI_INDEX, Content, Store
from providers.loopback.oci.pulls import Pulls

_ROUTE = re.compile(
    r"^/v2/(?P<name>.+?)/(?P<kind>manifests|blobs|tags|referrers)/(?P<last>[^/]*/?)$"
)
_UPLOAD = re.compile(r"^/v2/(?P<name>.+?)/blobs/uploads/(?P<id>[0-9]*)$")
_MOST_A_PAGE = 1000


@dataclass(frozen=True)
class Ways:
    """How a registry behaves.

    Attributes:
        auth: ``none``, ``basic`` or ``bearer`` (a token for each repository, from its own server).
        catalog: Whether it offers a catalogue.
        unseen: Repositories that its catalogue leaves out, as of those one may not look at.
        referrers: Whether it has the referrers API.
        digest_header: Whether a HEAD tells the digest, which the specification leaves open.
        page: Most names that it gives at once.
        most: Most that it lets itself be asked for at once.
        realm: Where a challenge points to, instead of its own token server.
        tokens_live: Requests that a token is good for.
        throttled: Requests that are refused with 429 before one is answered, by operation.
    """

    auth: str = "none"
    catalog: bool = True
    unseen: tuple[str, ...] = ()
    referrers: bool = True
    digest_header: bool = True
    page: int = _MOST_A_PAGE
    most: int = _MOST_A_PAGE
    realm: str = ""
    tokens_live: int = 1_000_000
    throttled: tuple[tuple[str, int], ...] = ()


class OciLoopback(HttpCloud):
    """A registry on 127.0.0.1.

    Attributes:
        calls: Requests by operation, answered or refused.
        log: (method, path, Authorization) of each request.
        fails: ``(operation, part of the path)`` -> status that every such request gets.
        cut: Path of a listing -> page (from 1) that every time fails with a server error.
        slow: Part of the path -> seconds that pass before such a request is looked at.
        pulls: What was pulled, and which blobs break off.
    """

    username, password = "reader", "loopback-secret"

    def __init__(self, store: Store, ways: Ways | None = None) -> None:
        self.store, self.ways = store, ways or Ways()
        self.calls: Counter[str] = Counter()
        self.log: list[tuple[str, str, str]] = []
        self.fails: dict[tuple[str, str], int] = {}
        self.cut: dict[str, int] = {}
        self.slow: dict[str, float] = {}
        self.pulls = Pulls(store)
        self._closing = threading.Event()
        self._tokens: dict[str, tuple[str, int]] = {}
        self._refused: Counter[str] = Counter()
        self._uploads: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._closing.clear()
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        super().__exit__(kind, error, trace)

    @property
    def host(self) -> str:
        """Host and port, as in a pull."""
        return self.url.removeprefix("http://")

    def settings(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401  settings of the registry
        """Return the settings of the provider ``oci`` that reach it."""
        keys = {"username": self.username, "password": self.password}
        login = {} if self.ways.auth == "none" else keys
        registry = {"host": self.host, "endpoint": self.url, **login, **more}
        return {"registries": [registry], "allow_insecure_loopback": True}

    def _handle(self, request: Request) -> Response:
        for part, seconds in self.slow.items():
            if part in request.path:
                self._closing.wait(seconds)
        with self._lock:
            self.log.append(
                (request.method, request.path, request.headers.get("Authorization", ""))
            )
            if request.path == "/token":
                return self._count("token", lambda: self._token(request))
            operation, scope, answer = self._route(request)
            return self._count(
                operation, lambda: self._refusal(request, operation, scope) or answer()
            )

    def _count(self, operation: str, answer: Callable[[], Response]) -> Response:
        self.calls[operation] += 1
        return answer()

    def _route(self, request: Request) -> tuple[str, str, Callable[[], Response]]:
        if request.path == "/v2/":
            return "base", "", lambda: json_response({})
        if request.path == "/v2/_catalog":
            return "catalog", "registry:catalog:*", lambda: self._catalog(request)
        if found := _UPLOAD.match(request.path):
            name = found["name"]
            return "upload", f"repository:{name}:push", lambda: self._upload(request, name)
        found = _ROUTE.match(request.path)
        if not found:
            return "unknown", "", lambda: _error(404, "UNSUPPORTED", "no such route")
        name, kind, last = found["name"], found["kind"], found["last"]
        answers: dict[str, Callable[[], Response]] = {
            "manifests": lambda: self._manifest(request, name, last),
            "blobs": lambda: self._blob(request, last),
            "tags": lambda: self._tags(request, name),
            "referrers": lambda: self._referrers(name, last),
        }
        operation = f"{kind} {request.method}" if kind == "manifests" else kind
        return operation, f"repository:{name}:pull", answers[kind]

    def _refusal(self, request: Request, operation: str, scope: str) -> Response | None:
        for (failing, part), status in self.fails.items():
            if failing == operation and part in request.path:
                return _error(status, "DENIED" if status == 403 else "UNKNOWN", "no")
        for throttled, times in self.ways.throttled:
            if throttled == operation and self._refused[operation] < times:
                self._refused[operation] += 1
                answer = _error(429, "TOOMANYREQUESTS", "slow down")
                return Response(429, answer.body, {**answer.headers, "Retry-After": "0"})
        given = request.headers.get("Authorization", "")
        if self.ways.auth == "basic" and given != self._basic():
            return _unauthorised('Basic realm="loopback"')
        if self.ways.auth == "bearer" and not self._opens(given, scope):
            realm = self.ways.realm or f"{self.url}/token"
            return _unauthorised(f'Bearer realm="{realm}",service="loopback",scope="{scope}"')
        return None

    def _basic(self) -> str:
        both = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(both).decode()}"

    def _opens(self, given: str, scope: str) -> bool:
        token = given.removeprefix("Bearer ")
        granted, left = self._tokens.get(token, ("", 0))
        self._tokens[token] = (granted, left - 1)
        return granted == scope and left > 0

    def _token(self, request: Request) -> Response:
        if request.headers.get("Authorization", "") != self._basic():
            return _error(401, "UNAUTHORIZED", "wrong user or password")
        token = f"loopback-token-{len(self._tokens)}"
        self._tokens[token] = (request.query.get("scope", ""), self.ways.tokens_live)
        return json_response({"token": token, "expires_in": 300})

    def _catalog(self, request: Request) -> Response:
        if not self.ways.catalog:
            return _error(404, "UNSUPPORTED", "the catalogue is switched off")
        return self._names(
            request,
            "repositories",
            sorted(set(self.store.repositories).difference(self.ways.unseen)),
        )

    def _tags(self, request: Request, name: str) -> Response:
        held = self.store.repositories.get(name)
        if held is None or not held.tags:
            return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
        return self._names(request, "tags", sorted(held.tags), name=name)

    def _names(self, request: Request, member: str, names: Sequence[str], **more: str) -> Response:
        asked = int(request.query.get("n", min(100, self.ways.most)))
        if asked > self.ways.most:
            return _error(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
        size, last = min(asked, self.ways.page), request.query.get("last", "")
        left = [name for name in names if name > last]
        if (len(names) - len(left)) // size + 1 == self.cut.get(request.path):
            return _error(500, "UNKNOWN", "no")
        page = left[:size]
        headers = {}
        if len(left) > size:
            headers["Link"] = f'<{request.path}?last={page[-1]}&n={asked}>; rel="next"'
        return json_response({**more, member: page or None}, headers=headers)

    def _manifest(self, request: Request, name: str, reference: str) -> Response:
        if request.method == "PUT":
            kind = request.headers.get("Content-Type", "")
            content = Content(kind, request.body)
            tags = () if reference.startswith("sha256:") else (reference,)
            return Response(
                201, b"", {"Docker-Content-Digest": self.store.put(name, content, *tags)}
            )
        held = self.store.repositories.get(name)
        digest = held.tags.get(reference, reference) if held else ""
        content_ = held.manifests.get(digest) if held else None
        if content_ is None:
            return _error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        tell = self.ways.digest_header
        return self.pulls.manifest(request, digest, content_, tell_digest=tell)

    def _blob(self, request: Request, digest: str) -> Response:
        found = self.pulls.blob(request, digest)
        return found or _error(404, "BLOB_UNKNOWN", "blob unknown")

    def _upload(self, request: Request, name: str) -> Response:
        """Take a blob: POST opens an upload, PATCH adds to it, PUT ends it."""
        if request.method == "POST":
            number = str(len(self._uploads) + 1)
            self._uploads[number] = b""
            return Response(202, b"", {"Location": f"/v2/{name}/blobs/uploads/{number}"})
        number = request.path.rpartition("/")[2]
        self._uploads[number] = self._uploads.get(number, b"") + request.body
        if request.method == "PATCH":
            size = len(self._uploads[number])
            return Response(202, b"", {"Location": request.path, "Range": f"0-{size - 1}"})
        digest = self.store.put_blob(self._uploads.pop(number))
        return Response(201, b"", {"Docker-Content-Digest": digest})

    def _referrers(self, name: str, digest: str) -> Response:
        if not self.ways.referrers or name not in self.store.repositories:
            return _error(404, "UNSUPPORTED", "no such route")
        found = self.store.referring(name, digest)
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
        return json_response(index, content_type=OCI_INDEX)


def _error(status: int, code: str, message: str) -> Response:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Response(status, body, {"Content-Type": "application/json"})


def _unauthorised(challenge: str) -> Response:
    answer = _error(401, "UNAUTHORIZED", "authentication required")
    return Response(401, answer.body, {**answer.headers, "WWW-Authenticate": challenge})
