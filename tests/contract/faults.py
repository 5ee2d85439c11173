"""Faults of the contract estate, by area."""

from __future__ import annotations

from providers.loopback.estate import Fault, FaultKind
from tests.contract.estate import CORNERS, contract_estate
from tests.contract.under_test import Area, ProviderUnderTest


def fault(kind: FaultKind, provider: ProviderUnderTest, area: Area, page: int = 2) -> Fault:
    """Return the fault of this kind that lies in an area; a page is one of its first registry."""
    place = area.place(contract_estate(), provider.name)
    of_page, of_findings = kind == "images_page", kind in {"findings", "findings_denied"}
    by_region = provider.name == "aws" or (provider.name == "gcp" and not of_findings)
    named = of_page or (provider.name in {"azure", "oci"} and not of_findings)
    return Fault(
        kind,
        provider.name,
        place.account,
        place.region if by_region else "",
        place.registries[0].registry_id if named else "",
        CORNERS if of_page and provider.name != "gcp" else "",
        page,
    )
