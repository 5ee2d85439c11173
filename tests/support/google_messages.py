"""What Google publishes of three services that speak JSON: their messages, and their methods.

Fields with their numbers, and the verbs and paths of methods, are those in the descriptors and the
transports of Google's own clients: google-cloud-asset 4.5.0, google-cloud-resource-manager 1.19.0
and google-cloud-service-usage 1.18.0. Left out are fields of messages that are not needed here.
IAM's own messages come with a package that is installed anyway.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from google.iam.v1 import (  # type: ignore[import-untyped]  # ships no types
    iam_policy_pb2,
    policy_pb2,
)
from google.protobuf import (  # type: ignore[import-untyped]  # ships no types
    descriptor_pb2,
    descriptor_pool,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
)

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {"text": _FIELD.TYPE_STRING, "number": _FIELD.TYPE_INT32, "flag": _FIELD.TYPE_BOOL}
_GOOGLES = {
    "Timestamp": timestamp_pb2.Timestamp,
    "Struct": struct_pb2.Struct,
    "FieldMask": field_mask_pb2.FieldMask,
    "Policy": policy_pb2.Policy,
}
_ENUMS = {
    "FolderState": ("STATE_UNSPECIFIED", "ACTIVE", "DELETE_REQUESTED"),
    "ProjectState": ("STATE_UNSPECIFIED", "ACTIVE", "DELETE_REQUESTED"),
    "ServiceState": ("STATE_UNSPECIFIED", "DISABLED", "ENABLED"),
}
_PAGED = "page_size={} number, page_token={} text"
_MESSAGES = {
    "SearchAllResourcesRequest": "scope=1 text, query=2 text, asset_types=3 text*, "
    + _PAGED.format(4, 5)
    + ", order_by=6 text, read_mask=8 FieldMask",
    "SearchAllResourcesResponse": "results=1 ResourceSearchResult*, next_page_token=2 text",
    "ResourceSearchResult": "name=1 text, asset_type=2 text, project=3 text, folders=17 text*, "
    "organization=18 text, display_name=4 text, description=5 text, location=6 text, "
    "network_tags=8 text*, kms_key=10 text, kms_keys=28 text*, create_time=11 Timestamp, "
    "update_time=12 Timestamp, state=13 text, additional_attributes=9 Struct, "
    "parent_full_resource_name=19 text, versioned_resources=16 VersionedResource*, "
    "tag_keys=23 text*, tag_values=25 text*, tag_value_ids=26 text*, parent_asset_type=103 text",
    "VersionedResource": "version=1 text, resource=2 Struct",
    "SearchAllIamPoliciesRequest": "scope=1 text, query=2 text, "
    + _PAGED.format(3, 4)
    + ", asset_types=5 text*, order_by=7 text",
    "SearchAllIamPoliciesResponse": "results=1 IamPolicySearchResult*, next_page_token=2 text",
    "IamPolicySearchResult": "resource=1 text, asset_type=5 text, project=2 text, "
    "folders=6 text*, organization=7 text, policy=3 Policy",
    "ListFoldersRequest": "parent=1 text, " + _PAGED.format(2, 3) + ", show_deleted=4 flag",
    "ListFoldersResponse": "folders=1 Folder*, next_page_token=2 text",
    "Folder": "name=1 text, parent=2 text, display_name=3 text, state=4 FolderState, "
    "create_time=5 Timestamp, update_time=6 Timestamp, delete_time=7 Timestamp, etag=8 text",
    "ListProjectsRequest": "parent=1 text, " + _PAGED.format(3, 2) + ", show_deleted=4 flag",
    "ListProjectsResponse": "projects=1 Project*, next_page_token=2 text",
    "SearchProjectsRequest": "query=1 text, " + _PAGED.format(3, 2),
    "SearchProjectsResponse": "projects=1 Project*, next_page_token=2 text",
    "GetProjectRequest": "name=1 text",
    "Project": "name=1 text, parent=2 text, project_id=3 text, state=4 ProjectState, "
    "display_name=5 text, create_time=6 Timestamp, update_time=7 Timestamp, "
    "delete_time=8 Timestamp, etag=9 text",
    "BatchGetServicesRequest": "parent=1 text, names=2 text*",
    "BatchGetServicesResponse": "services=1 Service*",
    "Service": "name=1 text, parent=5 text, state=4 ServiceState",
}
_PACKAGE = "published"


class Published(NamedTuple):
    """A method: its verb, its path with the fields of the request that it holds, its messages."""

    verb: str
    path: re.Pattern[str]
    request: Any
    answer: Any


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="published.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=sorted({one.DESCRIPTOR.file.name for one in _GOOGLES.values()}),
    )
    for name, words in _ENUMS.items():
        # Words of one enum would clash with those of another: a type of its own holds each.
        added = file.message_type.add(name=f"{name}Scope").enum_type.add(name="State")
        for number, word in enumerate(words):
            added.value.add(name=word, number=number)
    for name, told in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in re.findall(r"(\w+)=(\d+) (\w+\*?)", told):
            _add(message, field, int(number), kind)
    return file


def _add(message: descriptor_pb2.DescriptorProto, name: str, number: int, told: str) -> None:
    kind = told.removesuffix("*")
    field = message.field.add(name=name, number=number)
    field.label = _FIELD.LABEL_REPEATED if told.endswith("*") else _FIELD.LABEL_OPTIONAL
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    elif kind in _ENUMS:
        field.type, field.type_name = _FIELD.TYPE_ENUM, f".{_PACKAGE}.{kind}Scope.State"
    else:
        googles = _GOOGLES[kind].DESCRIPTOR.full_name if kind in _GOOGLES else f"{_PACKAGE}.{kind}"
        field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{googles}"


_pool = descriptor_pool.Default()
_pool.Add(_file())


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def _published(verb: str, path: str, request: str, answer: str) -> Published:
    return Published(verb, re.compile(path), _message(request), _message(answer))


METHODS = {
    **{
        name: _published(
            "GET", f"/v1/(?P<scope>[^/]+/[^/]+):{at}", f"{name}Request", f"{name}Response"
        )
        for name, at in (
            ("SearchAllResources", "searchAllResources"),
            ("SearchAllIamPolicies", "searchAllIamPolicies"),
        )
    },
    "ListFolders": _published("GET", "/v3/folders", "ListFoldersRequest", "ListFoldersResponse"),
    "ListProjects": _published(
        "GET", "/v3/projects", "ListProjectsRequest", "ListProjectsResponse"
    ),
    "SearchProjects": _published(
        "GET", "/v3/projects:search", "SearchProjectsRequest", "SearchProjectsResponse"
    ),
    "GetProject": _published("GET", "/v3/(?P<name>projects/[^/]+)", "GetProjectRequest", "Project"),
    "GetIamPolicy": Published(
        "POST",
        re.compile("/v3/(?P<resource>projects/[^/]+):getIamPolicy"),
        iam_policy_pb2.GetIamPolicyRequest,
        policy_pb2.Policy,
    ),
    "BatchGetServices": _published(
        "GET",
        "/v1/(?P<parent>[^/]+/[^/]+)/services:batchGet",
        "BatchGetServicesRequest",
        "BatchGetServicesResponse",
    ),
}
