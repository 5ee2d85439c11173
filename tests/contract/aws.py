"""AWS as the contract suite knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.loopback.aws import AwsLoopback
from tests.contract.under_test import Area, ProviderUnderTest, each

_NO_SWITCH = "never: an ECR registry has no such setting"
_BY_REPOSITORY = "never: ECR sets this by repository"
_IN_THE_CONFIG = "never: it needs the image's config, which is a pull"

_ENHANCED, _BASIC = "aws/111111111111/eu-west-1", "aws/111111111111/us-east-1"


def _secrets(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The configured key, and what the loopback STS gives for it."""
    planted = settings["credentials"]["secret_access_key"]
    return (planted, "loopback-assumed-secret", "loopback-session-")


class Organisation(AwsLoopback):
    """Reached by settings that leave accounts and regions to be found."""

    def settings(self) -> dict[str, Any]:
        return self.organization_settings()


AWS = ProviderUnderTest(
    name="aws",
    cloud=Organisation,
    scope_ids=r"aws/(organization|[0-9]{12}(/[a-z]{2}-[a-z]+-[0-9](/findings|/posture)?)?)",
    areas=(
        Area("inspector", 0, _ENHANCED, f"{_ENHANCED}/findings"),
        Area("ecr-basic", 1, _BASIC, f"{_BASIC}/findings", image_by_image=True),
    ),
    endpoints=tuple(
        ("endpoints", service)
        for service in (
            *("ecr", "ecr_public", "inspector2", "kms", "resourcegroupstaggingapi", "sts"),
            *("organizations", "account"),
        )
    ),
    what_to_read="regions",
    secrets=_secrets,
    gaps={
        "assessments.second_look": "never: no silence for a night was seen",
        "findings.waiver_id": "notimpl: suppression rules are counted, not tied to findings",
        **each(
            "registries.scanning_config registries.scanning_reason "
            "registries.scanning_enabled_at registries.scanning_service_enabled "
            "registries.retention_rules registries.retention_dry_run "
            "registries.virtual_upstreams registries.writers registries.legacy_host "
            "registries.legacy_redirection",
            "never: a setting of Google Cloud's registries",
        ),
        **each(
            "registries.sku registries.mode registries.created_at registries.admin_user_enabled "
            "registries.public_network_access registries.network_default_action "
            "registries.export_allowed registries.role_assignment_mode",
            _NO_SWITCH,
        ),
        **each(
            "registries.tag_mutability registries.encryption_type registries.kms_key "
            "registries.key_manager registries.retention_enabled",
            _BY_REPOSITORY,
        ),
        "registries.anonymous_pull_enabled": "never: what a policy grants is in anonymous_access",
        "registries.labels": "never: a private registry has no tags",
        "registries.private_endpoints_approved": "notimpl: VPC endpoints are not asked",
        **each(
            "repositories.updated_at repositories.expected_images repositories.expected_tags",
            "notyet: DescribeRepositories does not tell",
        ),
        **each(
            "registries.quarantine_enabled registries.content_trust_enabled "
            "registries.soft_delete_enabled registries.retention_days "
            "registries.cloud_tokens_accepted registries.data_endpoint_enabled "
            "registries.zone_redundancy registries.trusted_services_bypass "
            "registries.network_rules registries.key_rotation_enabled "
            "registries.access_tokens registries.access_tokens_unending "
            "registries.scope_maps registries.webhooks",
            "never: ECR has no such setting",
        ),
        **each(
            "repositories.writable repositories.deletable",
            "never: ECR has no such lock",
        ),
        "repositories.listed_at": "never: every run lists every image",
        **each("images.created_at images.base_image images.labels", _IN_THE_CONFIG),
        "assessments.content_hash": "never: what changed is asked of the source, not compared",
        "assessments.scanner_version": "notyet: neither Inspector nor ECR tells it",
        "findings.vex_status": "notyet: neither Inspector nor ECR passes on VEX statements",
        "findings.purl": "notyet: Inspector names package manager, name and version only",
        "vulnerabilities.withdrawn_at": "notyet: a rejected vulnerability just disappears",
        "an inventory says how much there is": "notyet: ECR does not count what it holds",
        "the findings say how many there are": "notyet: ListFindings gives no total",
    },
    unserved={
        "images.variant": "no image of the estate has one",
        **each(
            "findings.aliases vulnerabilities.aliases", "relatedVulnerabilities is always empty"
        ),
        "findings.location": "vulnerablePackages has no filePath",
        "findings.layer_digest": "vulnerablePackages has no sourceLayerHash",
        "vulnerabilities.published_at": "there is no vendorCreatedAt",
    },
)
