"""The whole loopback Azure: authority, resource manager and one port a registry, over TLS."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from providers.loopback.azure.acr import RegistryServer
from providers.loopback.azure.acr_tokens import Gate
from providers.loopback.azure.arm import ResourceManager
from providers.loopback.azure.entra import Entra, Principal
from providers.loopback.azure.resource_graph import ResourceGraph
from providers.loopback.azure.tls import Authority
from providers.loopback.azure.tokens import Mint
from providers.loopback.azure.trouble import Trouble
from providers.loopback.azure.world import World
from providers.loopback.estate import Estate
from providers.loopback.http import Handler, serve
from providers.loopback.oci.content import Store
from providers.loopback.oci.pulls import Pulls


class AzureLoopback:
    """Serves the Azure side of an estate on 127.0.0.1 while its ``with`` block runs.

    Attributes:
        calls: Requests by operation, answered or refused: ``entra.openid_configuration``,
            ``entra.token``, ``resource_graph.resources``, ``arm.<list>``, ``acr.exchange``,
            ``acr.token``, ``acr.catalog``, ``acr.repository``, ``acr.manifests``, ``acr.tags``,
            ``acr.manifest``, ``acr.blob``, ``acr.base``.
        trouble: What goes wrong with the registries for a while; a test sets it.
        pulls: What was pulled.
    """

    def __init__(
        self,
        estate: Estate,
        *,
        clock: Callable[[], float] = time.time,
        store: Store | None = None,
    ) -> None:
        """Prepare to serve ``estate``.

        Args:
            estate: What to serve first.
            clock: Seconds since the epoch, by which tokens end.
            store: Blobs of the images that can be pulled.
        """
        self.pulls = Pulls(store or Store())
        self.calls: Counter[str] = Counter()
        self.trouble = Trouble()
        self._world = World(estate)
        self._mint, self._registry_mint = Mint(clock), Mint(clock)
        self._principal = Principal(
            str(uuid.uuid5(uuid.NAMESPACE_URL, f"registry-audit loopback {estate.tenant}")),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
        )
        self._lock = threading.Lock()
        self._stack: ExitStack | None = None
        self._endpoints: dict[str, str] = {}
        self._registries: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start every server.

        Raises:
            RuntimeError: It is running already.
        """
        if self._stack is not None:
            raise RuntimeError("the loopback cloud is running already")
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loopback-")))
            self._authority = Authority()
            self._ca_file = self._authority.write(folder)
            entra = Entra(self._current, self._mint, self._principal, self._count)
            graph = ResourceGraph(self._current, self._mint, self._count)
            manager = ResourceManager(self._current, self._mint, self._count)
            self._endpoints = {
                "authority": self._start(stack, entra),
                "resource_manager": self._start(
                    stack, lambda asked: (graph if asked.method == "POST" else manager)(asked)
                ),
            }
            self._open_registries(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop every server and remove the certificate."""
        stack, self._stack = self._stack, None
        self._registries.clear()
        if stack is not None:
            stack.close()

    def show(self, estate: Estate) -> None:
        """Serve another estate from now on; registries it adds get a port of their own."""
        self._world = self._world.after(estate)
        if self._stack is not None:
            self._open_registries(self._stack)

    def settings(self) -> dict[str, Any]:
        """Return the settings of the ``azure`` provider that reach these servers.

        Raises:
            RuntimeError: The servers are not running.
        """
        if self._stack is None:
            raise RuntimeError("the loopback cloud is not running")
        tenant = {
            "tenant_id": self._world.estate.tenant,
            "client_id": self._principal.client_id,
            "client_secret": self._principal.client_secret,
        }
        shown = {name: self._registries[name] for name in self._world.registries}
        return {
            "tenants": [tenant],
            "endpoints": {**self._endpoints, "registries": shown},
            "ca_file": str(self._ca_file),
        }

    @property
    def issued(self) -> tuple[str, ...]:
        """Every token that was given out, Entra's and the registries'."""
        return (*self._mint.issued, *self._registry_mint.issued)

    def workload(self) -> tuple[str, str]:
        """Return client id and federated token of the same application: a pod's identity."""
        return self._principal.client_id, self._principal.federated_token

    def _open_registries(self, stack: ExitStack) -> None:
        for name in self._world.registries:
            if name not in self._registries:
                gate = Gate(self._mint, self._registry_mint, name)
                server = RegistryServer(
                    name, self._current, gate, self.trouble, self.pulls, self._count
                )
                self._registries[name] = self._start(stack, server)

    def _start(self, stack: ExitStack, handler: Handler) -> str:
        return stack.enter_context(serve(handler, tls=self._authority.context())).url

    def _current(self) -> World:
        return self._world

    def _count(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1
