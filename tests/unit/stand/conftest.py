"""One registry and one database for the tests of the stand; a scan's own cache where it matters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from providers.loopback.oci import OciLoopback, Store
from providers.loopback.scanning import TrivyDatabase, stand

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


def database(folder: Path) -> Path:
    """Put the stand's database into a cache folder and return that."""
    TrivyDatabase(stand.ADVISORIES, MOMENT).write(folder)
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """A cache that all may share: what it keeps of one image changes nothing of another."""
    return database(tmp_path_factory.mktemp("trivy"))


@pytest.fixture
def fresh(tmp_path) -> Callable[[], Path]:
    """Makes caches that hold the database and nothing of any image."""
    numbers = count()
    return lambda: database(tmp_path / f"cache-{next(numbers)}")


@pytest.fixture
def registry():
    with OciLoopback(Store()) as running:
        yield running
