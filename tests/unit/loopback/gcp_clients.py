"""The unmodified SDK clients of Google Cloud, pointed at a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.cloud import artifactregistry_v1
from google.cloud.artifactregistry_v1.services.artifact_registry.transports import (
    ArtifactRegistryGrpcTransport,
)
from grafeas import grafeas_v1
from grafeas.grafeas_v1.services.grafeas.transports import GrafeasGrpcTransport

from providers.loopback.estate import Fault, FaultKind
from providers.loopback.gcp import GcpLoopback
from tests.unit.loopback.estates import (
    LOCATION,
    PROJECT,
    small_estate,
)

PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
REGISTRY = f"{PARENT}/repositories/apps"
HOST = f"https://{LOCATION}-docker.pkg.dev/{PROJECT}/apps"
DISCOVERY = 'kind="DISCOVERY"'
VULNERABILITY = 'kind="VULNERABILITY"'
ANALYSIS = grafeas_v1.DiscoveryOccurrence.AnalysisStatus


class Clients:
    """Both SDK clients on one insecure channel to a server."""

    def __init__(self, server: GcpLoopback) -> None:
        self.channel = grpc.insecure_channel(server.target)
        self.registry = artifactregistry_v1.ArtifactRegistryClient(
            transport=ArtifactRegistryGrpcTransport(channel=self.channel)
        )
        self.grafeas = grafeas_v1.GrafeasClient(
            transport=GrafeasGrpcTransport(channel=self.channel)
        )

    def images(self, parent: str = REGISTRY, **more: Any) -> Any:
        """List the images of a repository."""
        return self.registry.list_docker_images(request={"parent": parent, **more})

    def occurrences(self, text: str, project: str = PROJECT, **more: Any) -> Any:
        """List without the client's own retry, so that a fault shows at once."""
        request = {"parent": f"projects/{project}", "filter": text, **more}
        return self.grafeas.list_occurrences(request=request, retry=None, timeout=10)


def raw(message: Any) -> Any:
    """Return the protobuf message inside: the wrapper warns about a number it does not know."""
    return type(message).pb(message)


@contextmanager
def broken(kind: FaultKind, **more: Any) -> Iterator[Clients]:
    """Give the clients of a server whose estate has a fault."""
    fault = Fault(kind, "gcp", **{"account": PROJECT, **more})
    with GcpLoopback(small_estate(fault)) as server:
        clients = Clients(server)
        yield clients
        clients.channel.close()
