"""GetIamPolicy and GetProjectSettings of Artifact Registry v1, and settings of a repository.

Keys of a registry's settings: ``iam`` (JSON list of bindings), ``scanning_reason``,
``scanning_enabled_at`` (ISO 8601), ``enablement_config``; of a REMOTE repository ``upstream`` (an
address, or ``DOCKER_HUB``) and ``upstream_user``; of a VIRTUAL one ``shows`` (resource names with
commas, the first of them first). Keys of a place's settings, of the first place of each project:
``iam``, ``folders`` (numbers with commas, the outermost first), ``state``, ``scanning`` (ENABLED or
DISABLED), ``redirection``, ``unindexed`` (true: Cloud Asset does not know the project yet).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import grpc
from google.cloud import artifactregistry_v1
from google.iam.v1 import policy_pb2  # type: ignore[import-untyped]  # has none

from providers.loopback.gcp.wire import GcpError, Message, denied, enum_number, invalid
from providers.loopback.gcp.world import GcpWorld, bindings_of, repository_id

_RESOURCE = re.compile(r"^projects/([^/]+)/locations/([^/]+)/repositories/([^/]+)$")
_PROJECT = re.compile(r"^projects/([^/]+)/projectSettings$")
_SETTINGS = artifactregistry_v1.ProjectSettings


def get_iam_policy(world: GcpWorld, request: Message) -> Message:
    """GetIamPolicy of a repository; bindings under a condition only for policy version 3."""
    permission = "artifactregistry.repositories.getIamPolicy"
    found = _RESOURCE.match(request.resource)
    if found is None:
        raise invalid(f"{request.resource!r} is not the name of a repository")
    project, location, name = found.groups()
    view = world.view(project)
    if view is None or world.refuses(permission, request.resource):
        raise denied(permission, request.resource)
    place = view.place(location)
    for registry in place.registries if place else ():
        if repository_id(registry) == name:
            version = request.options.requested_policy_version
            rows = bindings_of(registry.settings)
            shown = [one for one in rows if version >= 3 or "condition" not in one]
            return policy_pb2.Policy(version=version, bindings=shown)
    raise GcpError(grpc.StatusCode.NOT_FOUND, f"Requested entity was not found: {name}")


def get_project_settings(world: GcpWorld, request: Message) -> Message:
    """GetProjectSettings: what becomes of requests to the hosts of Container Registry."""
    permission = "artifactregistry.projectsettings.get"
    found = _PROJECT.match(request.name)
    if found is None:
        raise invalid(f"{request.name!r} is not the name of a project's settings")
    view = world.view(found.group(1))
    if view is None or world.refuses(permission, f"projects/{found.group(1)}"):
        raise denied(permission, f"projects/{found.group(1)}")
    word = view.setting("redirection", "REDIRECTION_FROM_GCR_IO_DISABLED")
    return _SETTINGS.pb()(
        name=request.name,
        legacy_redirection_state=enum_number(_SETTINGS.RedirectionState, word),
    )


def moment(text: str) -> datetime | None:
    """Return the moment of a setting; None where it is not set."""
    return datetime.fromisoformat(text) if text else None


def upstreams(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a ``Repository`` on where its images come from."""
    fields: dict[str, Any] = {}
    if upstream := settings.get("upstream"):
        hub = upstream == "DOCKER_HUB"
        source = {"public_repository": 1} if hub else {"custom_repository": {"uri": upstream}}
        fields["remote_repository_config"] = {"docker_repository": source}
        if user := settings.get("upstream_user"):
            fields["remote_repository_config"]["upstream_credentials"] = {
                "username_password_credentials": {"username": user}
            }
    if shown := settings.get("shows"):
        policies = [
            {"id": f"u{index}", "repository": one, "priority": index}
            for index, one in enumerate(shown.split(","))
        ]
        fields["virtual_repository_config"] = {"upstream_policies": policies}
    return fields
