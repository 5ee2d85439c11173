"""The demo with a fourth registry and two real images, which real Trivy looks into."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from audit.ports import DemoNight
from providers.loopback import scans
from providers.loopback.demo import LoopbackDemo
from providers.loopback.demo_story import two_nights
from providers.loopback.estate import Estate, Repository
from providers.loopback.oci import OciLoopback, Store, Ways
from providers.loopback.scanning import Advisory, TrivyDatabase, push
from providers.loopback.scanning.listed import listed, stated
from providers.loopback.scanning.stand import ADVISORIES, IMAGES

WEB, PROXY = "shop/web", "edge/proxy"
UNSEEN = ("CVE-2025-10019", "CVE-2026-10020")
"""What Inspector knows nothing of: the report shows what one source alone saw."""
NEWS = Advisory("CVE-2026-10024", "alpine 3.18", "busybox-1", "CRITICAL", "1.36.1-r6")
"""Becomes known on the second night, and is found without a pull."""


class ScanningDemo(LoopbackDemo):
    """Three clouds and a plain registry; an image of ECR and one of that registry are real."""

    def __init__(self) -> None:
        store = Store()
        push(store, WEB, IMAGES[WEB], "stable")
        super().__init__(tuple(_with_web(night) for night in two_nights()), store)
        self._plain = Store()
        push(self._plain, PROXY, IMAGES[PROXY], "1.0")
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
        """Return Trivy's settings where it is installed; the images are not scanned otherwise."""
        if self._program is None:
            return {}
        trivy = {"program": self._program, "cache_dir": str(self._cache)}
        only = [f"{self._registry.host}/*", f"*/{WEB}"]
        return {"scanners": {"trivy": trivy}, "scan": {"select": "all", "include": only}}

    def nights(self) -> Iterator[DemoNight]:
        """Show each night in turn, with the database that Trivy has by then."""
        known = list(ADVISORIES)
        for estate, night in zip(self._nights, super().nights(), strict=True):
            updated = estate.moment - timedelta(hours=6)
            TrivyDatabase(known, updated_at=updated).write(self._cache)
            yield night
            known = [*ADVISORIES, NEWS]


def _trivy() -> str | None:
    """Find Trivy beside this Python, where the extra ``demo`` puts it, or on PATH."""
    return shutil.which("trivy", path=str(Path(sys.executable).parent)) or shutil.which("trivy")


def _with_web(estate: Estate) -> Estate:
    """Let the first AWS registry hold the image, judged by its own scanner too."""
    place = estate.of("aws")[0]
    source = scans.source_of(place)
    known = stated(IMAGES[WEB], ADVISORIES, source, unseen=UNSEEN)
    pushed = estate.moment - timedelta(days=9)
    images = listed(
        IMAGES[WEB], pushed, ("stable",), (scans.assessed(source, estate.moment, known),)
    )
    registry = place.registries[0]
    web = Repository(WEB, pushed, images, dict(registry.repositories[0].settings))
    fuller = replace(registry, repositories=(*registry.repositories, web))
    moved = replace(place, registries=(fuller, *place.registries[1:]))
    return replace(estate, places=tuple(moved if p is place else p for p in estate.places))
