"""ListOccurrences of Grafeas v1, as Container Analysis serves it, and its summary of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import grpc
from grafeas import grafeas_v1

from providers.loopback.gcp import summary_messages
from providers.loopback.gcp.occurrences import discovery, vulnerability
from providers.loopback.gcp.wire import GcpError, Message, denied, enum_number, invalid, page_of
from providers.loopback.gcp.world import Discovery, GcpWorld, Group, ProjectView

Item = TypeVar("Item", Discovery, Group)

_DEFAULT_PAGE = 20
_PARENT = re.compile(r"^projects/([^/]+)$")
_URL = r'resourceUrl="(https://[^"]+)"'
_FILTER = re.compile(
    r'^kind="(?P<kind>DISCOVERY|VULNERABILITY)"'
    rf"(?: AND (?:(?P<any>{_URL}|\({_URL}(?: OR {_URL})*\))"
    r'|has_prefix\((?:resourceUrl|resource_url), ?"(?P<prefix>https://[^"]+)"\)))?$'
)
_LONGEST_FILTER = 8_192
"""Of ours: Google names no limit, and a longer filter would not be one to rely on."""


@dataclass(frozen=True)
class _Filter:
    kind: str
    urls: frozenset[str]
    prefix: str

    def choose(self, items: Sequence[Item]) -> Sequence[Item]:
        if self.urls:
            return [one for one in items if one.at.url in self.urls]
        return [one for one in items if one.at.url.startswith(self.prefix)]


def list_occurrences(world: GcpWorld, request: Message) -> Message:
    """ListOccurrences of a project, of kind DISCOVERY or VULNERABILITY."""
    view = _view(world, request.parent)
    if view.unreachable and not request.return_partial_success:
        raise GcpError(grpc.StatusCode.UNAVAILABLE, f"no answer from {view.unreachable[0]}")
    wanted = _read_filter(request.filter)
    if wanted.kind == "DISCOVERY":
        return _page(view, request, wanted.choose(view.discoveries), discovery)
    return _page(view, request, wanted.choose(view.vulnerabilities), vulnerability)


def summarise(world: GcpWorld, request: Message) -> Message:
    """GetVulnerabilityOccurrencesSummary of a project: the occurrences of each image, counted.

    One row an image and severity, and one with SEVERITY_UNSPECIFIED for all of them.
    """
    view = _view(world, request.parent)
    if request.filter:
        raise invalid("filter is not served here")
    total, fixable = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for group in view.vulnerabilities:
        severity = enum_number(grafeas_v1.Severity, group.statements[0].native_severity)
        for key in {(group.at.url, severity), (group.at.url, 0)}:  # one, where none is specified
            total[key] += 1
            fixable[key] += any(one.fixed_version for one in group.statements)
    return summary_messages.Summary(
        counts=[
            {"resource_uri": url, "severity": severity, "total_count": count}
            | {"fixable_count": fixable[url, severity]}
            for (url, severity), count in total.items()
        ]
    )


def _view(world: GcpWorld, parent: str) -> ProjectView:
    found = _PARENT.match(parent)
    if found is None:
        raise invalid(f"{parent!r} is not the name of a project")
    view = world.view(found.group(1))
    if view is None or view.has_fault("findings_denied"):
        raise denied("containeranalysis.occurrences.list", parent)
    return view


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
        occurrences=[make(view, one) for one in page.items],
        next_page_token=page.next_token,
        unreachable=[f"{request.parent}/locations/{one}" for one in view.unreachable],
    )


def _read_filter(text: str) -> _Filter:
    found = _FILTER.match(text)
    if found is None or len(text) > _LONGEST_FILTER:
        raise invalid(f"Invalid filter: {text[:500]!r}")
    urls = frozenset(re.findall(_URL, found["any"] or ""))
    return _Filter(found["kind"], urls, found["prefix"] or "")
