"""Real Trivy finds in every image of the stand what the description says, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.loopback.oci import OciLoopback, Store
from providers.loopback.scanning import TrivyDatabase, expected, push, stand
from tests.support.trivy import scan

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trivy")
    TrivyDatabase(stand.ADVISORIES, MOMENT).write(folder)
    return folder


@pytest.fixture(scope="module")
def registry():
    with OciLoopback(Store()) as running:
        yield running


@pytest.mark.parametrize("repository", stand.IMAGES)
def test_the_findings_are_those_of_the_description(cache, registry, repository):
    image = stand.IMAGES[repository]
    digest = push(registry.store, repository, image)
    said = scan(cache, f"{registry.host}/{repository}@{digest}")
    assert said.findings == expected(image, stand.ADVISORIES)
    assert bool(said.findings) == (not repository.startswith("clean/"))
