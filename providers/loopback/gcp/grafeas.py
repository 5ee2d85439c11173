"""ListOccurrences of Grafeas v1, as Container Analysis serves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import grpc
from grafeas import grafeas_v1

from providers.loopback.gcp.occurrences import discovery, vulnerability
from providers.loopback.gcp.wire import GcpError, Message, denied, invalid, page_of
from providers.loopback.gcp.world import Discovery, GcpWorld, Group, ProjectView

Item = TypeVar("Item", Discovery, Group)

_DEFAULT_PAGE = 20
_PARENT = re.compile(r"^projects/([^/]+)$")
_FILTER = re.compile(
    r'^kind="(?P<kind>DISCOVERY|VULNERABILITY)"'
    r'(?: AND (?:resourceUrl="(?P<equal>https://[^"]+)"'
    r'|has_prefix\((?:resourceUrl|resource_url), ?"(?P<prefix>https://[^"]+)"\)))?$'
)


@dataclass(frozen=True)
class _Filter:
    kind: str
    equal: str
    prefix: str

    def choose(self, items: Sequence[Item]) -> Sequence[Item]:
        if not self.equal and not self.prefix:
            return items
        if self.equal:
            return [one for one in items if one.at.url == self.equal]
        return [one for one in items if one.at.url.startswith(self.prefix)]


def list_occurrences(world: GcpWorld, request: Message) -> Message:
    """ListOccurrences of a project, of kind DISCOVERY or VULNERABILITY."""
    found = _PARENT.match(request.parent)
    if found is None:
        raise invalid(f"{request.parent!r} is not the name of a project")
    view = world.view(found.group(1))
    if view is None or view.has_fault("findings_denied"):
        raise denied("containeranalysis.occurrences.list", request.parent)
    wanted = _read_filter(request.filter)
    if wanted.kind == "DISCOVERY":
        return _page(view, request, wanted.choose(view.discoveries), discovery)
    return _page(view, request, wanted.choose(view.vulnerabilities), vulnerability)


def _page(
    view: ProjectView,
    request: Message,
    items: Sequence[Item],
    make: Callable[[ProjectView, Item], Message],
) -> Message:
    listing = ("ListOccurrences", request.parent, request.filter, view.estate.name)
    cap = min(view.estate.findings_page_size, 1000)
    page = page_of(items, request, listing, default=_DEFAULT_PAGE, cap=cap)
    if make is vulnerability and page.number > 1 and view.has_fault("findings"):
        raise GcpError(grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")
    return grafeas_v1.ListOccurrencesResponse.pb()(
        occurrences=[make(view, one) for one in page.items], next_page_token=page.next_token
    )


def _read_filter(text: str) -> _Filter:
    found = _FILTER.match(text)
    if found is None:
        raise invalid(f"Invalid filter: {text!r}")
    return _Filter(found["kind"], found["equal"] or "", found["prefix"] or "")
