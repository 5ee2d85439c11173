"""Azure as the contract suite knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.loopback.azure import AzureLoopback
from tests.contract.under_test import Area, ProviderUnderTest, each

_BY_REGISTRY = "never: Azure sets this for the whole registry"
_IN_THE_CONFIG = "notimpl: it is in the image's config blob, which is not read"
_NOT_IN_A_ROW = "notyet: Defender's rows do not tell it"


def _secrets(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The application's secret, and how every token bought with it begins."""
    return (settings["tenants"][0]["client_secret"], "eyJ")


AZURE = ProviderUnderTest(
    name="azure",
    cloud=AzureLoopback,
    scope_ids=r"azure/([0-9a-f-]{36}(/defender|/settings)?|[a-z0-9]+\.azurecr\.io)",
    areas=(
        Area(
            "defender",
            0,
            "azure/acmeprod.azurecr.io",
            "azure/00000000-0000-4000-8000-000000000001/defender",
        ),
    ),
    endpoints=(
        ("endpoints", "authority"),
        ("endpoints", "resource_manager"),
        ("endpoints", "registries", "acmeprod.azurecr.io"),
    ),
    what_to_read="tenants",
    secrets=_secrets,
    gaps={
        "registries.mode": "never: a registry with cache rules holds images of its own too",
        **each(
            "registries.scanning_config registries.scanning_reason "
            "registries.scanning_enabled_at registries.scanning_service_enabled "
            "registries.retention_rules registries.retention_dry_run "
            "registries.virtual_upstreams registries.writers registries.legacy_host "
            "registries.legacy_redirection",
            "never: a setting of Google Cloud's registries",
        ),
        **each(
            "registries.policy_present registries.anonymous_access registries.anonymous_write "
            "registries.external_accounts registries.external_write "
            "registries.outside_organisation",
            "notimpl: role assignments are not read",
        ),
        **each(
            "registries.scan_rules registries.scan_rules_cover_all registries.scanner_generation "
            "registries.rescan_duration registries.pull_rescan_duration "
            "registries.pull_rescan_mode registries.policy_scope registries.creation_templates "
            "registries.signing_rules registries.pull_time_exclusions "
            "registries.own_pulls_excluded registries.blob_mounting repositories.scan_filters",
            "never: Azure has no such setting",
        ),
        "registries.suppression_filters": "notimpl: disable rules of Defender are not read",
        **each(
            "repositories.policy_present repositories.anonymous_access "
            "repositories.anonymous_write repositories.external_accounts "
            "repositories.external_write repositories.outside_organisation "
            "repositories.retention_enabled repositories.retention_evaluated_at "
            "repositories.key_manager",
            _BY_REGISTRY,
        ),
        "repositories.tag_mutability_exclusions": "notimpl: locks are not read",
        "registries.language_packages_scanned": "notyet: no API tells what Defender scans",
        "registries.tag_mutability": "never: ACR locks by repository and manifest",
        **each("repositories.encryption_type repositories.kms_key", _BY_REGISTRY),
        "repositories.native_id": "never: an ACR repository has no ARM id",
        "repositories.tag_mutability": "notimpl: locks are not read",
        "repositories.scan_frequency": "never: Defender has no setting by repository",
        "repositories.labels": "never: an ACR repository has no tags of its own",
        **each("images.created_at images.base_image images.labels", _IN_THE_CONFIG),
        "placements.last_pulled_at": "notyet: neither ACR nor Resource Graph tells pulls",
        "assessments.os_packages_only": "notyet: no API tells what Defender scans",
        "assessments.scanned_at": "notyet: Defender tells when a status changed only",
        **each(
            "assessments.scanner_version assessments.db_updated_at findings.location "
            "findings.layer_digest findings.purl findings.vex_status",
            _NOT_IN_A_ROW,
        ),
        "the findings say how many there are": "notyet: the total counts rows, not statements",
        "a clean image has a status of its own": "never: Defender gives no row for a clean image",
        "archived images are listed as such": "never: ACR has no archive storage",
    },
    unserved={
        "an inventory says how much there is": "in a first night every other repository waits for "
        "its count",
        "findings.waiver_id": "nothing of the estate is exempt",
        "registries.labels": "the rows of registries have no tags",
        "images.variant": "no image of the estate has one",
        **each("findings.aliases vulnerabilities.aliases", "AdditionalIdentifiers is always empty"),
        **each(
            "findings.url vulnerabilities.title vulnerabilities.description "
            "vulnerabilities.references",
            "CvesDetails leaves them out, as the rows in the field do",
        ),
    },
    partial=frozenset({"images.subject_digest"}),
)
