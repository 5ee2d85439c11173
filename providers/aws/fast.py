"""The fast way through an answer: one JSON parser instead of botocore's walk over the model.

botocore reads a page of findings thirty times slower than a JSON parser does; most of that are
timestamps. Just before it parses, it emits ``before-parse.<service>.<Operation>`` with the raw
answer, which its own handlers use too. Taking the body there leaves retries, credentials, errors
and paging to botocore. The event is in no public documentation: where it does not come, botocore
parses as ever, and the answers are the same, only slower.

Only operations whose model gives every member its wire name and holds no blob are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

import orjson

_OK_BELOW = 300
_IMAGE_TIMES = ("imagePushedAt", "lastRecordedPullTime", "lastArchivedAt", "lastActivatedAt")
_SUMMARY_TIMES = ("imageScanCompletedAt", "vulnerabilitySourceUpdatedAt")
_FINDING_TIMES = ("firstObservedAt", "lastObservedAt", "updatedAt")
_VENDOR_TIMES = ("vendorCreatedAt", "vendorUpdatedAt")
_USE_TIMES = ("pushedAt", "lastInUseAt", "imagePulledAt")

Answer = dict[str, Any]


Clock = Callable[[Any], datetime | None]
"""Reads a time of the wire; None for nonsense."""


def _date(row: object, names: Iterable[str], utc: Clock) -> None:
    if isinstance(row, dict):
        for name in names:
            if name in row:
                row[name] = utc(row[name])


def _rows(answer: object, name: str) -> list[Any]:
    rows = _member(answer, name)
    return rows if isinstance(rows, list) else []


def _member(row: object, name: str) -> Any:  # noqa: ANN401  as the wire has it
    return row.get(name) if isinstance(row, dict) else None


def _date_images(answer: Answer, utc: Clock) -> None:
    for row in _rows(answer, "imageDetails"):
        _date(row, _IMAGE_TIMES, utc)
        _date(_member(row, "imageScanFindingsSummary"), _SUMMARY_TIMES, utc)


def _date_finding(finding: object, utc: Clock) -> None:
    _date(finding, _FINDING_TIMES, utc)
    _date(_member(finding, "packageVulnerabilityDetails"), _VENDOR_TIMES, utc)
    for resource in _rows(finding, "resources"):
        _date(_member(_member(resource, "details"), "awsEcrContainerImage"), _USE_TIMES, utc)


def _date_findings(answer: Answer, utc: Clock) -> None:
    for finding in _rows(answer, "findings"):
        _date_finding(finding, utc)


def _date_scan(answer: Answer, utc: Clock) -> None:
    body = answer.get("imageScanFindings")
    _date(body, _SUMMARY_TIMES, utc)
    for finding in _rows(body, "enhancedFindings"):
        _date_finding(finding, utc)


def _date_coverage(answer: Answer, utc: Clock) -> None:
    for row in _rows(answer, "coveredResources"):
        _date(row, ("lastScannedAt",), utc)
        metadata = _member(row, "resourceMetadata")
        _date(_member(metadata, "ecrImage"), _USE_TIMES, utc)


Dating = Callable[[Answer, Clock], None]

OPERATIONS: Mapping[str, Dating] = {
    "ecr.DescribeImages": _date_images,
    "ecr.DescribeImageScanFindings": _date_scan,
    "inspector2.ListFindings": _date_findings,
    "inspector2.ListCoverage": _date_coverage,
}
"""``service.Operation`` -> what turns its times into moments."""


class Events(Protocol):
    """What is used of botocore's event emitter."""

    def register(self, event_name: str, handler: Callable[..., None]) -> None:
        """Have ``handler`` called at an event."""


def install(events: Events, service: str, utc: Clock) -> None:
    """Have a client of ``service`` read its large answers the fast way, times by ``utc``."""
    for name, date in OPERATIONS.items():
        if name.startswith(f"{service}."):
            events.register(f"before-parse.{name}", _reader(date, utc))


def _reader(date: Dating, utc: Clock) -> Callable[..., None]:
    def read(
        response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
    ) -> None:
        """Parse a success; an error, or a body that is no JSON object, is left to botocore."""
        if response_dict["status_code"] >= _OK_BELOW:
            return
        try:
            answer = orjson.loads(response_dict["body"])
        except orjson.JSONDecodeError:
            return
        if isinstance(answer, dict):
            date(answer, utc)
            customized_response_dict.update(answer)
            response_dict["body"] = b"{}"

    return read
