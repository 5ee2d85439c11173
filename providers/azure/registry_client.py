"""The ACR data plane as pages of plain dictionaries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

import orjson
from azure.core.rest import HttpResponse

from audit.normalise.kinds import INDEX_MEDIA_TYPES
from providers.azure.acr_pipeline import AcrPipeline, TooLargeError
from providers.azure.acr_tokens import CATALOG
from providers.azure.failures import Call, broken
from providers.azure.names import ABAC_CATALOG, ABAC_READ, PULL
from providers.azure.page_size import PageSize

_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?', re.IGNORECASE)
_MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        *sorted(INDEX_MEDIA_TYPES),
        "*/*",
    )
)

Row = dict[str, Any]


class RegistryClient:
    """Reads one registry.

    Args:
        abac: The registry grants access by repository (roleAssignmentMode
            AbacRepositoryPermissions), where pull roles give nothing.
    """

    def __init__(self, pipeline: AcrPipeline, *, abac: bool) -> None:
        self._pipeline = pipeline
        self._size = PageSize()
        self._catalog = Call("acr:ListRepositories", ABAC_CATALOG if abac else PULL)
        read = ABAC_READ if abac else PULL
        self._properties = Call("acr:GetRepositoryProperties", read)
        self._manifests = Call("acr:ListManifests", read)
        self._manifest = Call("acr:GetManifest", read)

    @property
    def calls(self) -> int:
        """Calls made so far, token calls and retries left out."""
        return self._pipeline.calls

    def repositories(self) -> Iterator[list[str]]:
        """Yield the repository names page by page (``GET /acr/v1/_catalog``).

        The service answers ``{"repositories": null}`` for a registry that holds none; after a
        page with names a null says nothing.

        Raises:
            SourceError: A page could not be read; those before it were yielded.
        """
        where = _Listing("/acr/v1/_catalog", "repositories", CATALOG, self._catalog)
        for page in self._pages(where, null_at=0):
            if not all(isinstance(name, str) and name for name in page):
                raise broken("a repository without a name", self._catalog)
            yield page

    def expect(self, names: Iterable[str]) -> None:
        """Say which repositories will be read, in order, so that they can share tokens."""
        self._pipeline.tokens.expect(_metadata(name) for name in names)

    def repository(self, name: str) -> Row:
        """Return a repository's properties (``GET /acr/v1/<name>``): counts and times.

        Raises:
            SourceError: They could not be read.
        """
        return self._document(f"/acr/v1/{_segment(name)}", self._properties, _metadata(name))

    def manifests(self, name: str, counted: int | None = None) -> Iterator[list[Row]]:
        """Yield manifest rows page by page (``GET /acr/v1/<name>/_manifests``), tags included.

        Args:
            name: The repository.
            counted: Its ``manifestCount``; without it a null instead of rows is not believed.

        Raises:
            SourceError: A page could not be read; those before it were yielded.
        """
        path = f"/acr/v1/{_segment(name)}/_manifests"
        where = _Listing(path, "manifests", _metadata(name), self._manifests)
        for page in self._pages(where, null_at=counted):
            if not all(
                isinstance(row, dict) and isinstance(row.get("digest"), str) for row in page
            ):
                raise broken("a manifest without a digest", self._manifests)
            yield page

    def manifest(self, name: str, digest: str) -> Row:
        """Return a manifest document (``GET /v2/<name>/manifests/<digest>``).

        Raises:
            SourceError: It could not be read.
        """
        path = f"/v2/{_segment(name)}/manifests/{_segment(digest)}"
        scope = f"repository:{name}:pull"
        return self._document(path, self._manifest, scope, accept=_MANIFEST_TYPES)

    def _document(self, path: str, call: Call, scope: str, accept: str = "application/json") -> Row:
        response = self._pipeline.get(self._pipeline.endpoint + path, call, scope, accept)
        return _object(response, call)

    def _pages(self, where: _Listing, *, null_at: int | None) -> Iterator[list[Any]]:
        """Follow ``Link: rel="next"`` until there is none.

        A link that leads to another host, to a page already read or on from a page that brought
        nothing would never end or leave the registry: it is a broken page. So is a null instead
        of rows, unless exactly ``null_at`` rows came before it.
        """
        count = 0
        url, visited = self._pipeline.endpoint + where.path, set[str]()
        while url:
            visited.add(url)
            response = self._page(url, where)
            page = _rows(_object(response, where.call), where, null=count == null_at)
            count += len(page)
            onward = _next_url(url, response, where.call)
            if onward in visited or (onward and not page):
                raise broken("the link to the next page does not advance", where.call)
            yield page
            url = onward

    def _page(self, url: str, where: _Listing) -> HttpResponse:
        """Read one page, asking for less while a gateway gives up on it, and later for more."""
        while True:
            sized = f"{url}{'&' if '?' in url else '?'}n={self._size.rows}"
            try:
                response = self._pipeline.get(
                    sized, where.call, where.scope, paged=self._size.can_shrink
                )
            except TooLargeError:
                self._size.shrink()
            else:
                self._size.succeeded()
                return response


class _Listing(NamedTuple):
    """A listing: its path, the member that holds the rows, the token's scope, and its call."""

    path: str
    member: str
    scope: str
    call: Call


def _metadata(name: str) -> str:
    return f"repository:{name}:metadata_read"


def _segment(name: str) -> str:
    """Encode a name as one path segment, slashes too, as the SDK does."""
    return quote(name, safe="")


def _object(response: HttpResponse, call: Call) -> Row:
    try:
        document = orjson.loads(response.content)  # strict: no half characters, no NaN
    except ValueError as error:
        raise broken("an answer that is not JSON", call) from error
    if not isinstance(document, dict):
        raise broken("an answer that is not a JSON object", call)
    return document


def _rows(document: Mapping[str, Any], where: _Listing, *, null: bool) -> list[Any]:
    member, call = where.member, where.call
    if member not in document:
        raise broken(f"a page without {member}", call)
    rows = document[member]
    if rows is None and null:  # ACR writes null for "none"
        return []
    if not isinstance(rows, list):
        raise broken(f"a page whose {member} are not a list", call)
    return rows


def _next_url(url: str, response: HttpResponse, call: Call) -> str:
    """Return the address of the next page without its size; empty on the last one."""
    link: str | None = response.headers.get("Link")
    if not link:
        return ""
    match = _NEXT.search(link)
    if match is None:
        raise broken("a Link header without a next page", call)
    here, there = urlsplit(url), urlsplit(urljoin(url, match.group(1)))
    if (here.scheme, here.netloc, unquote(here.path)) != (
        *(there.scheme, there.netloc, unquote(there.path)),
    ):
        raise broken("the link to the next page leads elsewhere", call)
    # Links spell the slashes of a name out, and repeat the size of the page before.
    told = parse_qsl(there.query)
    return urlunsplit(here._replace(query=urlencode([one for one in told if one[0] != "n"])))
