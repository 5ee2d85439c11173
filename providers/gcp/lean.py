"""Messages for pages of occurrences that leave the bulk of each occurrence unread.

On the wire a submessage and a text of bytes are the same. These messages name the fields that
differ between occurrences and take the vulnerability as bytes: what Google states of a
vulnerability in a package is the same bytes in every image that has it, and is parsed once.
Numbers are those of grafeas/v1/grafeas.proto, and of
google/devtools/containeranalysis/v1/containeranalysis.proto for the summary, whose own package is
not needed for one message.
"""

from __future__ import annotations

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


def detail_of(occurrence: Message) -> Message:
    """Return the ``VulnerabilityOccurrence`` of an occurrence of a ``Page``.

    Raises:
        BrokenPageError: There is none (it is of another kind than was asked for), or it is cut.
    """
    if not occurrence.vulnerability:
        raise BrokenPageError(f"{occurrence.name} holds no vulnerability")
    try:
        return VulnerabilityOccurrence.pb().FromString(occurrence.vulnerability)
    except message.DecodeError as error:
        raise BrokenPageError(f"{occurrence.name} cannot be read: {error}") from error
