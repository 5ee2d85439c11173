"""Calls to Artifact Registry and Grafeas over gRPC: pages of raw protobuf messages out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import urlsplit

import grpc
from google.cloud.artifactregistry_v1 import (
    ArtifactRegistryClient,
    ListDockerImagesRequest,
    ListDockerImagesResponse,
    ListRepositoriesRequest,
    ListRepositoriesResponse,
)
from google.cloud.artifactregistry_v1.services.artifact_registry.transports import (
    ArtifactRegistryGrpcTransport,
)
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]  # ships no types
from grafeas.grafeas_v1 import GrafeasClient, ListOccurrencesRequest, ListOccurrencesResponse
from grafeas.grafeas_v1.services.grafeas.transports import GrafeasGrpcTransport

from audit.errors import BrokenPageError
from providers.gcp.failures import Operation, translated
from providers.gcp.retry import BoundedRetry
from providers.gcp.settings import GcpSettings
from providers.gcp.values import Message

LIST_LOCATIONS = Operation("artifactregistry:ListLocations", "artifactregistry.locations.list")
LIST_REPOSITORIES = Operation(
    "artifactregistry:ListRepositories", "artifactregistry.repositories.list"
)
LIST_DOCKER_IMAGES = Operation(
    "artifactregistry:ListDockerImages", "artifactregistry.dockerimages.list"
)
LIST_OCCURRENCES = Operation(
    "containeranalysis:ListOccurrences", "containeranalysis.occurrences.list"
)
_OPEN = Operation("google.auth.default", "")

_PAGE_SIZE = 1000  # the most each of the three lists gives
_TIMEOUT = 60.0  # seconds for one page, its retries included
_GRAFEAS_HOST = "containeranalysis.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_CHANNEL_OPTIONS = (("grpc.max_receive_message_length", -1),)  # a full page passes 4 MiB


class GcpClients:
    """Both services, open for one task; every list retries and times out by our own rules.

    A context manager: leaving it closes the channels.

    Raises:
        AccessDeniedError: No credentials were found.
    """

    def __init__(self, settings: GcpSettings) -> None:
        self._how: dict[str, Any] = {
            "retry": BoundedRetry(settings.max_attempts),
            "timeout": _TIMEOUT,
        }
        with ExitStack() as stack, translated(_OPEN):
            self._registry = stack.enter_context(
                _artifact_registry(settings.endpoints.artifact_registry)
            )
            self._grafeas = stack.enter_context(_grafeas(settings.endpoints.grafeas))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def location_pages(self, project: str) -> Iterator[Message]:
        """Yield ``ListLocationsResponse`` pages (``locations``) of a project.

        Raises:
            SourceError: A page could not be read.
        """

        def ask(token: str) -> Message:
            request = locations_pb2.ListLocationsRequest(
                name=f"projects/{project}", page_size=_PAGE_SIZE, page_token=token
            )
            return self._registry.list_locations(request, **self._how)

        yield from _follow(ask, LIST_LOCATIONS)

    def repository_pages(self, project: str, location: str) -> Iterator[Message]:
        """Yield ``ListRepositoriesResponse`` pages (``repositories``) of a location.

        Raises:
            SourceError: A page could not be read.
        """
        request = ListRepositoriesRequest(
            parent=f"projects/{project}/locations/{location}", page_size=_PAGE_SIZE
        )
        yield from _paged(
            lambda: self._registry.list_repositories(request, **self._how),
            ListRepositoriesResponse,
            LIST_REPOSITORIES,
        )

    def image_pages(self, registry: str) -> Iterator[Message]:
        """Yield ``ListDockerImagesResponse`` pages (``docker_images``) of a repository resource.

        Raises:
            SourceError: A page could not be read.
        """
        request = ListDockerImagesRequest(parent=registry, page_size=_PAGE_SIZE)
        yield from _paged(
            lambda: self._registry.list_docker_images(request, **self._how),
            ListDockerImagesResponse,
            LIST_DOCKER_IMAGES,
        )

    def occurrence_pages(self, project: str, kind: str) -> Iterator[Message]:
        """Yield ``ListOccurrencesResponse`` pages (``occurrences``, ``unreachable``) of a project.

        Regions that do not answer are named in ``unreachable`` (partial success is asked for).

        Raises:
            SourceError: A page could not be read.
        """
        request = ListOccurrencesRequest(
            parent=f"projects/{project}",
            filter=f'kind="{kind}"',
            page_size=_PAGE_SIZE,
            return_partial_success=True,
        )
        yield from _paged(
            lambda: self._grafeas.list_occurrences(request, **self._how),
            ListOccurrencesResponse,
            LIST_OCCURRENCES,
        )


def _paged(
    call: Callable[[], Any],
    response: Any,  # noqa: ANN401  a proto-plus class; only its pb() is used
    operation: Operation,
) -> Iterator[Message]:
    """Yield the raw messages of an SDK pager's pages."""
    seen: set[str] = set()
    with translated(operation):
        for page in call().pages:
            raw = response.pb(page)
            _refuse_circle(raw.next_page_token, seen, operation)
            yield raw


def _follow(ask: Callable[[str], Message], operation: Operation) -> Iterator[Message]:
    """Yield the pages of a list for which the SDK has no pager."""
    seen: set[str] = set()
    token = ""
    with translated(operation):
        while True:
            page = ask(token)
            token = page.next_page_token
            _refuse_circle(token, seen, operation)
            yield page
            if not token:
                return


def _refuse_circle(token: str, seen: set[str], operation: Operation) -> None:
    if token and token in seen:
        raise BrokenPageError("a page token came back a second time", operation=operation.name)
    seen.add(token)


def _artifact_registry(endpoint: str | None) -> ArtifactRegistryClient:
    if _is_plain(endpoint):
        transport = ArtifactRegistryGrpcTransport(channel=_plain_channel(endpoint))
        return ArtifactRegistryClient(transport=transport)
    if endpoint is None:
        return ArtifactRegistryClient()
    return ArtifactRegistryClient(client_options={"api_endpoint": urlsplit(endpoint).netloc})


def _grafeas(endpoint: str | None) -> GrafeasClient:
    """Return a Grafeas client on a transport of ours: the SDK's own builder always uses TLS."""
    if _is_plain(endpoint):
        return GrafeasClient(transport=GrafeasGrpcTransport(channel=_plain_channel(endpoint)))
    host = urlsplit(endpoint).netloc if endpoint else _GRAFEAS_HOST
    return GrafeasClient(transport=GrafeasGrpcTransport(host=host, scopes=_SCOPES))


def _is_plain(endpoint: str | None) -> bool:
    """Whether the endpoint is a loopback server without TLS; the settings let no other through."""
    return endpoint is not None and endpoint.startswith("http://")


def _plain_channel(endpoint: str | None) -> grpc.Channel:
    return grpc.insecure_channel(urlsplit(endpoint or "").netloc, options=_CHANNEL_OPTIONS)
