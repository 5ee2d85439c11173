"""What most scripts do: the SDK's pager, its objects, a dict a statement."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import grpc
from grafeas import grafeas_v1
from grafeas.grafeas_v1.services.grafeas.transports import GrafeasGrpcTransport


def touched(settings: Mapping[str, Any], project: str) -> float:
    """Iterate over the objects and read three fields of each; return CPU seconds."""
    began, count = time.process_time(), 0
    for occurrence in _pager(settings, project):
        count += bool(occurrence.resource_uri and occurrence.note_name)
        count += not occurrence.vulnerability.short_description
    return time.process_time() - began


def read(settings: Mapping[str, Any], project: str) -> float:
    """Iterate over the objects and make a dict of each statement; return CPU seconds."""
    began, rows = time.process_time(), []
    for occurrence in _pager(settings, project):
        rows += [_row(occurrence, issue) for issue in occurrence.vulnerability.package_issue]
        if len(rows) > 32_768:
            rows.clear()
    return time.process_time() - began


def _pager(settings: Mapping[str, Any], project: str) -> Any:  # noqa: ANN401  the SDK's
    target = settings["endpoints"]["grafeas"].removeprefix("http://")
    options = [("grpc.max_receive_message_length", -1)]
    channel = grpc.insecure_channel(target, options=options)
    client = grafeas_v1.GrafeasClient(transport=GrafeasGrpcTransport(channel=channel))
    wanted = {"parent": f"projects/{project}", "filter": 'kind="VULNERABILITY"', "page_size": 1000}
    return client.list_occurrences(request=wanted)


def _row(occurrence: Any, issue: Any) -> dict[str, Any]:  # noqa: ANN401  the SDK's
    detail = occurrence.vulnerability
    return {
        "resource": occurrence.resource_uri,
        "vulnerability_id": detail.short_description,
        "title": detail.long_description,
        "package": issue.affected_package,
        "version": issue.affected_version.full_name,
        "type": issue.package_type,
        "fixed": issue.fixed_version.full_name,
        "fix_kind": issue.fixed_version.kind,
        "severity": issue.effective_severity.name,
        "cvss_score": detail.cvss_score,
        "cvss_version": detail.cvss_version.name,
        "attack_vector": detail.cvssv3.attack_vector.name,
        "location": ", ".join(place.file_path for place in issue.file_location),
        "url": detail.related_urls[0].url,
        "native_id": occurrence.name,
        "first_seen_at": occurrence.create_time,
    }
