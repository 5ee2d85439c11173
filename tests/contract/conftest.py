"""The providers, their clouds, and what a collection of each gives when nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from providers.loopback.estate import Estate, Fault
from tests.contract.aws import AWS
from tests.contract.azure import AZURE
from tests.contract.collected import Collected, collect
from tests.contract.estate import contract_estate
from tests.contract.gcp import GCP
from tests.contract.oci import OCI
from tests.contract.under_test import Area, Cloud, ProviderUnderTest

PROVIDERS = (AWS, AZURE, GCP, OCI)
AREAS = [(provider, area) for provider in PROVIDERS for area in provider.areas]
JUDGED = [both for both in AREAS if both[1].source]


def name_of(one: ProviderUnderTest | tuple[ProviderUnderTest, Area]) -> str:
    """Name a provider, or an area by its source."""
    return one.name if isinstance(one, ProviderUnderTest) else one[1].source or one[0].name


of_judging = pytest.mark.parametrize(
    "provider",
    [one for one in PROVIDERS if one.judges],
    indirect=True,
    scope="session",
    ids=name_of,
)
"""For what holds only where a source of the provider's own judges the images."""
of_the_judged = pytest.mark.parametrize(
    "patient", JUDGED, indirect=True, scope="session", ids=name_of
)
"""The same, for areas in which something goes wrong."""


@dataclass(frozen=True)
class Reached:
    """A provider and the loopback cloud that its settings reach."""

    provider: ProviderUnderTest
    cloud: Cloud

    @property
    def name(self) -> str:
        return self.provider.name

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return settings that give up at once, as every fault here is for good."""
        return {**self.cloud.settings(), "max_attempts": 1, **more}

    def collect(self, *faults: Fault, workers: int = 1, **more: Any) -> Collected:
        """Collect the contract estate with these faults."""
        self.cloud.show(contract_estate(*faults))
        return collect(self.name, self.settings(**more), workers)


class Clouds:
    """Starts each cloud when it is first asked for, and keeps what was collected whole."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.reach = cache(self._reach)
        self.whole = cache(self._whole)
        self.patient = cache(self._patient)

    def _reach(self, provider: ProviderUnderTest) -> Reached:
        return Reached(provider, self._stack.enter_context(provider.cloud(contract_estate())))

    def _whole(self, provider: ProviderUnderTest) -> Collected:
        return self.reach(provider).collect()

    def _patient(self, provider: ProviderUnderTest, area: Area) -> Patient:
        return Patient(self.reach(provider), area, contract_estate(), self.whole(provider))


@dataclass(frozen=True, eq=False)
class Patient:
    """An area in which something is made to go wrong, and what it gives when nothing is."""

    reached: Reached
    area: Area
    estate: Estate
    whole: Collected


@pytest.fixture(scope="session")
def clouds() -> Iterator[Clouds]:
    with ExitStack() as stack:
        yield Clouds(stack)


@pytest.fixture(scope="session", params=PROVIDERS, ids=name_of)
def provider(request: pytest.FixtureRequest) -> ProviderUnderTest:
    found: ProviderUnderTest = request.param
    return found


@pytest.fixture(scope="session")
def estate() -> Estate:
    return contract_estate()


@pytest.fixture(scope="session")
def reached(clouds: Clouds, provider: ProviderUnderTest) -> Reached:
    return clouds.reach(provider)


@pytest.fixture(scope="session")
def whole(clouds: Clouds, provider: ProviderUnderTest) -> Collected:
    """Everything, from a cloud in which nothing is wrong."""
    return clouds.whole(provider)


@pytest.fixture(scope="session", params=AREAS, ids=name_of)
def patient(request: pytest.FixtureRequest, clouds: Clouds) -> Patient:
    return clouds.patient(*request.param)
