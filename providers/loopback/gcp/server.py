"""The loopback Google Cloud: a gRPC server for registries and findings, an HTTP one for the rest.

Over gRPC: Artifact Registry, Locations and Grafeas. As JSON over HTTP: Cloud Asset, Resource
Manager and Service Usage.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc
from google.cloud import artifactregistry_v1
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]  # has none
from google.iam.v1 import iam_policy_pb2  # type: ignore[import-untyped]  # has none
from grafeas import grafeas_v1

from providers.loopback.estate import Estate
from providers.loopback.gcp import (
    artifact_registry,
    cloud_asset,
    grafeas,
    registry_settings,
    resource_manager,
    rest,
    service_usage,
)
from providers.loopback.gcp.pulling import GcpPulling
from providers.loopback.gcp.summary_messages import SummaryRequest
from providers.loopback.gcp.wire import GcpError, Message, denied
from providers.loopback.gcp.world import GcpWorld
from providers.loopback.http import HttpCloud, Request, Response
from providers.loopback.oci.content import Store

Method = Callable[[GcpWorld, Any], Any]
# Service: method: (implementation, request class). The classes are generated, hence untyped.
_SERVICES: dict[str, dict[str, tuple[Method, Any]]] = {
    "google.devtools.artifactregistry.v1.ArtifactRegistry": {
        "ListRepositories": (
            artifact_registry.list_repositories,
            artifactregistry_v1.ListRepositoriesRequest.pb(),
        ),
        "ListDockerImages": (
            artifact_registry.list_docker_images,
            artifactregistry_v1.ListDockerImagesRequest.pb(),
        ),
        "GetIamPolicy": (registry_settings.get_iam_policy, iam_policy_pb2.GetIamPolicyRequest),
        "GetProjectSettings": (
            registry_settings.get_project_settings,
            artifactregistry_v1.GetProjectSettingsRequest.pb(),
        ),
    },
    "google.cloud.location.Locations": {
        "ListLocations": (artifact_registry.list_locations, locations_pb2.ListLocationsRequest),
    },
    "grafeas.v1.Grafeas": {
        "ListOccurrences": (
            grafeas.list_occurrences,
            grafeas_v1.ListOccurrencesRequest.pb(),
        ),
    },
    "google.devtools.containeranalysis.v1.ContainerAnalysis": {
        "GetVulnerabilityOccurrencesSummary": (grafeas.summarise, SummaryRequest),
    },
}
_ROUTES = (*cloud_asset.ROUTES, *resource_manager.ROUTES, *service_usage.ROUTES)
_PERMISSIONS = {
    "ListLocations": "artifactregistry.locations.list",
    "ListRepositories": "artifactregistry.repositories.list",
    "ListDockerImages": "artifactregistry.dockerimages.list",
    "ListOccurrences": "containeranalysis.occurrences.list",
}
"""Of the listings; the other methods look at what they are asked about first."""


@dataclass
class Trouble:
    """Calls of a method that are answered with a status: some, after others went well."""

    code: grpc.StatusCode
    after: int
    times: int

    def next(self) -> bool:
        """Whether the next call is one of them."""
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


class GcpLoopback(HttpCloud):
    """The projects of an estate, on plain gRPC and plain HTTP on 127.0.0.1.

    Args:
        estate: What to serve first.
        refused: IAM permissions that the caller lacks, each everywhere or on one resource
            (``resourcemanager.projects.list@folders/7``). May be changed while it runs.
        switched_off: JSON services that are off in the project that is charged.
        store: Blobs of the images that can be pulled.
        clock: Seconds since the epoch, by which tokens to pull with end.

    Attributes:
        calls: Requests by method name, answered or refused.
        pulling: What opens and answers pulls.
        charged: Values of ``x-goog-user-project`` that came with the JSON services' requests.
    """

    def __init__(
        self,
        estate: Estate,
        refused: Collection[str] = (),
        switched_off: Collection[str] = (),
        store: Store | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.charged: set[str | None] = set()
        self.refused, self.switched_off = set(refused), set(switched_off)
        self._lock = threading.Lock()
        self._troubles: dict[str, Trouble] = {}
        self._world = GcpWorld(estate, self.refused)
        self.pulling = GcpPulling(lambda: self._world, store or Store(), clock)
        self._running: tuple[grpc.Server, ThreadPoolExecutor, int] | None = None

    def __enter__(self) -> Self:
        workers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="loopback-grpc")
        server = grpc.server(workers, options=(("grpc.so_reuseport", 0),))
        for service, methods in _SERVICES.items():
            handlers = {name: self._handler(name, *method) for name, method in methods.items()}
            generic = grpc.method_handlers_generic_handler(service, handlers)
            server.add_generic_rpc_handlers((generic,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._running = (server, workers, port)
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._running is not None:
            server, workers, _ = self._running
            self._running = None
            server.stop(grace=None).wait()
            server.wait_for_termination()
            workers.shutdown()

    @property
    def target(self) -> str:
        """``127.0.0.1:<port>``, as a gRPC channel takes it.

        Raises:
            RuntimeError: The server is not running.
        """
        if self._running is None:
            raise RuntimeError("the loopback server is not running")
        return f"127.0.0.1:{self._running[2]}"

    @property
    def docker_url(self) -> str:
        """Where images are pulled from, instead of ``https://LOCATION-docker.pkg.dev``.

        Raises:
            RuntimeError: The server is not running.
        """
        return self.url

    def show(self, estate: Estate) -> None:
        """Serve another estate from the next call on; page tokens given out before expire."""
        self._world = GcpWorld(estate, self.refused, self._world)

    def disturb(
        self, method: str, code: grpc.StatusCode, *, after: int = 0, times: int = 1
    ) -> None:
        """Answer ``times`` calls of a method with a status, once ``after`` others went well."""
        self._troubles[method] = Trouble(code, after, times)

    def settings(self) -> dict[str, Any]:
        """Return the settings of the provider ``gcp`` that reach this server."""
        url, json_url = f"http://{self.target}", self.url
        return {
            "projects": list(self._world.projects),
            "locations": [],
            "endpoints": {
                "artifact_registry": url,
                "grafeas": url,
                "cloud_asset": json_url,
                "resource_manager": json_url,
                "service_usage": json_url,
                "docker": json_url,
            },
            "allow_insecure_loopback": True,
        }

    def _handle(self, request: Request) -> Response:
        name, response = self.pulling.answer(request) or rest.answer(
            _ROUTES, self._world, request, self.switched_off
        )
        with self._lock:
            self.calls[name] += 1
            self.charged.add(request.headers.get("x-goog-user-project"))
        return response

    def _handler(
        self, name: str, method: Method, request: Message
    ) -> grpc.RpcMethodHandler[Any, Any]:
        def answer(message: Message, context: grpc.ServicerContext) -> Message:
            with self._lock:
                self.calls[name] += 1
                trouble = self._troubles.get(name)
                disturbed = trouble is not None and trouble.next()
            if trouble is not None and disturbed:
                context.abort(trouble.code, "The service is disturbed.")
            permission = _PERMISSIONS.get(name, "")
            try:
                if self._world.refuses(permission):
                    raise denied(permission, "the project")
                return method(self._world, message)
            except GcpError as error:
                context.set_trailing_metadata(error.trailers())
                context.abort(error.code, error.message)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request.FromString,
            response_serializer=_serialize,
        )


def _serialize(message: Message) -> bytes:
    data: bytes = message.SerializeToString()
    return data
