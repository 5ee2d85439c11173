"""Messages of ContainerAnalysis v1 that no package installed here brings.

From google/devtools/containeranalysis/v1/containeranalysis.proto:
``GetVulnerabilityOccurrencesSummaryRequest`` and ``VulnerabilityOccurrencesSummary``.
"""

from __future__ import annotations

from google.protobuf import (  # type: ignore[import-untyped]  # ships no types
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)

from providers.loopback.gcp.wire import Message

_PACKAGE = "loopback.containeranalysis.v1"
_Field = descriptor_pb2.FieldDescriptorProto


def _field(name: str, number: int, kind: int, of: str = "") -> Message:
    label = _Field.LABEL_REPEATED if of else _Field.LABEL_OPTIONAL
    field = _Field(name=name, number=number, type=kind, label=label)
    if of:
        field.type_name = f".{_PACKAGE}.{of}"
    return field


def _classes() -> tuple[Message, Message]:
    file = descriptor_pb2.FileDescriptorProto(
        name="loopback/summary.proto", package=_PACKAGE, syntax="proto3"
    )
    request = file.message_type.add(name="GetVulnerabilityOccurrencesSummaryRequest")
    request.field.append(_field("parent", 1, _Field.TYPE_STRING))
    request.field.append(_field("filter", 2, _Field.TYPE_STRING))
    row = file.message_type.add(name="FixableTotalByDigest")
    row.field.append(_field("resource_uri", 1, _Field.TYPE_STRING))
    row.field.append(_field("severity", 2, _Field.TYPE_INT32))
    row.field.append(_field("fixable_count", 3, _Field.TYPE_INT64))
    row.field.append(_field("total_count", 4, _Field.TYPE_INT64))
    summary = file.message_type.add(name="VulnerabilityOccurrencesSummary")
    summary.field.append(_field("counts", 1, _Field.TYPE_MESSAGE, row.name))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    made = [pool.FindMessageTypeByName(f"{_PACKAGE}.{one.name}") for one in (request, summary)]
    return message_factory.GetMessageClass(made[0]), message_factory.GetMessageClass(made[1])


SummaryRequest, Summary = _classes()
