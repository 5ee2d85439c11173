"""The demo with a plain registry too, and with real Trivy for the images that are real."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from audit.ports import DemoNight
from providers.loopback.demo import LoopbackDemo
from providers.loopback.oci import OciLoopback, Store, Ways
from providers.loopback.scanning import Advisory, TrivyDatabase, push
from providers.loopback.scanning.leaks import LEAKY
from providers.loopback.scanning.stand import ADVISORIES, IMAGES

PROXY = "edge/proxy"
FORGOTTEN = "edge/forgotten-keys"
"""Holds secrets, made up like all else."""
NEWS = Advisory("CVE-2026-10024", "alpine 3.18", "busybox-1", "CRITICAL", "1.36.1-r6")
"""Becomes known on the second night, and is found without a pull."""


class ScanningDemo(LoopbackDemo):
    """Three clouds and a plain registry; what is real in them is looked into by real Trivy."""

    def __init__(self) -> None:
        super().__init__()
        self._plain = Store()
        push(self._plain, PROXY, IMAGES[PROXY], "1.0")
        push(self._plain, FORGOTTEN, LEAKY, "0.9")
        self._program = _trivy()

    def __enter__(self) -> Self:
        super().__enter__()
        self._registry = self._stack.enter_context(OciLoopback(self._plain, Ways(auth="basic")))
        self._cache = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        return self

    def providers(self) -> Mapping[str, Any]:
        """Return the settings blocks that reach the four registries."""
        return {**super().providers(), "oci": self._registry.settings()}

    def scanning(self) -> Mapping[str, Any]:
        """Return Trivy's settings where it is installed; no image is scanned otherwise."""
        if self._program is None:
            return {}
        trivy = {
            "program": self._program,
            "cache_dir": str(self._cache),
            "also_look_for": ["secret", "misconfiguration"],
        }
        only = ["*/real/*", f"{self._registry.host}/*"]
        return {"scanners": {"trivy": trivy}, "scan": {"select": "all", "include": only}}

    def nights(self) -> Iterator[DemoNight]:
        """Show each night in turn, with the database that Trivy has by then."""
        known = list(ADVISORIES)
        for estate, night in zip(self._nights, super().nights(), strict=True):
            TrivyDatabase(known, estate.moment - timedelta(hours=6)).write(self._cache)
            yield night
            known = [*ADVISORIES, NEWS]


def _trivy() -> str | None:
    """Find Trivy beside this Python, where the extra ``demo`` puts it, or on PATH."""
    return shutil.which("trivy", path=str(Path(sys.executable).parent)) or shutil.which("trivy")
