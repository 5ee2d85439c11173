"""Tables that providers and importers fill."""

from __future__ import annotations

from audit.tables.parts import (
    ACCOUNT,
    CVSS,
    DIGEST,
    OBSERVED,
    PROVIDER,
    REGION,
    REGISTRY,
    REPOSITORY,
    SCOPE,
    SOURCE,
    UNREAD,
    WHERE,
    Column,
    Table,
    count,
    flag,
    real,
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

IMAGES = Table(
    "images",
    1,
    "A manifest, by digest: facts that hold wherever it lies.",
    ("run_id", "digest"),
    (
        DIGEST,
        text("kind", "image, index, attestation, signature, sbom or artifact."),
        text("media_type", "Manifest media type."),
        text("artifact_type", "OCI artifact type or config media type."),
        text("os", "Operating system of the platform; null when not known."),
        text("architecture", "CPU architecture of the platform; null when not known."),
        text("variant", "CPU variant of the platform; null when there is none."),
        count("size_bytes", "Compressed size in bytes as the registry tells it."),
        time("created_at", "Build time where the registry tells it."),
        text("subject_digest", "Digest this manifest refers to (signature, SBOM, attestation)."),
        texts("child_digests", "Manifests of an index; null when they could not be read."),
        text("base_image", "Base image named by the image's labels; null when not known."),
        texts("labels", "Labels or annotations as key=value, sorted."),
    ),
    ("digest",),
)

PLACEMENTS = Table(
    "placements",
    1,
    "An image present in a repository at a run.",
    ("run_id", "provider", "registry_id", "repository", "digest"),
    (
        PROVIDER,
        SCOPE,
        ACCOUNT,
        REGION,
        REGISTRY,
        REPOSITORY,
        DIGEST,
        texts("tags", "Tags that point at the digest, sorted."),
        time("pushed_at", "When it was pushed."),
        time("last_pulled_at", "Last recorded pull; null when never or not told."),
        flag("in_use", "Whether the cloud saw it running; null when it does not tell."),
        count("in_use_count", "Running containers the cloud counted."),
        flag("archived", "Whether it lies in archive storage and cannot be pulled."),
        flag("current", "Whether policy counts it as current; deadlines run on these."),
        OBSERVED,
    ),
    ("provider", "registry_id", "repository", "digest"),
)

ASSESSMENTS = Table(
    "assessments",
    3,
    "A placement of an assessable image and one source: was it looked at, and if not, why.",
    ("run_id", "provider", "registry_id", "repository", "digest", "source"),
    (
        *WHERE,
        DIGEST,
        SOURCE,
        text(
            "state",
            "assessed, pending, not_scanned, unsupported, failed, stale, expired, archived, "
            "denied, inferred_clean or unknown. Only assessed counts as looked at.",
        ),
        text("reason", "Why it is in that state, in a sentence."),
        text("told_state", "The state before the evidence window of the policy is applied."),
        text("native_status", "The source's own words."),
        time("scanned_at", "Time of the evidence; null when there is none."),
        OBSERVED,
        text(
            "basis",
            "What the answer rests on: read (all statements were read), changes (only what changed "
            "was asked for; the others stand) or remembered (not asked again, as the source's "
            "answer cannot have moved).",
        ),
        text(
            "read_run_id",
            "The run that last read all statements; older than observed_run_id where only changes "
            "were asked for since.",
        ),
        text("content_hash", "SHA-256 over the statements; equal means nothing changed."),
        text("scanner_version", "Version of the scanner where known."),
        time("db_updated_at", "Date of the scanner's database where known."),
    ),
    ("provider", "registry_id", "repository", "digest", "source"),
)

FINDINGS = Table(
    "findings",
    2,
    "A statement of a source about a digest: vulnerability x package x version (x place).",
    (
        "run_id",
        *("provider", "registry_id", "repository", "digest", "source"),
        *("vulnerability_id", "package_name", "package_version", "location", "native_id"),
    ),
    (
        *WHERE,
        DIGEST,
        SOURCE,
        text("vulnerability_id", "Id as the source gives it (CVE, GHSA, ...)."),
        texts("aliases", "Other ids of the same vulnerability, sorted; advisories left out."),
        text("package_name", "Package the source names."),
        text("package_version", "Installed version."),
        text("package_type", "Ecosystem in the source's word: OS, deb, npm, jar, ..."),
        text("purl", "Package URL where the source gives one."),
        text("fixed_version", "Version that mends it; null when none is known."),
        text("fix_state", "available, not_available, wont_fix or unknown."),
        text("severity", "CRITICAL, HIGH, MEDIUM, LOW, NEGLIGIBLE or UNKNOWN."),
        text("severity_source", "Who gave the severity."),
        text("native_severity", "The source's own severity word."),
        real("cvss_score", "CVSS base score the source leads with."),
        text("cvss_version", "CVSS version of that score: 2.0, 3.0, 3.1 or 4.0."),
        text("cvss_vector", "CVSS vector of that score."),
        text("title", "Short title in the source's words."),
        text("url", "Primary reference."),
        text("location", "Place in the image (file path), where the source tells it."),
        text("layer_digest", "Layer that brought the package, where the source tells it."),
        text(
            "native_id",
            "The source's own id of the statement, kept where nothing else tells two apart.",
        ),
        time("native_first_seen_at", "When the source first saw it."),
        text("native_state", "The source's state of the statement, such as ACTIVE or SUPPRESSED."),
        text(
            "vex_status",
            "VEX status that comes with it: affected, not_affected, fixed or under_investigation; "
            "null when there is none.",
        ),
        OBSERVED,
    ),
    (
        *("provider", "registry_id", "repository", "digest", "source", "vulnerability_id"),
        *("package_name", "package_version", "location", "native_id"),
    ),
)

VULNERABILITIES = Table(
    "vulnerabilities",
    1,
    "A vulnerability in a run in which what is known of it changed (not a full snapshot).",
    ("run_id", "vulnerability_id"),
    (
        text("vulnerability_id", "Id as the sources give it."),
        texts("aliases", "Other ids of the same vulnerability, sorted."),
        text("title", "Short title."),
        text("description", "Description in a source's words."),
        texts("references", "Addresses that tell more, sorted."),
        Column("cvss", CVSS, "Every CVSS score with source, version, vector and base score."),
        time("published_at", "When it was published."),
        time("withdrawn_at", "When it was rejected at source; null when it was not."),
        time("kev_added_at", "When it entered the KEV catalogue; null when it is not in it."),
        real("epss_score", "EPSS probability of exploitation in 30 days, 0 to 1."),
        real("epss_percentile", "EPSS percentile, 0 to 1."),
    ),
    ("vulnerability_id",),
    history=True,
)

SOURCE_CLOSINGS = Table(
    "source_closings",
    1,
    "A statement that its source took back, as a run was told (not a full snapshot).",
    (
        "run_id",
        *("provider", "registry_id", "repository", "digest", "source"),
        *("vulnerability_id", "native_id"),
    ),
    (
        *WHERE,
        DIGEST,
        SOURCE,
        text("vulnerability_id", "Id as the source gives it (CVE, GHSA, ...)."),
        text("native_id", "The source's own id of the statement."),
        text("native_state", "The source's word for its end, such as CLOSED."),
        text("reason", "Why the source took it back, as far as it can be told, in a sentence."),
        time("closed_at", "When the source took it back; null when it does not tell."),
    ),
    ("provider", "registry_id", "repository", "digest", "source", "vulnerability_id", "native_id"),
    history=True,
)

READING_MARKS = Table(
    "reading_marks",
    1,
    "How far a source was read, for the next run to go on from; not a fact about images.",
    ("run_id", "provider", "scope_id", "name"),
    (
        PROVIDER,
        text("scope_id", "Findings scope that it is about; joins to scopes."),
        text("name", "What is noted, in the provider's word."),
        text("value", "The note."),
        OBSERVED,
    ),
    ("provider", "scope_id", "name"),
)
