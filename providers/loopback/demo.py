"""The demo's clouds: all three, showing two nights of one story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Self

from audit.ports import DemoNight
from providers.loopback.aws import AwsLoopback
from providers.loopback.azure import AzureLoopback
from providers.loopback.demo_images import blobs
from providers.loopback.demo_story import two_nights
from providers.loopback.estate import Estate
from providers.loopback.gcp import GcpLoopback


class LoopbackDemo:
    """Serves the demo's story over the real protocols on loopback addresses."""

    def __init__(self, nights: tuple[Estate, ...] | None = None) -> None:
        self._nights = nights or two_nights()
        self._stack = ExitStack()
        self._clouds: dict[str, AwsLoopback | AzureLoopback | GcpLoopback] = {}

    def __enter__(self) -> Self:
        first, store = self._nights[0], blobs()
        self._clouds = {
            "aws": self._stack.enter_context(AwsLoopback(first, store=store)),
            "azure": self._stack.enter_context(AzureLoopback(first, store=store)),
            "gcp": self._stack.enter_context(GcpLoopback(first, store=store)),
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def providers(self) -> Mapping[str, Any]:
        """Return the settings blocks that reach the three clouds."""
        return {name: cloud.settings() for name, cloud in self._clouds.items()}

    def scanning(self) -> Mapping[str, Any]:
        """Return no scanner."""
        return {}

    def nights(self) -> Iterator[DemoNight]:
        """Show each night in turn and yield what it is called and when it is."""
        for estate in self._nights:
            for cloud in self._clouds.values():
                cloud.show(estate)
            yield DemoNight(estate.name, estate.moment.isoformat())
