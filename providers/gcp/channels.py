"""Opens Artifact Registry: Google's own address, another, or one for each location."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import urlsplit

import grpc
from google.cloud.artifactregistry_v1 import ArtifactRegistryClient
from google.cloud.artifactregistry_v1.services.artifact_registry.transports import (
    ArtifactRegistryGrpcTransport,
)

from audit.errors import BrokenPageError
from providers.gcp.settings import LOCATION

CHANNEL_OPTIONS: Mapping[str, int] = MappingProxyType(
    {"grpc.max_receive_message_length": -1}  # a full page passes 4 MiB
)
_LOCATION = re.compile(r"[a-z0-9-]+")


class RegistryClients:
    """Clients of Artifact Registry by location, for one task; not thread-safe.

    A context manager: leaving it closes the channels.

    Args:
        endpoint: Address, or None for Google's own. One that holds ``{location}`` is asked about
            that location only; what is of none is asked of Google's own.
    """

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint
        self._regional = endpoint is not None and LOCATION in endpoint
        self._open: dict[str, ArtifactRegistryClient] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._open.values():
            client.transport.close()  # type: ignore[no-untyped-call]  # ships no types

    def at(self, location: str = "") -> ArtifactRegistryClient:
        """Return the client that is asked about a location; without one, about a project.

        Raises:
            GoogleAuthError: No credentials were found.
            BrokenPageError: It is no name of a location, and would change the address.
        """
        key = location if self._regional else ""
        if key and not _LOCATION.fullmatch(key):
            raise BrokenPageError(f"{key!r} is not the name of a location")
        if key not in self._open:
            self._open[key] = _opened(self._address(key))
        return self._open[key]

    def of(self, name: str) -> ArtifactRegistryClient:
        """Return the client for a resource, ``projects/P/locations/L/..``."""
        return self.at(name.split("/")[3])

    def _address(self, location: str) -> str | None:
        if self._endpoint is None or not self._regional:
            return self._endpoint
        return self._endpoint.replace(LOCATION, location) if location else None


def plain_channel(endpoint: str) -> grpc.Channel:
    """Open a channel without TLS to a server of this machine; the settings let no other through."""
    return grpc.insecure_channel(urlsplit(endpoint).netloc, options=tuple(CHANNEL_OPTIONS.items()))


def _opened(endpoint: str | None) -> ArtifactRegistryClient:
    if endpoint is None:
        return ArtifactRegistryClient()
    if endpoint.startswith("http://"):
        transport: Any = ArtifactRegistryGrpcTransport(channel=plain_channel(endpoint))
        return ArtifactRegistryClient(transport=transport)
    return ArtifactRegistryClient(client_options={"api_endpoint": urlsplit(endpoint).netloc})
