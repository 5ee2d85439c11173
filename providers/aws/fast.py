"""The fast way through an answer: one JSON decoder instead of botocore's walk over the model.

botocore reads a page of findings thirty times slower than a JSON decoder does; most of that are
timestamps. Just before it parses, it emits ``before-parse.<service>.<Operation>`` with the raw
answer, which its own handlers use too. Taking the body there leaves retries, credentials, errors
and paging to botocore. The event is in no public documentation: where it does not come, botocore
parses as ever, and the answers are the same, only slower.

The decoder's types are made from botocore's own model of the operation, so that it takes and drops
the same members. A body that does not fit them to the letter is left to botocore.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypedDict

import msgspec
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

_OK_BELOW = 300
_IMAGE_TIMES = ("imagePushedAt", "lastRecordedPullTime", "lastArchivedAt", "lastActivatedAt")
_SUMMARY_TIMES = ("imageScanCompletedAt", "vulnerabilitySourceUpdatedAt")
_FINDING_TIMES = ("firstObservedAt", "lastObservedAt", "updatedAt")
_VENDOR_TIMES = ("vendorCreatedAt", "vendorUpdatedAt")
_USE_TIMES = ("pushedAt", "lastInUseAt", "imagePulledAt")
_TYPES: Mapping[str, Any] = {
    "string": str,
    "timestamp": float | int | str,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": bool,
}

Answer = dict[str, Any]
Clock = Callable[[Any], datetime | None]
"""Reads a time of the wire; None for nonsense."""
Dating = Callable[[Answer, Clock], None]


def _date(row: Answer | None, names: Iterable[str], utc: Clock) -> None:
    if row:
        for name in names:
            if name in row:
                row[name] = utc(row[name])


def _date_images(answer: Answer, utc: Clock) -> None:
    for row in answer.get("imageDetails", ()):
        _date(row, _IMAGE_TIMES, utc)
        _date(row.get("imageScanFindingsSummary"), _SUMMARY_TIMES, utc)


def _date_finding(finding: Answer, utc: Clock) -> None:
    _date(finding, _FINDING_TIMES, utc)
    _date(finding.get("packageVulnerabilityDetails"), _VENDOR_TIMES, utc)
    for resource in finding.get("resources", ()):
        _date(resource.get("details", {}).get("awsEcrContainerImage"), _USE_TIMES, utc)


def _date_findings(answer: Answer, utc: Clock) -> None:
    for finding in answer.get("findings", ()):
        _date_finding(finding, utc)


def _date_scan(answer: Answer, utc: Clock) -> None:
    body = answer.get("imageScanFindings", {})
    _date(body, _SUMMARY_TIMES, utc)
    for finding in body.get("enhancedFindings", ()):
        _date_finding(finding, utc)


def _date_coverage(answer: Answer, utc: Clock) -> None:
    for row in answer.get("coveredResources", ()):
        _date(row, ("lastScannedAt",), utc)
        _date(row.get("resourceMetadata", {}).get("ecrImage"), _USE_TIMES, utc)


OPERATIONS: Mapping[str, Dating] = {
    "ecr.DescribeImages": _date_images,
    "ecr.DescribeImageScanFindings": _date_scan,
    "inspector2.ListFindings": _date_findings,
    "inspector2.ListCoverage": _date_coverage,
}
"""``service.Operation`` -> what turns its times into moments.

Only operations whose model gives every member its wire name and holds no blob.
"""


class Meta(Protocol):
    """What is used of a client's ``meta``."""

    @property
    def events(self) -> Any:  # noqa: ANN401  botocore's emitter
        """The client's events."""

    @property
    def service_model(self) -> ServiceModel:
        """The model of its service."""


def install(meta: Meta, utc: Clock) -> None:
    """Have a client read its large answers the fast way, times by ``utc``."""
    service = meta.service_model.service_name
    for name, date in OPERATIONS.items():
        owner, _, operation = name.partition(".")
        if owner == service:
            decoder = _decoder(meta.service_model, operation)
            meta.events.register(f"before-parse.{name}", _reader(decoder, date, utc))


def _reader(decoder: msgspec.json.Decoder[Any], date: Dating, utc: Clock) -> Callable[..., None]:
    def read(
        response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
    ) -> None:
        """Take a success that fits the model; everything else is left to botocore."""
        if response_dict["status_code"] >= _OK_BELOW:
            return
        try:
            answer: Answer = decoder.decode(response_dict["body"])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        date(answer, utc)
        customized_response_dict.update(answer)
        response_dict["body"] = b"{}"

    return read


def _decoder(model: ServiceModel, operation: str) -> msgspec.json.Decoder[Any]:
    """Return an operation's decoder, made once: every client comes with a model of its own."""
    name = f"{model.service_name}.{operation}"
    if name not in _DECODERS:
        shape = model.operation_model(operation).output_shape
        _DECODERS[name] = msgspec.json.Decoder(_type_of(shape) if shape else dict)
    return _DECODERS[name]


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {}


def _type_of(shape: Shape) -> Any:  # noqa: ANN401  a type made at run time
    if isinstance(shape, StructureShape):
        fields = {name: _type_of(member) for name, member in shape.members.items()}
        return TypedDict(shape.name, fields, total=False)  # type: ignore[operator]  # at run time
    if isinstance(shape, ListShape):
        return list[_type_of(shape.member)]  # type: ignore[misc]  # at run time
    if isinstance(shape, MapShape):
        return dict[str, _type_of(shape.value)]  # type: ignore[misc]  # at run time
    return _TYPES[shape.type_name]
