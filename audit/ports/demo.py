"""Clouds on this machine that a demo can be run against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class DemoNight:
    """One night of a demo: what it is called and its moment in ISO 8601."""

    title: str
    moment: str


class Demo(Protocol):
    """Clouds on this machine that a demo can be run against (entry point group ``demo``)."""

    def __enter__(self) -> Demo:
        """Start the clouds."""

    def __exit__(self, *_: object) -> None:
        """Stop the clouds."""

    def providers(self) -> Mapping[str, Any]:
        """Return the ``providers`` block of a configuration that reaches the clouds."""

    def scanning(self) -> Mapping[str, Any]:
        """Return the blocks ``scanners`` and ``scan``; nothing where no scanner can be had."""

    def nights(self) -> Iterable[DemoNight]:
        """Yield each night once the clouds show it."""
