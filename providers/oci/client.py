"""One registry by the distribution specification: catalogue, tags, manifests, referrers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import orjson

from audit.errors import BrokenPageError, NotFoundError
from audit.normalise.kinds import INDEX_MEDIA_TYPES
from providers.oci.auth import Keyring
from providers.oci.failures import (
    BASE,
    BLOB,
    CATALOG,
    MANIFEST,
    REFERRERS,
    TAGS,
    Answer,
    broken,
    from_answer,
    told,
)
from providers.oci.wire import Wire

PAGE = 1000
_SMALLER = ("?n=100", "")
"""For one that refuses to give so many at once; unasked, it gives as many as it likes."""
_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?', re.IGNORECASE)
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
_TOO_MANY_ASKED = "PAGINATION_NUMBER_INVALID"
_UNAUTHORISED = 401
_OK = 200
ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        *sorted(INDEX_MEDIA_TYPES),
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "*/*;q=0.1",
    )
)

Document = dict[str, Any]


class RegistryClient:
    """Reads one registry; not for several threads at once."""

    def __init__(self, url: str, wire: Wire, keyring: Keyring) -> None:
        self._url, self._wire, self._keyring = url, wire, keyring

    @property
    def calls(self) -> int:
        """Requests sent so far, token requests and retries included."""
        return self._wire.requests

    def ping(self) -> None:
        """Ask whether a registry is there and takes the login (``GET /v2/``).

        Raises:
            SourceError: It does not.
        """
        answer = self._send("GET", "/v2/", BASE, "")
        if answer.status != _OK:
            raise from_answer(answer, BASE, "the login")

    def repositories(self) -> Iterator[list[str]]:
        """Yield the catalogue page by page (``GET /v2/_catalog``).

        Raises:
            SourceError: A page could not be read, or the registry offers no catalogue.
        """
        scope, wanted = "registry:catalog:*", "the catalogue"
        yield from self._lists("/v2/_catalog", "repositories", CATALOG, scope, wanted)

    def tags(self, repository: str) -> Iterator[list[str]]:
        """Yield a repository's tags page by page (``GET /v2/<name>/tags/list``).

        Raises:
            SourceError: A page could not be read.
        """
        path = f"/v2/{quote(repository)}/tags/list"
        yield from self._lists(path, "tags", TAGS, _pull(repository), f"pull {repository}")

    def resolve(self, repository: str, tag: str) -> str:
        """Return the digest of a tag (``HEAD /v2/<name>/manifests/<tag>``): it counts as no pull.

        Raises:
            NotFoundError: The tag went away meanwhile.
            SourceError: It could not be read.
        """
        path = f"/v2/{quote(repository)}/manifests/{quote(tag, safe='')}"
        answer = self._get(path, MANIFEST, repository, method="HEAD")
        digest = answer.headers.get("docker-content-digest", "")
        if not _DIGEST.match(digest):
            # The header is optional; without it the content itself tells.
            body = self._get(path, MANIFEST, repository).body
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        return digest

    def manifest(self, repository: str, digest: str) -> Document:
        """Return a manifest by digest; its content is checked against the digest.

        A media type that the document leaves out is taken from the answer's header.

        Raises:
            SourceError: It could not be read, or is not what the digest promises.
        """
        path = f"/v2/{quote(repository)}/manifests/{digest}"
        answer = self._get(path, MANIFEST, repository)
        document = _checked(answer, digest, MANIFEST)
        content_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        return {"mediaType": content_type or None, **document}

    def config(self, repository: str, digest: str) -> Document:
        """Return an image's config (``GET /v2/<name>/blobs/<digest>``), checked like a manifest.

        Raises:
            SourceError: It could not be read, or is not what the digest promises.
        """
        url, scope = f"{self._url}/v2/{quote(repository)}/blobs/{digest}", _pull(repository)
        answer = self._wire.follow(url, BLOB, self._keyring.headers(scope))
        if answer.status == _UNAUTHORISED and self._keyring.learn(answer, scope):
            answer = self._wire.follow(url, BLOB, self._keyring.headers(scope))
        if answer.status != _OK:
            raise from_answer(answer, BLOB, f"pull {repository}")
        return _checked(answer, digest, BLOB)

    def referrers(self, repository: str, digest: str) -> list[Document] | None:
        """Return the descriptors of what refers to a manifest; None where there is no such API.

        Raises:
            SourceError: They could not all be read.
        """
        path: str | None = f"/v2/{quote(repository)}/referrers/{digest}"
        found: list[Document] = []
        while path:
            try:
                answer = self._get(path, REFERRERS, repository)
            except NotFoundError:
                return None
            document = _json(answer.body, REFERRERS)
            rows = document.get("manifests")
            if not isinstance(rows, list):
                raise broken("the answer lacks manifests", REFERRERS)
            found += [row for row in rows if isinstance(row, dict)]
            path = self._next(answer, path, REFERRERS)
        return found

    def _lists(
        self, path: str, member: str, operation: str, scope: str, wanted: str
    ) -> Iterator[list[str]]:
        here, smaller = f"{path}?n={PAGE}", iter(_SMALLER)
        seen: set[str] = set()
        while here:
            seen.add(here)
            answer = self._send("GET", here, operation, scope)
            if told(answer.body)[0] == _TOO_MANY_ASKED:
                query = next(smaller, None)
                if query is not None:
                    here = path + query
                    continue
            if answer.status != _OK:
                raise from_answer(answer, operation, wanted)
            yield _names(_json(answer.body, operation), member, operation)
            here = self._next(answer, here, operation) or ""
            if here in seen:
                raise broken("the listing goes round in circles", operation)

    def _get(self, path: str, operation: str, repository: str, method: str = "GET") -> Answer:
        answer = self._send(method, path, operation, _pull(repository))
        if answer.status != _OK:
            raise from_answer(answer, operation, f"pull {repository}")
        return answer

    def _send(self, method: str, path: str, operation: str, scope: str) -> Answer:
        """Send with the key for a scope; a challenge is met once."""
        answer = self._wire.send(method, self._url + path, operation, self._headers(scope))
        if answer.status == _UNAUTHORISED and self._keyring.learn(answer, scope):
            answer = self._wire.send(method, self._url + path, operation, self._headers(scope))
        return answer

    def _headers(self, scope: str) -> Mapping[str, str]:
        return {"Accept": ACCEPT, **self._keyring.headers(scope)}

    def _next(self, answer: Answer, here: str, operation: str) -> str | None:
        """Return the path of the next page; another host is not followed.

        Raises:
            BrokenPageError: It points elsewhere.
        """
        found = _NEXT.search(answer.headers.get("link", ""))
        if not found:
            return None
        there = urlsplit(urljoin(self._url + here, found.group(1)))
        if there.netloc != urlsplit(self._url).netloc:
            raise broken(f"the next page is said to be at {there.netloc}", operation)
        return f"{there.path}?{there.query}"


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _json(body: bytes, operation: str) -> Document:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise broken("the answer is no JSON: cut short or of another shape", operation) from error
    if not isinstance(document, dict):
        raise broken("the answer is no JSON object", operation)
    return document


def _names(document: Document, member: str, operation: str) -> list[str]:
    """Return a list of names; null is an empty one, as Distribution answers it."""
    if member not in document:
        raise broken(f"the answer lacks {member}", operation)
    names = document[member] or []
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise broken(f"{member} is no list of names", operation)
    return names


def _checked(answer: Answer, digest: str, operation: str) -> Document:
    found = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    if found != digest:
        raise BrokenPageError(f"{digest} came with the content of {found}", operation=operation)
    return _json(answer.body, operation)
