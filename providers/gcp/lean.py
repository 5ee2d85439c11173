"""Messages for pages of occurrences that leave the bulk of each occurrence unread.

On the wire a submessage and a text of bytes are the same. These messages name the fields that
differ between occurrences and take the rest as bytes, which are the same wherever the same is
stated and are parsed once: those of the whole vulnerability; where these are new, those of the
vulnerability without its packages, and of each package without its places in the image. A field
that a message does not name is kept as it came, so a message without the fields it names is the
bytes of the others.
Numbers are those of grafeas/v1/grafeas.proto, and of
google/devtools/containeranalysis/v1/containeranalysis.proto for the summary, whose own package is
not needed for one message.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf import (  # type: ignore[import-untyped]  # ships no types
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
)
from grafeas.grafeas_v1 import VulnerabilityOccurrence

from audit.errors import BrokenPageError
from providers.gcp.values import Message

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "text": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "number": _FIELD.TYPE_INT64,
    "enum": _FIELD.TYPE_INT32,  # an enum's number, be it in the enum or not
}
_PACKAGE = "registry_audit.lean"
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Timestamp": {"seconds": (1, "number"), "nanos": (2, "enum")},
    "Occurrence": {
        "name": (1, "text"),
        "resource_uri": (2, "text"),
        "note_name": (3, "text"),
        "create_time": (6, "Timestamp"),
        "vulnerability": (8, "bytes"),
    },
    "Page": {
        "occurrences": (1, "Occurrence*"),
        "next_page_token": (2, "text"),
        "unreachable": (3, "text*"),
    },
    "Vulnerability": {"package_issue": (4, "bytes*")},
    "LayerDetails": {"diff_id": (2, "text")},
    "FileLocation": {"file_path": (1, "text"), "layer_details": (2, "LayerDetails")},
    "PackageIssue": {"file_location": (10, "FileLocation*")},
    "SummaryRequest": {"parent": (1, "text"), "filter": (2, "text")},
    "Count": {
        "resource_uri": (1, "text"),
        "severity": (2, "enum"),
        "fixable_count": (3, "number"),
        "total_count": (4, "number"),
    },
    "Summary": {"counts": (1, "Count*")},
}


def _file() -> Message:
    file = descriptor_pb2.FileDescriptorProto(
        name="registry_audit/lean.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        added_type = file.message_type.add(name=name)
        for field, (number, told) in fields.items():
            kind = told.removesuffix("*")
            repeated = _FIELD.LABEL_REPEATED if told.endswith("*") else _FIELD.LABEL_OPTIONAL
            added = added_type.field.add(name=field, number=number, label=repeated)
            added.type = _TYPES.get(kind, _FIELD.TYPE_MESSAGE)
            if kind in _MESSAGES:
                added.type_name = f".{_PACKAGE}.{kind}"
    return file


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_file())


def _message(name: str) -> Message:
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


Page = _message("Page")
"""``ListOccurrencesResponse`` with each vulnerability as bytes; empty bytes where there is none."""
SummaryRequest = _message("SummaryRequest")
"""``GetVulnerabilityOccurrencesSummaryRequest``."""
Summary = _message("Summary")
"""``VulnerabilityOccurrencesSummary``."""


_Vulnerability, _PackageIssue = _message("Vulnerability"), _message("PackageIssue")


def packages_of(occurrence: Message) -> tuple[bytes, Sequence[bytes]]:
    """Return the vulnerability of an occurrence of a ``Page``, and its package issues.

    Raises:
        BrokenPageError: There is none (it is of another kind than was asked for), or it is cut.
    """
    if not occurrence.vulnerability:
        raise BrokenPageError(f"{occurrence.name} holds no vulnerability")
    whole = _read(_Vulnerability, occurrence.vulnerability)
    issues = list(whole.package_issue)
    whole.ClearField("package_issue")
    return whole.SerializeToString(), issues


def places_of(issue: bytes) -> tuple[bytes, Sequence[Message]]:
    """Return a package issue without its file locations, and these.

    Raises:
        BrokenPageError: It is cut.
    """
    whole = _read(_PackageIssue, issue)
    places = list(whole.file_location)
    whole.ClearField("file_location")
    return whole.SerializeToString(), places


def detail_of(vulnerability: bytes) -> Message:
    """Return a ``VulnerabilityOccurrence``.

    Raises:
        BrokenPageError: It is cut.
    """
    return _read(VulnerabilityOccurrence.pb(), vulnerability)


def package_of(issue: bytes) -> Message:
    """Return a ``PackageIssue``.

    Raises:
        BrokenPageError: It is cut.
    """
    return _read(VulnerabilityOccurrence.PackageIssue.pb(), issue)


def _read(kind: Message, data: bytes) -> Message:
    try:
        return kind.FromString(data)
    except message.DecodeError as error:
        raise BrokenPageError(f"a vulnerability cannot be read: {error}") from error
