"""The real Syft as our scanner runs it, over images of a registry that runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audit.ports import Pull, PullLogin, RunContext
from providers.loopback.oci import OciLoopback, Store
from providers.scanners.grype.scanner import GrypeScanner
from providers.scanners.grype.settings import GrypeSettings
from tests.support.anchore import SYFT

CONTEXT = RunContext("run-1", datetime(2026, 11, 22, 2, tzinfo=UTC), logging.getLogger("test"))
Look = Callable[..., bytes]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def registry(store):
    with OciLoopback(store) as running:
        yield running


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Has Syft look at an image of a registry and returns the SBOM that is kept."""

    def looked(
        host: str, repository: str, digest: str, syft: str | Path = SYFT, seconds: int = 60, **login
    ) -> bytes:
        settings = GrypeSettings(syft=str(syft), timeout_seconds=seconds)
        scanner = GrypeScanner(settings, CONTEXT, tmp_path / "work")
        pull = Pull(repository, digest, PullLogin(host, **{"plain_http": True, **login}))
        scanner.describe(pull, tmp_path / "sbom.json")
        return (tmp_path / "sbom.json").read_bytes()

    return looked
