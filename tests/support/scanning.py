"""A registry of real images, real Trivy with a database of its own, and nights over both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config, validate
from audit.notebook import open_warehouse
from providers.loopback.oci import OciLoopback
from providers.loopback.scanning import Advisory, Expected, StandImage, TrivyDatabase, expected
from providers.loopback.scanning.stand import ADVISORIES
from tests.support.docker_registry import DockerRegistry
from tests.support.trivy import PROGRAM

FIRST = datetime(2026, 11, 22, 2, tzinfo=UTC)


@dataclass
class Nights:
    """Runs over one registry into one warehouse, a night each.

    Attributes:
        trivy: Settings of the scanner beside program and cache.
        scan: The ``scan`` block.
        beside: Further scanners with their settings.
    """

    registry: OciLoopback | DockerRegistry
    root: Path
    trivy: dict[str, Any] = field(default_factory=dict)
    scan: dict[str, Any] = field(default_factory=dict)
    scanners: bool = True
    oci: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.know(ADVISORIES)

    @property
    def cache(self) -> Path:
        return self.root / "trivy"

    @property
    def warehouse(self) -> str:
        return str(self.root / "warehouse")

    def know(self, advisories: Sequence[Advisory], age_days: int = 1) -> None:
        """Give Trivy a database."""
        updated = FIRST - timedelta(days=age_days)
        TrivyDatabase(list(advisories), updated_at=updated).write(self.cache)

    def app(self, night: int) -> App:
        trivy = {"program": str(PROGRAM), "cache_dir": str(self.cache), **self.trivy}
        document = {
            "version": 1,
            "warehouse": self.warehouse,
            "out": str(self.root / "out"),
            "providers": self.providers(),
            "scanners": self.beside | ({"trivy": trivy} if self.scanners else {}),
            "scan": self.scan,
        }
        return App(validate(Config, document, "", "test"), FIRST + timedelta(days=night))

    def providers(self) -> dict[str, Any]:
        return {"oci": {**self.registry.settings(**self.oci), "max_attempts": 1}}

    def run(self, night: int, *, fresh: bool = False) -> RunResult:
        with shown(bars=False) as planned:
            return self.app(night).run(planned, fresh=fresh)

    def rescan(self, night: int) -> RunResult:
        with shown(bars=False) as planned:
            return self.app(night).scan(planned)

    def runs(self) -> list[str]:
        return open_warehouse(self.warehouse).runs

    def table(self, name: str) -> pd.DataFrame:
        """A table of the newest run."""
        return open_warehouse(self.warehouse).table(name)

    def states(self) -> dict[str, tuple[str, str]]:
        """State and reason of each repository's one image, as Trivy tells it."""
        rows = self._rows("assessments")
        return {row["repository"]: (row["state"], row["reason"]) for row in rows}

    def stated(self, repository: str) -> list[Expected]:
        """Trivy's statements about a repository's image, in the oracle's words."""
        return sorted(
            Expected(
                row["vulnerability_id"],
                row["package_name"],
                row["package_version"],
                row["fixed_version"] or "",
                row["severity"],
                row["layer_digest"] or "",
            )
            for row in self._rows("findings")
            if row["repository"] == repository
        )

    def _rows(self, table: str) -> list[dict[str, Any]]:
        rows = open_warehouse(self.warehouse).arrow(table).to_pylist()
        return [row for row in rows if row["source"] == "trivy"]


def oracle(
    images: Mapping[str, StandImage], advisories: Sequence[Advisory] = ADVISORIES
) -> dict[str, list[Expected]]:
    """What has to be found, by repository."""
    return {name: expected(image, list(advisories)) for name, image in images.items()}
