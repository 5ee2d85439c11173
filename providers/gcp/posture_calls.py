"""Calls for settings: IAM policies, the project's Artifact Registry settings, policies at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, TypeVar

from google.cloud.artifactregistry_v1 import (
    GetProjectSettingsRequest,
    ProjectSettings,
)
from google.iam.v1 import iam_policy_pb2, options_pb2  # type: ignore[import-untyped]  # has none

from audit.errors import BrokenPageError
from audit.model.scope import ScopeTally
from providers.gcp.channels import RegistryClients
from providers.gcp.failures import Operation, translated
from providers.gcp.iam import Binding, bindings_of
from providers.gcp.operations import (
    PROJECT_POLICY,
    PROJECT_SETTINGS,
    REPOSITORY_POLICY,
    SEARCH_POLICIES,
)
from providers.gcp.parse_posture import redirection_of
from providers.gcp.projects import PROJECT_TYPE, REPOSITORY_TYPE
from providers.gcp.rest import RestClient
from providers.gcp.retry import Patience
from providers.gcp.settings import GcpSettings

Answer = TypeVar("Answer")

_TIMEOUT = 60.0  # seconds for one try of one call
_WITH_CONDITIONS = 3  # an older policy version leaves bindings under a condition out
_ASSET_PAGE = 500  # the most that a search gives
_RESOURCE = re.compile(
    r"^//artifactregistry\.googleapis\.com/projects/[^/]+/(locations/[^/]+/repositories/[^/]+)$"
)


@dataclass
class Policies:
    """What a search told of a project: its own policy and those of its repositories.

    Attributes:
        project: None where the project has none of its own.
        repositories: By ``locations/L/repositories/R``; one that is missing has none.
    """

    project: list[Binding] = field(default_factory=list)
    repositories: dict[str, list[Binding]] = field(default_factory=dict)


def search_policies(rest: RestClient, project: str, tally: ScopeTally) -> Policies:
    """Search Cloud Asset for the policies set in a project, five hundred a call.

    Raises:
        SourceError: They could not be read to their end.
    """
    found = Policies()
    parameters = {"assetTypes": (PROJECT_TYPE, REPOSITORY_TYPE), "pageSize": _ASSET_PAGE}
    path = f"/v1/projects/{project}:searchAllIamPolicies"
    for row in rest.rows(tally, SEARCH_POLICIES, path, parameters, "results"):
        bindings = bindings_of(row.get("policy") or {})
        kind, resource = row.get("assetType"), str(row.get("resource") or "")
        named = _RESOURCE.match(resource)
        if kind == PROJECT_TYPE:
            found.project += bindings
        elif kind == REPOSITORY_TYPE and named:
            found.repositories[named[1]] = bindings
        else:
            raise BrokenPageError(
                f"{resource!r} of type {kind!r} was not asked for", operation=SEARCH_POLICIES.name
            )
    return found


def project_policy(rest: RestClient, project: str, tally: ScopeTally) -> list[Binding]:
    """Return the bindings of a project's own policy.

    Raises:
        SourceError: It could not be read.
    """
    body = {"options": {"requestedPolicyVersion": _WITH_CONDITIONS}}
    path = f"/v3/projects/{project}:getIamPolicy"
    return bindings_of(rest.post(tally, PROJECT_POLICY, path, body))


class RegistrySettings:
    """Artifact Registry, asked for one message at a time.

    A context manager: leaving it closes the channel.

    Raises:
        AccessDeniedError: No credentials were found.
    """

    def __init__(self, settings: GcpSettings) -> None:
        self._patience = Patience(settings.max_attempts)
        with translated(Operation("google.auth.default", "")):
            self._clients = RegistryClients(settings.endpoints.artifact_registry)
            self._clients.at()  # now, so that missing credentials are told at once

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clients.__exit__()

    def repository_policy(self, name: str, tally: ScopeTally) -> list[Binding]:
        """Return the bindings of a repository's own policy; ``name`` is its resource name.

        Raises:
            SourceError: It could not be read.
        """
        options = options_pb2.GetPolicyOptions(requested_policy_version=_WITH_CONDITIONS)
        request = iam_policy_pb2.GetIamPolicyRequest(resource=name, options=options)
        client = self._clients.of(name)
        policy = self._call(
            lambda: client.get_iam_policy(request, retry=None, timeout=_TIMEOUT),
            REPOSITORY_POLICY,
            tally,
        )
        return [
            Binding(row.role, tuple(row.members), row.HasField("condition"))
            for row in policy.bindings
        ]

    def redirection(self, project: str, tally: ScopeTally) -> str:
        """Return the word for what becomes of requests to gcr.io hosts of a project.

        Raises:
            SourceError: It could not be read.
        """
        request = GetProjectSettingsRequest(name=f"projects/{project}/projectSettings")
        answer = self._call(
            lambda: self._clients.at().get_project_settings(request, retry=None, timeout=_TIMEOUT),
            PROJECT_SETTINGS,
            tally,
        )
        return redirection_of(ProjectSettings.pb(answer))

    def _call(self, call: Callable[[], Answer], operation: Operation, tally: ScopeTally) -> Answer:
        """Make one call; the client itself never tries again."""
        tally.api_calls += 1
        with translated(operation):
            return self._patience.ask(call)
