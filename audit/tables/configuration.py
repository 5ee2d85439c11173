"""Tables of how registries and repositories are set up."""

from __future__ import annotations

from audit.tables.parts import (
    ACCOUNT,
    OBSERVED,
    PROVIDER,
    REGION,
    REGISTRY,
    REPOSITORY,
    SCOPE,
    UNREAD,
    Table,
    count,
    flag,
    text,
    texts,
    time,
)

_KEY = "Key the cloud names; empty where it is the provider's own and has no name."
_KEY_MANAGER = (
    "Who manages the key: CUSTOMER, AWS or another provider, none where the cloud's own "
    "encryption has no key to name."
)
_ACCESS = (
    flag("policy_present", "Whether an access policy of its own is attached."),
    flag(
        "anonymous_access",
        "Whether its policy grants anyone something, with no condition on who may come.",
    ),
    flag("anonymous_write", "Whether that grant lets anyone push or delete."),
    texts(
        "external_accounts",
        "Accounts (or organisations) besides its own that the policy lets in, sorted; * is anyone. "
        "A note in unread says where there may be more.",
    ),
    flag("external_write", "Whether one of them may push or delete."),
    flag(
        "outside_organisation",
        "Whether one of them is outside the organisation; null also where that is not known.",
    ),
)
"""What the access policy of a registry or repository grants, whichever cloud wrote it."""
_MORE_OF_REGISTRIES = (
    flag("quarantine_enabled", "Whether pushed images are held back until something lets them go."),
    flag("content_trust_enabled", "Whether the registry takes signed tags (Docker content trust)."),
    flag("soft_delete_enabled", "Whether deleted images can be brought back for a while."),
    count("retention_days", "Days after which the retention policy deletes."),
    flag("cloud_tokens_accepted", "Whether a token for the cloud's management API opens it too."),
    flag("data_endpoint_enabled", "Whether layers come from an endpoint of the registry's own."),
    text("zone_redundancy", "The cloud's word: Enabled or Disabled."),
    text("trusted_services_bypass", "The cloud's word: which services pass the network rules."),
    texts("network_rules", "Networks that are let in, as action=range, sorted."),
    flag("key_rotation_enabled", "Whether a customer-managed key follows its newest version."),
    texts("access_tokens", "Long-lived tokens of the registry's own, as name=status, sorted."),
    texts("access_tokens_unending", "Those of them with a password that never ends, sorted."),
    texts("scope_maps", "What such tokens may be for, as name=action;action, sorted."),
    texts("webhooks", "Where events are sent to, as name=status;action;action, sorted."),
)
"""More settings of a registry; null where not told, empty where there are none."""

_ARTIFACT_REGISTRY = (
    text("scanning_config", "The cloud's word for how scanning is set here, such as INHERITED."),
    text("scanning_reason", "Why scanning is in its state, in the cloud's words."),
    time(
        "scanning_enabled_at",
        "When scanning was last switched on; what was pushed before may never have been scanned.",
    ),
    flag(
        "scanning_service_enabled",
        "Whether the service that scans is switched on for the whole account or project.",
    ),
    texts("retention_rules", "Clean-up rules as name=action, sorted."),
    flag("retention_dry_run", "Whether clean-up only tells what it would delete."),
    texts("virtual_upstreams", "What a virtual registry shows, as priority=registry, sorted."),
    texts(
        "writers",
        "Members, as policies name them, that may push or delete: by its own policy, or by a basic "
        "or registry role on its project. A note in unread says where there may be more.",
    ),
    text("legacy_host", "Host of a registry that was shut down, for which this one answers."),
    text("legacy_redirection", "The cloud's word for what becomes of requests to old hosts."),
)
"""Of Google Cloud: what its registries have and no other cloud's."""

REGISTRIES = Table(
    "registries",
    3,
    "A registry's configuration as seen in the run; null where it could not be read.",
    ("run_id", "provider", "registry_id"),
    (
        PROVIDER,
        SCOPE,
        ACCOUNT,
        REGION,
        REGISTRY,
        text("native_id", "The cloud's own id (ARN, ARM id or resource name)."),
        text("sku", "Service tier where the cloud has one."),
        text("format", "Artifact format, DOCKER where the cloud does not say."),
        text("mode", "STANDARD, REMOTE or VIRTUAL, where the cloud tells them apart."),
        time("created_at", "When the registry was made."),
        flag("scanning_enabled", "Whether the cloud's own scanning is on for this registry."),
        text("scan_type", "The cloud's word for its scanning, such as BASIC or ENHANCED."),
        flag("language_packages_scanned", "Whether language packages are scanned, not only OS."),
        texts("scan_rules", "Scanning rules as frequency=filter, sorted."),
        flag("scan_rules_cover_all", "Whether a rule has every repository scanned."),
        text("scanner_generation", "The cloud's word for the version of its basic scanning."),
        text("rescan_duration", "How long an image is scanned again after its push."),
        text("pull_rescan_duration", "How long it is scanned again after it was last wanted."),
        text("pull_rescan_mode", "What counts as wanted: the last pull or the last use."),
        count("suppression_filters", "Rules in the cloud that hide findings from view."),
        text("tag_mutability", "MUTABLE, IMMUTABLE or one of the _WITH_EXCLUSION forms."),
        flag("admin_user_enabled", "Whether a shared administrator account is on."),
        flag("anonymous_pull_enabled", "Whether anyone may pull without credentials."),
        *_ACCESS,
        text("policy_scope", "The cloud's word for which operations the policy decides on."),
        text("public_network_access", "The cloud's word: Enabled or Disabled."),
        text("network_default_action", "Allow or Deny, for networks not listed."),
        count("private_endpoints_approved", "Private endpoint connections in state Approved."),
        text("encryption_type", "The cloud's word for encryption at rest."),
        text("kms_key", _KEY),
        text("key_manager", _KEY_MANAGER),
        flag("export_allowed", "Whether images may be exported out of the registry."),
        flag("retention_enabled", "Whether a retention or clean-up policy is in force."),
        texts("replication_destinations", "Where images are copied to, as account/region, sorted."),
        texts("pull_through_rules", "Upstreams cached, as prefix=upstream, sorted."),
        texts("pull_through_anonymous", "Prefixes of those that are asked without credentials."),
        texts(
            "creation_templates",
            "Templates of repositories made by themselves, as prefix=what makes them, sorted.",
        ),
        texts("signing_rules", "Rules that have pushed images signed, as filter=profile, sorted."),
        texts("pull_time_exclusions", "Principals whose pulls are not recorded, sorted."),
        flag(
            "own_pulls_excluded",
            "Whether the pulls of this tool are not recorded; else its reading of index manifests "
            "may pass for use.",
        ),
        text("blob_mounting", "The cloud's word: whether layers are shared between repositories."),
        text("role_assignment_mode", "How access is granted, where the cloud has modes."),
        texts("labels", "Labels or tags as key=value, sorted."),
        *_ARTIFACT_REGISTRY,
        UNREAD,
        OBSERVED,
        *_MORE_OF_REGISTRIES,
    ),
    ("provider", "registry_id"),
)

REPOSITORIES = Table(
    "repositories",
    4,
    "A repository's configuration as seen in the run; null where it could not be read.",
    ("run_id", "provider", "registry_id", "repository"),
    (
        PROVIDER,
        SCOPE,
        ACCOUNT,
        REGION,
        REGISTRY,
        REPOSITORY,
        text("native_id", "The cloud's own id (ARN or resource name)."),
        time("created_at", "When the repository was made."),
        time("updated_at", "Last change the cloud tells of."),
        text("tag_mutability", "MUTABLE, IMMUTABLE or one of the _WITH_EXCLUSION forms."),
        texts("tag_mutability_exclusions", "Tag patterns that tag_mutability does not hold for."),
        text(
            "scan_frequency",
            "Effective scanning: SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL; NONE where the registry "
            "cannot scan.",
        ),
        texts("scan_filters", "Filters of the scanning rules that apply to it, sorted."),
        text("encryption_type", "The cloud's word for encryption at rest."),
        text("kms_key", _KEY),
        text("key_manager", _KEY_MANAGER),
        *_ACCESS,
        flag("retention_enabled", "Whether a retention or clean-up policy is in force."),
        time("retention_evaluated_at", "When that policy was last evaluated."),
        count("expected_images", "Manifests the cloud says there are; null when it does not say."),
        count("listed_images", "Manifests this run listed."),
        flag("complete", "Whether the repository was listed to its end without error."),
        text("owner", "Who answers for it; null when nobody is named."),
        text("owner_source", "Where the owner is named: rule or label; null when nowhere."),
        texts("labels", "Labels or tags as key=value, sorted."),
        UNREAD,
        OBSERVED,
        flag("writable", "Whether tags may be pushed and moved; false where it is locked."),
        flag("deletable", "Whether it and its images may be deleted; false where it is locked."),
        count("expected_tags", "Tags the cloud says there are; null when it does not say."),
        time(
            "listed_at",
            "When its manifests were last listed one by one; older than the run where the cloud's "
            "counts and times told that nothing had changed since. Null where not told.",
        ),
    ),
    ("provider", "registry_id", "repository"),
)
