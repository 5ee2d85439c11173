"""What goes wrong: each fault gives its outcome, keeps what was read, and vouches for nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from audit.model.enums import Outcome
from providers.loopback.answers import listed
from providers.loopback.estate import Estate, Fault, FaultKind
from tests.contract.collected import Collected, where
from tests.contract.conftest import PROVIDERS
from tests.contract.estate import CORNERS, PAGE, contract_estate
from tests.contract.under_test import Area, ProviderUnderTest

AREAS = [(provider, area) for provider in PROVIDERS for area in provider.areas]


def fault(kind: FaultKind, provider: ProviderUnderTest, area: Area, page: int = 2) -> Fault:
    """Return the fault of this kind that lies in an area's first registry."""
    place = area.place(contract_estate(), provider.name)
    of_findings = kind in {"findings", "findings_denied"}
    of_place = provider.name == "aws" or (provider.name == "gcp" and not of_findings)
    page_of = kind == "images_page"
    return Fault(
        kind,
        provider.name,
        place.account,
        place.region if of_place else "",
        place.registries[0].registry_id if page_of or provider.name == "azure" else "",
        CORNERS if page_of and provider.name != "gcp" else "",
        page,
    )


def page_fault(provider: ProviderUnderTest, area: Area) -> Fault:
    """Return the fault that breaks an area's second page of images."""
    return fault("images_page", provider, area)
