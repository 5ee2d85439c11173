"""Every table of the warehouse, one description a column: the single source of the schemas.

``registry-audit schema`` and docs/data-dictionary.md are printed from here. Columns marked as the
partition (``run_id``) live in the folder name, not in the files. Times are UTC microseconds.
Strings are plain (no dictionary type). An empty list and null differ: null is "could not tell".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

MOMENT = pa.timestamp("us", tz="UTC")
TEXTS = pa.list_(pa.field("element", pa.string()))
CVSS = pa.list_(
    pa.field(
        "element",
        pa.struct(
            [
                *(("source", pa.string()), ("version", pa.string()), ("vector", pa.string())),
                ("score", pa.float64()),
            ]
        ),
    )
)


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, and what it means with its unit."""

    name: str
    type: pa.DataType
    description: str


@dataclass(frozen=True)
class Table:
    """One table: what a row is, what identifies it, its columns in order."""

    name: str
    version: int
    one_row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    sort_by: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the files (without the partition column ``run_id``)."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])

    @cached_property
    def stored_names(self) -> tuple[str, ...]:
        """Column names in the files, in order."""
        return tuple(column.name for column in self.columns)


def _text(name: str, description: str) -> Column:
    return Column(name, pa.string(), description)


def _texts(name: str, description: str) -> Column:
    return Column(name, TEXTS, description)


def _time(name: str, description: str) -> Column:
    return Column(name, MOMENT, description)


def _flag(name: str, description: str) -> Column:
    return Column(name, pa.bool_(), description)


def _count(name: str, description: str) -> Column:
    return Column(name, pa.int64(), description)


def _real(name: str, description: str) -> Column:
    return Column(name, pa.float64(), description)


RUN_ID = _text("run_id", "The run this row belongs to (the partition folder's name).")

_PROVIDER = _text("provider", "Adapter that read it: aws, azure, gcp, oci or files.")
_SCOPE = _text("scope_id", "Inventory scope that lists it; joins to scopes.")
_ACCOUNT = _text("account", "AWS account, Azure subscription or Google Cloud project.")
_REGION = _text("region", "Region or location.")
_REGISTRY = _text(
    "registry_id",
    "Host (and path) of the registry: ECR account-region host, ACR login server, Artifact Registry "
    "repository URI. registry_id/repository@digest is what a client would pull.",
)
_REPOSITORY = _text("repository", "Repository name inside the registry, slashes included.")
_DIGEST = _text("digest", "Manifest digest (sha256:...); the image's identity.")
_SOURCE = _text(
    "source",
    "Who judged: ecr-basic, inspector, defender, artifact-analysis, trivy, grype or another name.",
)
_OBSERVED = _text(
    "observed_run_id",
    "The run that last read this from its source; older than run_id when it was carried forward.",
)
_UNREAD = _texts("unread", "Facts of this row that could not be read, each as 'column: reason'.")
_WHERE = (_PROVIDER, _REGISTRY, _REPOSITORY)

_RUNS = Table(
    "runs",
    1,
    "A run. Written last: a run without this row is not published.",
    ("run_id",),
    (
        _time("started_at", "The run's moment."),
        _time("finished_at", "When the run was published."),
        _text("command", "What made the run: run or import."),
        _text("outcome", "complete, partial or failed, over the scopes of this run."),
        _text("tool_version", "Version of registry-audit."),
        _text("config_sha256", "SHA-256 of the configuration in force, secrets left out."),
        _text("policy", "Rules in force as JSON, such as which images count as current."),
        _text("previous_run_id", "The run published before this one; null for the first."),
        _text("manifest_sha256", "SHA-256 of the run's manifest of published files."),
        _text("previous_manifest_sha256", "SHA-256 of the previous run's manifest (the chain)."),
        _text("schema_versions", "Version of each table as JSON."),
        _time("kev_as_of", "Release date of the KEV catalogue used; null when none was."),
        _time("epss_as_of", "Model date of the EPSS scores used; null when none were."),
        _time("trivy_db_updated_at", "Age of the Trivy database used; null when none was."),
    ),
)

_SCOPES = Table(
    "scopes",
    1,
    "A scope known in a run: how its last reading ended.",
    ("run_id", "provider", "scope_id"),
    (
        _PROVIDER,
        _text("scope_id", "Stable name of the scope, such as aws/111111111111/eu-west-1."),
        _text("parent_scope_id", "Scope whose listing names this one; empty at the top."),
        _text("kind", "discovery, inventory or findings."),
        _text("source", "Who judged, for findings scopes; else empty."),
        _ACCOUNT,
        _REGION,
        _text(
            "outcome",
            "complete, partial, denied, disabled or failed. Absence is believed only from "
            "complete.",
        ),
        _count("expected", "What the source itself said there is; null when it does not say."),
        _count("listed", "What was read: scopes, images or statements, by kind."),
        _count("errors", "Reads that failed for good."),
        _count("api_calls", "Calls made, retries left out."),
        _text("missing_permission", "Permission that would have allowed the first failed read."),
        _text("error_code", "The source's code of the first error."),
        _text("error", "The first error in the source's words."),
        _OBSERVED,
    ),
    ("provider", "scope_id"),
)

_REGISTRIES = Table(
    "registries",
    1,
    "A registry's configuration as seen in the run; null where it could not be read.",
    ("run_id", "provider", "registry_id"),
    (
        _PROVIDER,
        _SCOPE,
        _ACCOUNT,
        _REGION,
        _REGISTRY,
        _text("native_id", "The cloud's own id (ARN, ARM id or resource name)."),
        _text("sku", "Service tier where the cloud has one."),
        _text("format", "Artifact format, DOCKER where the cloud does not say."),
        _text("mode", "STANDARD, REMOTE or VIRTUAL, where the cloud tells them apart."),
        _time("created_at", "When the registry was made."),
        _flag("scanning_enabled", "Whether the cloud's own scanning is on for this registry."),
        _text("scan_type", "The cloud's word for its scanning, such as BASIC or ENHANCED."),
        _flag("language_packages_scanned", "Whether language packages are scanned, not only OS."),
        _text("tag_mutability", "MUTABLE, IMMUTABLE or one of the _WITH_EXCLUSION forms."),
        _flag("admin_user_enabled", "Whether a shared administrator account is on."),
        _flag("anonymous_pull_enabled", "Whether anyone may pull without credentials."),
        _text("public_network_access", "The cloud's word: Enabled or Disabled."),
        _text("network_default_action", "Allow or Deny, for networks not listed."),
        _count("private_endpoints_approved", "Private endpoint connections in state Approved."),
        _text("encryption_type", "The cloud's word for encryption at rest."),
        _text("kms_key", "Customer-managed key; empty when the provider's own key is used."),
        _flag("export_allowed", "Whether images may be exported out of the registry."),
        _flag("retention_enabled", "Whether a retention or clean-up policy is in force."),
        _text("role_assignment_mode", "How access is granted, where the cloud has modes."),
        _texts("labels", "Labels or tags as key=value, sorted."),
        _UNREAD,
        _OBSERVED,
    ),
    ("provider", "registry_id"),
)

_REPOSITORIES = Table(
    "repositories",
    1,
    "A repository's configuration as seen in the run; null where it could not be read.",
    ("run_id", "provider", "registry_id", "repository"),
    (
        _PROVIDER,
        _SCOPE,
        _ACCOUNT,
        _REGION,
        _REGISTRY,
        _REPOSITORY,
        _text("native_id", "The cloud's own id (ARN or resource name)."),
        _time("created_at", "When the repository was made."),
        _time("updated_at", "Last change the cloud tells of."),
        _text("tag_mutability", "MUTABLE, IMMUTABLE or one of the _WITH_EXCLUSION forms."),
        _text("scan_frequency", "Effective scanning: SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL."),
        _text("encryption_type", "The cloud's word for encryption at rest."),
        _text("kms_key", "Customer-managed key; empty when the provider's own key is used."),
        _count("expected_images", "Manifests the cloud says there are; null when it does not say."),
        _count("listed_images", "Manifests this run listed."),
        _flag("complete", "Whether the repository was listed to its end without error."),
        _texts("labels", "Labels or tags as key=value, sorted."),
        _UNREAD,
        _OBSERVED,
    ),
    ("provider", "registry_id", "repository"),
)

_IMAGES = Table(
    "images",
    1,
    "A manifest, by digest: facts that hold wherever it lies.",
    ("run_id", "digest"),
    (
        _DIGEST,
        _text("kind", "image, index, attestation, signature, sbom or artifact."),
        _text("media_type", "Manifest media type."),
        _text("artifact_type", "OCI artifact type or config media type."),
        _text("os", "Operating system of the platform; null when not known."),
        _text("architecture", "CPU architecture of the platform; null when not known."),
        _text("variant", "CPU variant of the platform; null when there is none."),
        _count("size_bytes", "Compressed size in bytes as the registry tells it."),
        _time("created_at", "Build time where the registry tells it."),
        _text("subject_digest", "Digest this manifest refers to (signature, SBOM, attestation)."),
        _texts("child_digests", "Manifests of an index; null when they could not be read."),
        _text("base_image", "Base image named by the image's labels; null when not known."),
        _texts("labels", "Labels or annotations as key=value, sorted."),
    ),
    ("digest",),
)

_PLACEMENTS = Table(
    "placements",
    1,
    "An image present in a repository at a run.",
    ("run_id", "provider", "registry_id", "repository", "digest"),
    (
        _PROVIDER,
        _SCOPE,
        _ACCOUNT,
        _REGION,
        _REGISTRY,
        _REPOSITORY,
        _DIGEST,
        _texts("tags", "Tags that point at the digest, sorted."),
        _time("pushed_at", "When it was pushed."),
        _time("last_pulled_at", "Last recorded pull; null when never or not told."),
        _flag("in_use", "Whether the cloud saw it running; null when it does not tell."),
        _count("in_use_count", "Running containers the cloud counted."),
        _flag("archived", "Whether it lies in archive storage and cannot be pulled."),
        _flag("current", "Whether policy counts it as current; deadlines run on these."),
        _OBSERVED,
    ),
    ("provider", "registry_id", "repository", "digest"),
)

_ASSESSMENTS = Table(
    "assessments",
    1,
    "A placement of an assessable image and one source: was it looked at, and if not, why.",
    ("run_id", "provider", "registry_id", "repository", "digest", "source"),
    (
        *_WHERE,
        _DIGEST,
        _SOURCE,
        _text(
            "state",
            "assessed, pending, not_scanned, unsupported, failed, stale, expired, archived, "
            "denied, inferred_clean or unknown. Only assessed counts as looked at.",
        ),
        _text("reason", "Why it is in that state, in a sentence."),
        _text("native_status", "The source's own words."),
        _time("scanned_at", "Time of the evidence; null when there is none."),
        _OBSERVED,
        _text("content_hash", "SHA-256 over the statements; equal means nothing changed."),
        _text("scanner_version", "Version of the scanner where known."),
        _time("db_updated_at", "Date of the scanner's database where known."),
    ),
    ("provider", "registry_id", "repository", "digest", "source"),
)

_FINDINGS = Table(
    "findings",
    1,
    "A statement of a source about a digest: vulnerability x package x version (x place).",
    (
        "run_id",
        *("provider", "registry_id", "repository", "digest", "source"),
        *("vulnerability_id", "package_name", "package_version", "location", "native_id"),
    ),
    (
        *_WHERE,
        _DIGEST,
        _SOURCE,
        _text("vulnerability_id", "Id as the source gives it (CVE, GHSA, ...)."),
        _texts("aliases", "Other ids of the same vulnerability, sorted; advisories left out."),
        _text("package_name", "Package the source names."),
        _text("package_version", "Installed version."),
        _text("package_type", "Ecosystem in the source's word: OS, deb, npm, jar, ..."),
        _text("purl", "Package URL where the source gives one."),
        _text("fixed_version", "Version that mends it; null when none is known."),
        _text("fix_state", "available, not_available, wont_fix or unknown."),
        _text("severity", "CRITICAL, HIGH, MEDIUM, LOW, NEGLIGIBLE or UNKNOWN."),
        _text("severity_source", "Who gave the severity."),
        _text("native_severity", "The source's own severity word."),
        _real("cvss_score", "CVSS base score the source leads with."),
        _text("cvss_version", "CVSS version of that score: 2.0, 3.0, 3.1 or 4.0."),
        _text("cvss_vector", "CVSS vector of that score."),
        _text("title", "Short title in the source's words."),
        _text("url", "Primary reference."),
        _text("location", "Place in the image (file path), where the source tells it."),
        _text("layer_digest", "Layer that brought the package, where the source tells it."),
        _text("native_id", "The source's own id of the statement."),
        _time("native_first_seen_at", "When the source first saw it."),
        _text("native_state", "The source's state of the statement, such as ACTIVE or SUPPRESSED."),
        _OBSERVED,
    ),
    (
        *("provider", "registry_id", "repository", "digest", "source", "vulnerability_id"),
        *("package_name", "package_version", "location", "native_id"),
    ),
)

_VULNERABILITIES = Table(
    "vulnerabilities",
    1,
    "A vulnerability in a run in which what is known of it changed (not a full snapshot).",
    ("run_id", "vulnerability_id"),
    (
        _text("vulnerability_id", "Id as the sources give it."),
        _texts("aliases", "Other ids of the same vulnerability, sorted."),
        _text("title", "Short title."),
        _text("description", "Description in a source's words."),
        _texts("references", "Addresses that tell more, sorted."),
        Column("cvss", CVSS, "Every CVSS score with source, version, vector and base score."),
        _time("published_at", "When it was published."),
        _time("withdrawn_at", "When it was rejected at source; null when it was not."),
        _time("kev_added_at", "When it entered the KEV catalogue; null when it is not in it."),
        _real("epss_score", "EPSS probability of exploitation in 30 days, 0 to 1."),
        _real("epss_percentile", "EPSS percentile, 0 to 1."),
    ),
    ("vulnerability_id",),
)

_EXPOSURES = Table(
    "exposures",
    1,
    "A change of an exposure's state in a run (not a full snapshot): a vulnerability in a package "
    "(without version) in a repository, over time.",
    ("run_id", "exposure_id"),
    (
        _text("exposure_id", "SHA-256 (32 hex digits) over repository, vulnerability and package."),
        _text("event", "opened, reopened, confirmed, unconfirmed, changed or closed."),
        _text("reason", "Why, in one word; see docs/compliance.md."),
        _PROVIDER,
        _SCOPE,
        _ACCOUNT,
        _REGION,
        _REGISTRY,
        _REPOSITORY,
        _text("vulnerability_id", "Leading id of the alias group: the CVE where there is one."),
        _text("package_name", "Package, without version."),
        _text("state", "open, unconfirmed (still open) or closed."),
        _text("severity", "Highest severity stated at the last confirmation."),
        _text("fix_state", "Best fix known at the last confirmation."),
        _texts("sources", "Sources that stated it at the last confirmation, sorted."),
        _texts("carrier_digests", "Current images that carried it when last stated, sorted."),
        _time("carrier_pushed_at", "Newest push among those images."),
        _time("opened_at", "Run in which it (first) opened."),
        _time("last_confirmed_at", "Last run in which a source stated it afresh."),
        _time("closed_at", "Run in which it closed; null while open."),
        _text("closing_reason", "fixed, removed, withdrawn or not_affected; null while open."),
        _count("reopened_count", "How often it came back after closing."),
        _time("published_at", "Clock: vulnerability published."),
        _time("fix_available_at", "Clock: first run that knew a fix."),
        _time("native_first_observed_at", "Clock: first seen by a source."),
        _time("first_seen_at", "Clock: first run of this tool that saw it."),
        _time("kev_added_at", "Clock: added to the KEV catalogue."),
        _time("evaluated_at", "Clock: first run in which its severity was known."),
    ),
    ("provider", "registry_id", "repository", "vulnerability_id", "package_name"),
)

_CONTROL_RESULTS = Table(
    "control_results",
    1,
    "A control's verdict on one subject in a run, with its evidence.",
    ("run_id", "control_id", "subject"),
    (
        _text("control_id", "Control, such as IAM-04."),
        _text("subject", "What was judged: run, scope, registry or registry/repository."),
        _PROVIDER,
        _ACCOUNT,
        _REGION,
        _REGISTRY,
        _REPOSITORY,
        _text("status", "PASS, FAIL, UNKNOWN, NOT_APPLICABLE, EXCEPTED or MANUAL."),
        _text("reason", "Why, in a sentence."),
        _text("operation", "API operation the evidence came from."),
        _text("field", "Field that was judged."),
        _text("value", "Value observed; null when it could not be read."),
        _text("observed_run_id", "Run that read the value."),
        _text("waiver_id", "Waiver that excepts a FAIL; null when none."),
    ),
    ("control_id", "subject"),
)

_WAIVERS = Table(
    "waivers",
    1,
    "A waiver in force or expired at a run.",
    ("run_id", "waiver_id"),
    (
        _text("waiver_id", "Id given in the waiver file."),
        _text("type", "risk_accepted, false_positive, mitigated, vendor_dependency, ..."),
        _text("scope", "What it covers, as written."),
        _text("reason", "Why."),
        _text("owner", "Who answers for it."),
        _text("approver", "Who approved it; not the requester."),
        _time("approved_at", "When it was approved."),
        _time("starts_at", "From when it holds."),
        _time("expires_at", "When it ends; mandatory."),
        _count("applied_count", "Exposures and controls it marks in this run."),
    ),
    ("waiver_id",),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *(_RUNS, _SCOPES, _REGISTRIES, _REPOSITORIES, _IMAGES, _PLACEMENTS, _ASSESSMENTS),
        *(_FINDINGS, _VULNERABILITIES, _EXPOSURES, _CONTROL_RESULTS, _WAIVERS),
    )
}

COLLECTED = (
    *("registries", "repositories", "images", "placements", "assessments", "findings"),
    "vulnerabilities",
)
"""Tables that providers and importers fill; the others the core writes itself."""

HISTORY = ("runs", "scopes", "vulnerabilities", "exposures")
"""Tables that hold changes or totals; those of every run are kept."""
