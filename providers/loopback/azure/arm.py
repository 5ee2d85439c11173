"""Azure Resource Manager: what hangs below a registry, as lists with ``nextLink``.

The rows of a list are a registry's setting of the same name, as JSON in ARM's own words:
``replications``, ``webhooks``, ``scopeMaps``, ``tokens``, ``cacheRules``. Without it the list is
empty. The fault ``posture_denied`` with ``operation`` ``registries/<list>/read`` refuses one list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from providers.loopback.azure.resource_graph import AUDIENCES
from providers.loopback.azure.tokens import Mint, bearer
from providers.loopback.azure.world import World
from providers.loopback.estate import Registry
from providers.loopback.http import Request, Response, json_response

API_VERSIONS = frozenset({"2025-11-01", "2023-07-01"})
_LISTS = "replications|webhooks|scopeMaps|tokens|cacheRules"
_PATH = re.compile(rf"^(?P<registry>/subscriptions/.+/registries/[^/]+)/(?P<list>{_LISTS})$")


class ResourceManager:
    """The handler of the resource manager's port for everything but Resource Graph."""

    def __init__(
        self, world: Callable[[], World], mint: Mint, count: Callable[[str], None]
    ) -> None:
        self._world, self._mint, self._count = world, mint, count

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        match = _PATH.match(request.path)
        if match is None or request.method != "GET":
            return _refused(404, "ResourceNotFound", f"{request.path!r} was not found.")
        self._count(f"arm.{match['list']}")
        token = bearer(request.headers.get("authorization"))
        if not any(self._mint.read(token, aud=audience) for audience in AUDIENCES):
            return _refused(401, "InvalidAuthenticationToken", "The access token is not valid.")
        if request.query.get("api-version") not in API_VERSIONS:
            return _refused(400, "NoRegisteredProviderFound", "No such api-version.")
        return self._list(request, match["registry"], match["list"])

    def _list(self, request: Request, native_id: str, kind: str) -> Response:
        world = self._world()
        found = [
            (place.account, one)
            for place in world.places
            for one in place.registries
            if one.native_id.lower() == native_id.lower()
        ]
        if not found:
            return _refused(404, "ResourceNotFound", "There is no such registry.")
        ((account, registry),) = found
        if world.posture_denied(account, f"registries/{kind}/read"):
            message = f"The client does not have authorization to perform action '{kind}/read'."
            return _refused(403, "AuthorizationFailed", message)
        return _page(request, _rows(registry, kind), world.estate.page_size)


def _rows(registry: Registry, kind: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(registry.settings.get(kind, "[]"))
    return [{"id": f"{registry.native_id}/{kind}/{row['name']}", **row} for row in rows]


def _page(request: Request, rows: list[dict[str, Any]], size: int) -> Response:
    start = int(request.query.get("$skipToken") or 0)
    body: dict[str, Any] = {"value": rows[start : start + size]}
    if start + size < len(rows):
        query = {"api-version": request.query["api-version"], "$skipToken": start + size}
        body["nextLink"] = f"https://{request.headers['Host']}{request.path}?{urlencode(query)}"
    return json_response(body)


def _refused(status: int, code: str, message: str) -> Response:
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if status == 401 else {}
    return json_response({"error": {"code": code, "message": message}}, status, challenge)
