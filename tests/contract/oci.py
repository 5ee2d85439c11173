"""Plain OCI registries as the contract suite knows them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from providers.loopback.oci import OciRegistries
from tests.contract.oci_estate import HOSTS
from tests.contract.under_test import COLUMNS, Area, ProviderUnderTest, each

_NOBODY = "never: the specification knows no scanner; images are not_scanned until one looks"
_NOT_TOLD = "never: the specification does not tell it"
_OF_A_SCANNER = ("assessments.", "findings.", "vulnerabilities.")
_OF_A_SETTING = ("registries.", "repositories.")
_TOLD = {
    *("registries.provider", "registries.scope_id", "registries.registry_id"),
    *("registries.native_id", "registries.format", "registries.observed_run_id"),
    *("repositories.provider", "repositories.scope_id", "repositories.registry_id"),
    *("repositories.repository", "repositories.listed_images", "repositories.complete"),
    "repositories.observed_run_id",
}


def _secrets(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The password, alone and as a header holds it, and how every token bought with it begins."""
    (registry, *_) = settings["registries"]
    both = f"{registry['username']}:{registry['password']}".encode()
    return (registry["password"], base64.b64encode(both).decode(), "loopback-token-")


OCI = ProviderUnderTest(
    name="oci",
    cloud=OciRegistries,
    scope_ids=r"oci/[a-z.]+(:[0-9]+)?",
    areas=(Area("", 0, f"oci/{HOSTS[0]}"),),
    endpoints=(("registries", 0, "endpoint"), ("registries", 1, "endpoint")),
    what_to_read="registries",
    secrets=_secrets,
    gaps={
        **{fact: _NOBODY for fact in COLUMNS if fact.startswith(_OF_A_SCANNER)},
        **{
            fact: _NOT_TOLD
            for fact in COLUMNS
            if fact.startswith(_OF_A_SETTING) and fact not in _TOLD
        },
        **each(
            "placements.pushed_at placements.last_pulled_at placements.in_use "
            "placements.in_use_count",
            _NOT_TOLD,
        ),
        **each("placements.account placements.region", "never: a registry is nobody's account"),
        "what there is to read is discovered": "never: a registry is named in the configuration",
        "an inventory says how much there is": "never: the specification does not count",
        "the findings say how many there are": _NOBODY,
        "a clean image has a status of its own": _NOBODY,
        "an image that nothing leads to is listed": "never: manifests are found by tag, by index "
        "and by referrer alone",
        "archived images are listed as such": "never: the specification knows no archive storage",
    },
    unserved={
        "images.variant": "no image of the estate has one",
        "images.base_image": "no image of the estate has labels",
        "images.labels": "no image of the estate has labels",
    },
)
