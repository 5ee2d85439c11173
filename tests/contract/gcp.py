"""Google Cloud as the contract suite knows it."""

from __future__ import annotations

from providers.loopback.gcp import GcpLoopback
from tests.contract.under_test import Area, ProviderUnderTest, each

_NO_SWITCH = "never: an Artifact Registry repository has no such setting"
_ELSEWHERE = "notimpl: it is in service perimeters, which are not read"
_NOT_TOLD = "notyet: Artifact Registry does not tell it"
_NOT_IN_OCCURRENCES = "notyet: occurrences do not tell it"


GCP = ProviderUnderTest(
    name="gcp",
    cloud=GcpLoopback,
    scope_ids=r"gcp/[a-z-]+(/([a-z]+-[a-z]+[0-9]|artifact-analysis|posture))?",
    areas=(
        Area(
            "artifact-analysis",
            0,
            "gcp/acme-prod/us-central1",
            "gcp/acme-prod/artifact-analysis",
        ),
    ),
    endpoints=tuple(
        ("endpoints", name)
        for name in (
            *("artifact_registry", "grafeas"),
            *("cloud_asset", "resource_manager", "service_usage"),
            "docker",
        )
    ),
    what_to_read="projects",
    secrets=None,  # Google's library finds the credentials by itself
    gaps={
        "assessments.second_look": "never: no silence for a night was seen",
        "assessments.os_packages_only": "notimpl: what Google tells per image is not read",
        "findings.waiver_id": "never: Artifact Analysis has VEX statements in their place",
        **each(
            "registries.sku registries.admin_user_enabled registries.role_assignment_mode "
            "registries.export_allowed repositories.native_id repositories.labels "
            "repositories.scan_frequency repositories.encryption_type registries.encryption_type",
            _NO_SWITCH,
        ),
        **each(
            "registries.public_network_access registries.network_default_action "
            "registries.private_endpoints_approved",
            _ELSEWHERE,
        ),
        **each(
            "repositories.policy_present repositories.anonymous_access "
            "repositories.anonymous_write repositories.external_accounts "
            "repositories.external_write repositories.outside_organisation "
            "repositories.key_manager",
            "never: the Artifact Registry repository around it has it: see registries",
        ),
        **each(
            "registries.scan_rules registries.scan_rules_cover_all registries.scanner_generation "
            "registries.rescan_duration registries.pull_rescan_duration "
            "registries.pull_rescan_mode registries.suppression_filters registries.policy_scope "
            "registries.replication_destinations registries.creation_templates "
            "registries.signing_rules registries.pull_time_exclusions "
            "registries.own_pulls_excluded registries.blob_mounting repositories.scan_filters "
            "repositories.tag_mutability_exclusions repositories.retention_enabled "
            "repositories.retention_evaluated_at",
            _NO_SWITCH,
        ),
        "registries.language_packages_scanned": "notyet: told per image, not per repository",
        "repositories.created_at": "notimpl: it needs ListPackages",
        **each(
            "repositories.expected_images repositories.expected_tags "
            "placements.last_pulled_at placements.in_use placements.in_use_count "
            "images.base_image images.labels",
            _NOT_TOLD,
        ),
        **each(
            "registries.replication_destinations registries.quarantine_enabled "
            "registries.content_trust_enabled registries.soft_delete_enabled "
            "registries.retention_days registries.cloud_tokens_accepted "
            "registries.data_endpoint_enabled registries.zone_redundancy "
            "registries.trusted_services_bypass registries.network_rules "
            "registries.key_rotation_enabled registries.access_tokens "
            "registries.access_tokens_unending registries.scope_maps registries.webhooks",
            "never: Artifact Registry has no such setting, or another service keeps it",
        ),
        **each(
            "repositories.writable repositories.deletable",
            "never: Artifact Registry has no such lock",
        ),
        "repositories.listed_at": "never: every run lists every image",
        "assessments.content_hash": "never: Google tells itself when the statements changed",
        **each(
            "assessments.scanner_version assessments.db_updated_at findings.aliases "
            "vulnerabilities.aliases vulnerabilities.withdrawn_at",
            _NOT_IN_OCCURRENCES,
        ),
        "findings.purl": "never: Artifact Analysis gives CPE, package and version",
        "vulnerabilities.published_at": "notimpl: it needs a call for each note",
        "an inventory says how much there is": "notyet: Artifact Registry gives no count",
        "the findings say how many there are": "notyet: ListOccurrences gives no total",
        "archived images are listed as such": "never: Artifact Registry has no archive storage",
    },
    unserved={
        **each(
            "registries.pull_through_rules registries.pull_through_anonymous "
            "registries.virtual_upstreams registries.legacy_host",
            "every repository of the estate is a standard one with a name of its own",
        ),
        "registries.labels": "the repositories of the loopback cloud have none",
        "images.variant": "no image of the estate has one",
        **each(
            "findings.title vulnerabilities.title", "the short description is the id, as Google's"
        ),
        **each("findings.native_state findings.vex_status", "there is no VEX assessment"),
    },
    partial=frozenset({"images.subject_digest"}),
)
