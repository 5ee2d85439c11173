"""A gRPC server for one test: each method is answered by a function of the test's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud import artifactregistry_v1 as ar
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]  # no types
from google.protobuf import any_pb2  # type: ignore[import-untyped]  # no types
from google.rpc import (  # type: ignore[import-untyped]  # no types
    code_pb2,
    error_details_pb2,
    status_pb2,
)
from grafeas import grafeas_v1 as gr
from grpc_status import rpc_status

from providers.gcp import lean

_METHODS = {
    "google.devtools.artifactregistry.v1.ArtifactRegistry": {
        "ListRepositories": ar.ListRepositoriesRequest.pb(),
        "ListDockerImages": ar.ListDockerImagesRequest.pb(),
    },
    "google.cloud.location.Locations": {"ListLocations": locations_pb2.ListLocationsRequest},
    "grafeas.v1.Grafeas": {"ListOccurrences": gr.ListOccurrencesRequest.pb()},
    "google.devtools.containeranalysis.v1.ContainerAnalysis": {
        "GetVulnerabilityOccurrencesSummary": lean.SummaryRequest
    },
}


class Refusal(Exception):  # noqa: N818  it is what the server answers
    """What a scripted answer raises to refuse a call."""

    def __init__(self, code: str, message: str = "", reason: str = "", **metadata: str) -> None:
        super().__init__(message)
        self.status = status_pb2.Status(code=code_pb2.Code.Value(code), message=message or code)
        if reason:
            info = error_details_pb2.ErrorInfo(
                reason=reason, domain="googleapis.com", metadata=metadata
            )
            detail = any_pb2.Any()
            detail.Pack(info)
            self.status.details.append(detail)


@dataclass
class Script:
    """Answers by method name; each takes the raw request and returns a response message."""

    answers: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    requests: list[Any] = field(default_factory=list)
    routes: list[Any] = field(default_factory=list)
    address: str = ""

    def settings(self, **more: Any) -> dict[str, Any]:
        return {
            "projects": ["p"],
            "posture": False,
            "endpoints": {"artifact_registry": self.address, "grafeas": self.address},
            "allow_insecure_loopback": True,
            "max_attempts": 2,
            **more,
        }


@contextmanager
def serving() -> Iterator[Script]:
    """Serve an empty project ``p`` with the location ``us``; the test changes the answers."""
    script = Script()
    script.answers = {
        "ListLocations": lambda _: locations_pb2.ListLocationsResponse(
            locations=[locations_pb2.Location(location_id="us")]
        ),
        "ListRepositories": lambda _: ar.ListRepositoriesResponse(),
        "ListDockerImages": lambda _: ar.ListDockerImagesResponse(),
        "ListOccurrences": lambda _: gr.ListOccurrencesResponse(),
        "GetVulnerabilityOccurrencesSummary": lambda _: lean.Summary(),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    for service, methods in _METHODS.items():
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                _behaviour(script, name),
                request_deserializer=request.FromString,
                response_serializer=_bytes_of,
            )
            for name, request in methods.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    script.address = f"http://127.0.0.1:{port}"
    server.start()
    try:
        yield script
    finally:
        server.stop(None).wait()


def _behaviour(script: Script, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        script.calls[name] += 1
        script.requests.append(request)
        headers = dict(context.invocation_metadata())
        script.routes.append((name, headers.get("x-goog-request-params")))
        try:
            return script.answers[name](request)
        except Refusal as refusal:
            context.abort_with_status(rpc_status.to_status(refusal.status))

    return answer


def _bytes_of(message: Any) -> bytes:
    raw = type(message).pb(message) if hasattr(type(message), "pb") else message
    return bytes(raw.SerializeToString())
