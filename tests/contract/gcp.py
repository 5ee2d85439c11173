"""Google Cloud as the contract suite knows it."""

from __future__ import annotations

from providers.loopback.gcp import GcpLoopback
from tests.contract.under_test import Area, ProviderUnderTest, each

_NO_SWITCH = "never: an Artifact Registry repository has no such setting"
_ELSEWHERE = "notimpl: it is in IAM policies and service perimeters, which are not read"
_NOT_TOLD = "notyet: Artifact Registry does not tell it"
_NOT_IN_OCCURRENCES = "notyet: occurrences do not tell it"


GCP = ProviderUnderTest(
    name="gcp",
    cloud=GcpLoopback,
    scope_ids=r"gcp/[a-z-]+(/([a-z]+-[a-z]+[0-9]|artifact-analysis))?",
    areas=(
        Area(
            "artifact-analysis",
            0,
            "gcp/acme-prod/us-central1",
            "gcp/acme-prod/artifact-analysis",
        ),
    ),
    endpoints=(("endpoints", "artifact_registry"), ("endpoints", "grafeas")),
    secrets=None,  # Google's library finds the credentials by itself
    gaps={
        **each(
            "registries.sku registries.admin_user_enabled registries.role_assignment_mode "
            "registries.export_allowed repositories.native_id repositories.labels "
            "repositories.scan_frequency repositories.encryption_type registries.encryption_type",
            _NO_SWITCH,
        ),
        **each(
            "registries.anonymous_pull_enabled registries.public_network_access "
            "registries.network_default_action registries.private_endpoints_approved",
            _ELSEWHERE,
        ),
        **each(
            "registries.policy_present registries.anonymous_access registries.anonymous_write "
            "registries.external_accounts registries.external_write "
            "registries.outside_organisation repositories.policy_present "
            "repositories.anonymous_access repositories.anonymous_write "
            "repositories.external_accounts repositories.external_write "
            "repositories.outside_organisation",
            "notimpl: IAM policies are not read",
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
        **each(
            "registries.pull_through_rules registries.pull_through_anonymous",
            "notimpl: the upstream of a remote repository is not read",
        ),
        **each(
            "registries.key_manager repositories.key_manager",
            "notimpl: kms_key alone tells whose the key is",
        ),
        "registries.language_packages_scanned": "notyet: told per image, not per repository",
        "repositories.created_at": "notimpl: it needs ListPackages",
        **each(
            "repositories.expected_images placements.last_pulled_at placements.in_use "
            "placements.in_use_count images.base_image images.labels",
            _NOT_TOLD,
        ),
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
        "registries.labels": "the repositories of the loopback cloud have none",
        "images.variant": "no image of the estate has one",
        **each(
            "findings.title vulnerabilities.title", "the short description is the id, as Google's"
        ),
        **each("findings.native_state findings.vex_status", "there is no VEX assessment"),
    },
    partial=frozenset({"images.subject_digest"}),
)
