"""The plain registries of an estate, each a server of its own."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from providers.loopback.estate import Estate, Fault, Registry
from providers.loopback.oci.content import Store
from providers.loopback.oci.pushed import fill
from providers.loopback.oci.server import OciLoopback, Ways


class OciRegistries:
    """Serves the places of provider ``oci``; which registries there are holds still.

    A host is what the estate calls it; only the address that is talked to is this machine's.
    """

    def __init__(self, estate: Estate) -> None:
        self._registries = {one.registry_id: OciLoopback(Store()) for one in _registries(estate)}
        self._stack = ExitStack()
        self.show(estate)

    def __enter__(self) -> Self:
        for registry in self._registries.values():
            self._stack.enter_context(registry)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def calls(self) -> Counter[str]:
        """Requests to all of them, by operation."""
        return sum((one.calls for one in self._registries.values()), Counter[str]())

    def show(self, estate: Estate) -> None:
        """Serve another moment of the same registries, with its faults."""
        for registry in _registries(estate):
            server = self._registries[registry.registry_id]
            fill(server.store, registry)
            server.ways = Ways(auth="bearer", page=estate.page_size)
            server.fails, server.cut = {}, {}
        for fault in estate.faults:
            if fault.provider == "oci":
                _break(self._registries[fault.registry_id], fault)

    def settings(self) -> dict[str, Any]:
        """Return the settings of the provider ``oci`` that reach them."""
        told = [
            {**server.settings()["registries"][0], "host": host}
            for host, server in self._registries.items()
        ]
        return {"registries": told, "allow_insecure_loopback": True}


def _registries(estate: Estate) -> list[Registry]:
    return [registry for place in estate.of("oci") for registry in place.registries]


def _break(server: OciLoopback, fault: Fault) -> None:
    """Let go wrong what a fault means of a plain registry: its catalogue, or a page of tags.

    Raises:
        ValueError: It means nothing here.
    """
    if fault.kind == "denied":
        server.fails["catalog", ""] = 403
    elif fault.kind == "images_page":
        path = f"/v2/{fault.repository}/tags/list" if fault.repository else "/v2/_catalog"
        server.cut[path] = fault.page
    else:
        raise ValueError(fault.kind)
