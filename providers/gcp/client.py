"""Calls to Artifact Registry and Artifact Analysis over gRPC: pages of raw messages out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import ClassVar, Self
from urllib.parse import urlsplit

import grpc
from google.api_core import grpc_helpers
from google.api_core.gapic_v1 import routing_header
from google.cloud.artifactregistry_v1 import (
    ListDockerImagesRequest,
    ListDockerImagesResponse,
    ListRepositoriesRequest,
    ListRepositoriesResponse,
)
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]  # ships no types
from grafeas.grafeas_v1 import GrafeasClient, ListOccurrencesRequest, ListOccurrencesResponse
from grafeas.grafeas_v1.services.grafeas.transports import GrafeasGrpcTransport

from audit.errors import BrokenPageError
from providers.gcp import lean
from providers.gcp.channels import RegistryClients, plain_channel
from providers.gcp.failures import Operation, translated
from providers.gcp.retry import Patience
from providers.gcp.settings import GcpSettings
from providers.gcp.stated import Wire
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
GET_SUMMARY = Operation(
    "containeranalysis:GetVulnerabilityOccurrencesSummary", "containeranalysis.occurrences.list"
)
_OPEN = Operation("google.auth.default", "")

_PAGE_SIZE = 1000  # the most each of the three lists gives
_TIMEOUT = 60.0  # seconds for one try of one page
_GRAFEAS_HOST = "containeranalysis.googleapis.com"
_OCCURRENCES_METHOD = "/grafeas.v1.Grafeas/ListOccurrences"
_SUMMARY_METHOD = (
    "/google.devtools.containeranalysis.v1.ContainerAnalysis/GetVulnerabilityOccurrencesSummary"
)
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class GcpClients:
    """Both services, open for one task; every call retries and times out by our own rules.

    A context manager: leaving it closes the channels.

    Attributes:
        wire: Reads the parts of an occurrence of ``vulnerability_pages``.

    Args:
        settings: Where the services are, and how often a call is tried.
        patience: How calls are tried again; by default as the settings say.

    Raises:
        AccessDeniedError: No credentials were found.
    """

    wire: ClassVar[Wire] = lean

    def __init__(self, settings: GcpSettings, patience: Patience | None = None) -> None:
        self._patience = patience or Patience(settings.max_attempts)
        with ExitStack() as stack, translated(_OPEN):
            self._registries = stack.enter_context(
                RegistryClients(settings.endpoints.artifact_registry)
            )
            self._registries.at()  # now, so that missing credentials are told at once
            self._grafeas = stack.enter_context(_grafeas(settings.endpoints.grafeas))
            self._stack = stack.pop_all()
        channel: grpc.Channel = self._grafeas.transport.grpc_channel  # type: ignore[attr-defined]  # of the transport made here
        self._discoveries = _method(
            channel, _OCCURRENCES_METHOD, ListOccurrencesResponse.pb().FromString
        )
        self._vulnerabilities = _method(channel, _OCCURRENCES_METHOD, lean.Page.FromString)
        self._summary = _method(channel, _SUMMARY_METHOD, lean.Summary.FromString)

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
            return self._registries.at().list_locations(request, retry=None, timeout=_TIMEOUT)

        yield from self._follow(ask, LIST_LOCATIONS)

    def repository_pages(self, project: str, location: str) -> Iterator[Message]:
        """Yield ``ListRepositoriesResponse`` pages (``repositories``) of a location.

        Raises:
            SourceError: A page could not be read.
        """

        def ask(token: str) -> Message:
            request = ListRepositoriesRequest(
                parent=f"projects/{project}/locations/{location}",
                page_size=_PAGE_SIZE,
                page_token=token,
            )
            client = self._registries.at(location)
            pager = client.list_repositories(request, retry=None, timeout=_TIMEOUT)
            return ListRepositoriesResponse.pb(next(iter(pager.pages)))

        yield from self._follow(ask, LIST_REPOSITORIES)

    def image_pages(self, registry: str) -> Iterator[Message]:
        """Yield ``ListDockerImagesResponse`` pages (``docker_images``) of a repository resource.

        Raises:
            SourceError: A page could not be read.
        """

        def ask(token: str) -> Message:
            request = ListDockerImagesRequest(
                parent=registry, page_size=_PAGE_SIZE, page_token=token
            )
            client = self._registries.of(registry)
            pager = client.list_docker_images(request, retry=None, timeout=_TIMEOUT)
            return ListDockerImagesResponse.pb(next(iter(pager.pages)))

        yield from self._follow(ask, LIST_DOCKER_IMAGES)

    def discovery_pages(self, project: str) -> Iterator[Message]:
        """Yield ``ListOccurrencesResponse`` pages of a project's DISCOVERY occurrences.

        Regions that do not answer are named in ``unreachable`` (partial success is asked for).

        Raises:
            SourceError: A page could not be read.
        """
        yield from self._occurrence_pages(self._discoveries, project, 'kind="DISCOVERY"')

    def vulnerability_pages(self, project: str, about: Sequence[str] = ()) -> Iterator[Message]:
        """Yield pages of a project's VULNERABILITY occurrences, as ``lean.Page``.

        Regions that do not answer are named in ``unreachable`` (partial success is asked for).

        Args:
            project: Its id.
            about: URIs of the resources to ask about, as Google names them; none: all of them.

        Raises:
            SourceError: A page could not be read.
        """
        wanted = " OR ".join(f'resourceUrl="{uri}"' for uri in about)
        narrowed = f" AND ({wanted})" if len(about) > 1 else f" AND {wanted}" if about else ""
        kind = f'kind="VULNERABILITY"{narrowed}'
        yield from self._occurrence_pages(self._vulnerabilities, project, kind)

    def _occurrence_pages(
        self, method: Callable[..., Message], project: str, wanted: str
    ) -> Iterator[Message]:
        parent = f"projects/{project}"

        def ask(token: str) -> Message:
            request = ListOccurrencesRequest.pb()(
                parent=parent,
                filter=wanted,
                page_size=_PAGE_SIZE,
                page_token=token,
                return_partial_success=True,
            )
            return method(request, timeout=_TIMEOUT, metadata=_routed(parent))

        yield from self._follow(ask, LIST_OCCURRENCES)

    def vulnerability_counts(self, project: str) -> Message:
        """Return Google's own count of a project's vulnerabilities as ``lean.Summary``.

        GetVulnerabilityOccurrencesSummary has no pages: one call whatever the size.

        Raises:
            SourceError: It could not be read.
        """
        parent = f"projects/{project}"
        request = lean.SummaryRequest(parent=parent)
        with translated(GET_SUMMARY):
            return self._patience.ask(
                lambda: self._summary(request, timeout=_TIMEOUT, metadata=_routed(parent))
            )

    def _follow(self, ask: Callable[[str], Message], operation: Operation) -> Iterator[Message]:
        """Yield the pages of a list, each tried again by itself."""
        seen: set[str] = set()
        token = ""
        with translated(operation):
            while True:
                page = self._patience.ask(partial(ask, token))
                token = page.next_page_token
                if token and token in seen:
                    raise BrokenPageError(
                        "a page token came back a second time", operation=operation.name
                    )
                seen.add(token)
                yield page
                if not token:
                    return


def _method(
    channel: grpc.Channel, path: str, read: Callable[[bytes], Message]
) -> Callable[..., Message]:
    """Return a call of one method that raises Google's typed errors.

    The SDK's own would parse every answer into its classes.
    """
    call = channel.unary_unary(path, request_serializer=_bytes_of, response_deserializer=read)
    typed: Callable[..., Message] = grpc_helpers.wrap_errors(call)  # type: ignore[no-untyped-call]
    return typed


def _bytes_of(message: Message) -> bytes:
    data: bytes = message.SerializeToString()
    return data


def _routed(parent: str) -> tuple[tuple[str, str]]:
    """Return the header by which Google routes a call to the project's region."""
    header: tuple[str, str] = routing_header.to_grpc_metadata({"parent": parent})  # type: ignore[no-untyped-call]
    return (header,)


def _grafeas(endpoint: str | None) -> GrafeasClient:
    """Return a Grafeas client on a transport of ours: the SDK's own builder always uses TLS."""
    if endpoint is not None and endpoint.startswith("http://"):
        return GrafeasClient(transport=GrafeasGrpcTransport(channel=plain_channel(endpoint)))
    host = urlsplit(endpoint).netloc if endpoint else _GRAFEAS_HOST
    return GrafeasClient(transport=GrafeasGrpcTransport(host=host, scopes=_SCOPES))
