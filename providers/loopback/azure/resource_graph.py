"""Azure Resource Graph: ``POST /providers/Microsoft.ResourceGraph/resources``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from providers.loopback.azure import known
from providers.loopback.azure.kql import Query, QueryError, parse
from providers.loopback.azure.tokens import Mint, bearer
from providers.loopback.azure.world import World
from providers.loopback.http import Request, Response, json_response
from providers.loopback.paging import Listing, PageTokenError

AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
MAX_TOP = 1000
_PATH = "/providers/microsoft.resourcegraph/resources"
_OPTIONS = frozenset({"resultFormat", "$top", "$skipToken", "$skip", "allowPartialScopes"})
_QUOTA = {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}
_CUT = {"x-ms-tenant-subscription-limit-hit": "true"}
_ASSESSMENTS = "microsoft.security/assessments"
_EXEMPTIONS = "microsoft.security/standardassignments"


class _RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        error: dict[str, Any] = {"code": code, "message": message}
        if detail:
            error["details"] = [{"code": detail, "message": message}]
        headers = {
            401: {"WWW-Authenticate": 'Bearer error="invalid_token"'},
            429: {"Retry-After": "1"},
        }
        self.response = json_response({"error": error}, status, headers.get(status, {}))


@dataclass(frozen=True)
class _Ask:
    """A request, read: which query over which subscriptions, and which page of its answer."""

    text: str
    query: Query
    scope: tuple[str, ...]
    top: int
    token: str


class ResourceGraph:
    """The handler of the resource manager's port."""

    def __init__(
        self, world: Callable[[], World], mint: Mint, count: Callable[[str], None]
    ) -> None:
        self._world, self._mint, self._count = world, mint, count
        # A client asks for each page anew; the rows are found once.
        self._find = lru_cache(maxsize=16)(_find)
        self._refused: set[tuple[World, str]] = set()

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.method != "POST" or request.path.lower() != _PATH:
            message = f"The resource at {request.path!r} was not found."
            return _RefusedError(404, "ResourceNotFound", message).response
        self._count("resource_graph.resources")
        try:
            self._authenticate(request)
            world = self._world()
            ask = _read(request, world)
            ask = _check_faults(ask, world)
            self._throttle(ask, world)
            return _answer(ask, world, self._find(world, ask.text, ask.scope))
        except _RefusedError as refusal:
            return refusal.response

    def _throttle(self, ask: _Ask, world: World) -> None:
        """Refuse the second page of each query once, where the estate says so."""
        once = (world, ask.text)
        if ask.token and once not in self._refused and world.fails("findings_throttled", ask.scope):
            self._refused.add(once)
            raise _RefusedError(429, "RateLimiting", "Please provide fewer requests.")

    def _authenticate(self, request: Request) -> None:
        token = bearer(request.headers.get("authorization"))
        if not any(self._mint.read(token, aud=audience) for audience in AUDIENCES):
            code = "InvalidAuthenticationToken" if token else "AuthenticationFailed"
            message = "The access token is missing, expired or for another audience."
            raise _RefusedError(401, code, message)


def _read(request: Request, world: World) -> _Ask:
    if not request.query.get("api-version"):
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise _RefusedError(400, "MissingApiVersionParameter", message)
    try:
        body = request.json()
    except ValueError as error:
        raise _RefusedError(400, "InvalidRequestContent", str(error)) from error
    options = body.get("options") or {}
    text = str(body.get("query", ""))
    return _Ask(
        text,
        _query(text, world),
        _scope(body, world),
        _top(options, world),
        str(options.get("$skipToken") or ""),
    )


def _query(text: str, world: World) -> Query:
    try:
        query = known.find(text) or parse(text)
    except QueryError as error:
        raise _RefusedError(
            400, "BadRequest", f"Query is invalid: {error}", "InvalidQuery"
        ) from error
    if query.table not in world.tables:
        message = f"Query is invalid: table {query.table!r} is not known"
        raise _RefusedError(400, "BadRequest", message, "InvalidQuery")
    return query


def _scope(body: Mapping[str, Any], world: World) -> tuple[str, ...]:
    """Return the subscriptions asked for that the principal can see, as the service does."""
    groups, asked = body.get("managementGroups"), body.get("subscriptions")
    if groups and world.estate.tenant not in groups:
        message = "The client does not have authorization over the management groups."
        raise _RefusedError(403, "AuthorizationFailed", message)
    if groups:  # what belongs to the tenant and to no subscription is visible from its root
        return (*world.subscriptions, "")
    if not asked:
        return world.subscriptions
    visible = tuple(one for one in world.subscriptions if one in asked)
    if not visible:
        raise _RefusedError(403, "AccessDenied", "No subscription of the request is accessible.")
    return visible


def _top(options: Mapping[str, Any], world: World) -> int:
    unknown = set(options) - _OPTIONS
    if (
        unknown
        or options.get("$skip")
        or options.get("resultFormat", "objectArray") != "objectArray"
    ):
        raise _RefusedError(400, "BadRequest", "The options of the request are not supported.")
    top = options.get("$top", MAX_TOP)
    if not isinstance(top, int) or not 1 <= top <= MAX_TOP:
        raise _RefusedError(400, "BadRequest", f"$top must be between 1 and {MAX_TOP}.")
    return min(top, world.estate.findings_page_size)


def _find(world: World, text: str, scope: tuple[str, ...]) -> list[dict[str, Any]]:
    query = _query(text, world)
    return query.run(row for row in world.tables[query.table] if _is_seen(row, world, scope))


def _is_seen(row: Mapping[str, Any], world: World, scope: tuple[str, ...]) -> bool:
    """Whether a row shows; one of a management group does where no subscription is named."""
    everywhere = scope[: len(world.subscriptions)] == world.subscriptions
    of_group = row["type"] == _EXEMPTIONS and not row["subscriptionId"]
    return row["subscriptionId"] in scope or (of_group and everywhere)


def _answer(ask: _Ask, world: World, found: list[dict[str, Any]]) -> Response:
    listing = Listing(("resource graph", world.estate.name, ask.text, *ask.scope))
    try:
        page = listing.page(found, ask.token, ask.top)
    except PageTokenError as error:
        raise _RefusedError(400, "BadRequest", str(error), "InvalidSkipToken") from error
    body: dict[str, Any] = {
        "totalRecords": len(found),
        "count": len(page.items),
        "data": page.items,
        "facets": [],
        "resultTruncated": "true" if page.next_token else "false",
    }
    # Without the id among the columns the service cannot say where the next page starts.
    if page.next_token and "id" in (ask.query.columns or ("id",)):
        body["$skipToken"] = page.next_token
    if ask.token and world.fails("findings_moving", ask.scope):
        body["totalRecords"] += 1
    cut = world.fails("limit_hit", ask.scope)
    return json_response(body, headers={**_QUOTA, **(_CUT if cut else {})})


def _check_faults(ask: _Ask, world: World) -> _Ask:
    """Return what is left of the scope; one that is refused whole is an error, a part is not."""
    if ask.query.table != "securityresources":
        return ask
    left = tuple(one for one in ask.scope if not world.fails("findings_denied", (one,)))
    if not left:
        message = "The client does not have authorization to read Microsoft.Security resources."
        raise _RefusedError(403, "AuthorizationFailed", message)
    if _EXEMPTIONS in ask.text.casefold() and world.fails("exemptions_denied", ask.scope):
        message = "The client does not have authorization to read Microsoft.Security resources."
        raise _RefusedError(403, "AuthorizationFailed", message)
    if ask.token and _ASSESSMENTS in ask.text.casefold() and world.fails("findings", left):
        raise _RefusedError(500, "InternalServerError", "An unexpected error occurred.")
    return replace(ask, scope=left)
