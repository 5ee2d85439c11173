"""Routes of Google Cloud's JSON services, and their error answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import grpc

from providers.loopback.gcp.wire import GcpError, denied, page_of
from providers.loopback.gcp.world import GcpWorld
from providers.loopback.http import Request, Response, json_response

Answer: TypeAlias = dict[str, Any]
Item = TypeVar("Item")

_HTTP = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
}


@dataclass(frozen=True)
class Asked:
    """One request of a method: what its path names, and its parameters."""

    world: GcpWorld
    named: str
    request: Request

    @property
    def page_token(self) -> str:
        """The token given; empty for the first page."""
        return self.request.query.get("pageToken", "")

    @property
    def page_size(self) -> int:
        """The page size asked for; 0 when none is."""
        return int(self.request.query.get("pageSize", "0"))

    def each(self, name: str) -> list[str]:
        """Return every value of a parameter that may be repeated."""
        return [value for given, value in self.request.pairs if given == name]

    def need(self, permission: str, resource: str) -> None:
        """Refuse the call when the permission is refused."""
        if self.world.refuses(permission, resource):
            raise denied(permission, resource)

    def page(self, items: Sequence[Item], what: str, *, cap: int) -> tuple[Sequence[Item], Answer]:
        """Return a page of a listing, and the member that names the next one."""
        listing = (what, self.named, str(self.each("assetTypes")), self.world.estate.name)
        cut = page_of(items, self, listing, default=cap, cap=min(cap, self.world.estate.page_size))
        return cut.items, {"nextPageToken": cut.next_token} if cut.next_token else {}


Method: TypeAlias = Callable[[Asked], Answer]


@dataclass(frozen=True)
class Route:
    """Method of a service: a verb, a path whose one group is what it is about, and its code."""

    service: str
    name: str
    verb: str
    path: re.Pattern[str]
    method: Method


def answer(
    routes: Iterable[Route], world: GcpWorld, request: Request, switched_off: Iterable[str]
) -> tuple[str, Response]:
    """Return the name of the method that was called, and its answer."""
    for route in routes:
        found = route.path.fullmatch(request.path)
        if found and route.verb == request.method:
            named = found.group(1) if found.groups() else ""
            try:
                _check_on(route.service, switched_off)
                return route.name, json_response(route.method(Asked(world, named, request)))
            except GcpError as error:
                return route.name, refusal(error)
    return "", json_response({"error": {"code": 404, "message": "Not Found"}}, 404)


def refusal(error: GcpError) -> Response:
    """Return an error as Google's JSON services word it."""
    details = []
    if error.reason:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": error.reason}
        info |= {"domain": "googleapis.com"}
        details.append({**info, "metadata": {"service": error.service}})
    status = _HTTP[error.code]
    body = {
        "code": status,
        "message": error.message,
        "status": error.code.name,
        "details": details,
    }
    return json_response({"error": body}, status)


def _check_on(service: str, switched_off: Iterable[str]) -> None:
    if service in switched_off:
        raise GcpError(
            grpc.StatusCode.PERMISSION_DENIED,
            f"{service} has not been used in this project before or it is disabled.",
            reason="SERVICE_DISABLED",
            service=service,
        )
