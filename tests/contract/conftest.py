"""The three providers, and one whole collection of each from a cloud in which nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from providers.loopback.estate import Estate, Fault
from tests.contract.aws import AWS
from tests.contract.azure import AZURE
from tests.contract.collected import Collected, collect
from tests.contract.estate import contract_estate
from tests.contract.gcp import GCP
from tests.contract.under_test import Area, Cloud, ProviderUnderTest

PROVIDERS = (AWS, AZURE, GCP)


@dataclass(frozen=True)
class Reached:
    """A provider and the loopback cloud that its settings reach."""

    provider: ProviderUnderTest
    cloud: Cloud

    @property
    def name(self) -> str:
        return self.provider.name

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return settings that give up early, as every fault here is for good."""
        return {**self.cloud.settings(), "max_attempts": 1, **more}

    def collect(self, *faults: Fault, workers: int = 1) -> Collected:
        """Collect the contract estate with these faults."""
        self.cloud.show(contract_estate(*faults))
        return collect(self.name, self.settings(), workers)


@pytest.fixture(scope="session", params=PROVIDERS, ids=repr)
def provider(request: pytest.FixtureRequest) -> ProviderUnderTest:
    found: ProviderUnderTest = request.param
    return found


@pytest.fixture(scope="session")
def estate() -> Estate:
    return contract_estate()


@pytest.fixture(scope="session")
def reached(provider: ProviderUnderTest, estate: Estate) -> Iterator[Reached]:
    with provider.cloud(estate) as cloud:
        yield Reached(provider, cloud)


@pytest.fixture(scope="session")
def whole(reached: Reached) -> Collected:
    """Everything, from a cloud in which nothing is wrong."""
    return reached.collect()


@pytest.fixture
def areas(provider: ProviderUnderTest) -> tuple[Area, ...]:
    return provider.areas
