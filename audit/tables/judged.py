"""Tables that the core writes itself: the ledger, the history and the verdicts."""

from __future__ import annotations

import pyarrow as pa

from audit.tables.parts import (
    ACCOUNT,
    DIGEST,
    OBSERVED,
    PROVIDER,
    REGION,
    REGISTRY,
    REPOSITORY,
    SCOPE,
    WHERE,
    Column,
    Table,
    count,
    flag,
    text,
    texts,
    time,
)

RUNS = Table(
    "runs",
    3,
    "A run. Written last: a run without this row is not published.",
    ("run_id",),
    (
        count(
            "sequence",
            "Place in the order of publication, from 1. A run filled in for a moment of the past "
            "comes after runs of later moments.",
        ),
        time("started_at", "The run's moment."),
        time("finished_at", "When the run was published."),
        text("command", "What made the run: run, scan or import."),
        text("outcome", "complete, partial or failed, over the scopes of this run."),
        text("tool_version", "Version of registry-audit."),
        text("config_sha256", "SHA-256 of the configuration in force, secrets left out."),
        text("policy", "Rules in force as JSON, such as which images count as current."),
        texts("retired_scopes", "Scopes that the configuration declared gone for good."),
        text(
            "judged_from",
            "In a warehouse of runs judged again under another policy: SHA-256 of the manifest of "
            "the run itself. Null for a run's own record.",
        ),
        text("previous_run_id", "The run of the moment before; null for the first."),
        text("manifest_sha256", "SHA-256 of the run's manifest of published files."),
        text(
            "previous_manifest_sha256",
            "SHA-256 of the manifest of the run before in sequence (the chain).",
        ),
        text("schema_versions", "Version of each table as JSON."),
        time("kev_as_of", "Release date of the KEV catalogue used; null when none was."),
        time("epss_as_of", "Model date of the EPSS scores used; null when none were."),
        time("trivy_db_updated_at", "Age of the Trivy database used; null when none was."),
        text(
            "scanner_databases",
            "Date of the database that each scanner of our own looked with, as JSON by its name.",
        ),
    ),
    history=True,
)

SCOPES = Table(
    "scopes",
    2,
    "A scope known in a run: how its last reading ended.",
    ("run_id", "provider", "scope_id"),
    (
        PROVIDER,
        text("scope_id", "Stable name of the scope, such as aws/111111111111/eu-west-1."),
        text("parent_scope_id", "Scope whose listing names this one; empty at the top."),
        text("kind", "discovery, inventory, configuration or findings."),
        text("source", "Who judged, for findings scopes; else empty."),
        ACCOUNT,
        REGION,
        text(
            "outcome",
            "complete, partial, denied, disabled, failed, or left_out by the configuration. "
            "Absence is believed only from complete.",
        ),
        count("expected", "What the source itself said there is; null when it does not say."),
        count("listed", "What was read: scopes, images, settings or statements, by kind."),
        count("errors", "Reads that failed for good."),
        count("api_calls", "Calls made, retries left out."),
        text("missing_permission", "Permission that would have allowed the first failed read."),
        text("error_code", "The source's code of the first error."),
        text("error", "The first error in the source's words."),
        flag(
            "exhaustive",
            "Of a discovery: what its complete listing does not name is gone, with all below it. "
            "Null before this was recorded.",
        ),
        OBSERVED,
    ),
    ("provider", "scope_id"),
    history=True,
)

VULNERABILITY_GROUPS = Table(
    "vulnerability_groups",
    1,
    "An id of a vulnerability that goes by another id, from the run in which that became known.",
    ("run_id", "vulnerability_id"),
    (
        text("vulnerability_id", "Id that a source used."),
        text("leading_id", "Id that the exposures use for it: the CVE where there is one."),
    ),
    ("vulnerability_id",),
    history=True,
)

EXPOSURES = Table(
    "exposures",
    3,
    "A change of an exposure's state in a run (not a full snapshot): a vulnerability in a package "
    "(without version) in a repository, over time.",
    ("run_id", "exposure_id"),
    (
        text("exposure_id", "Stays the same for life, whatever name the vulnerability goes by."),
        text("event", "opened, reopened, confirmed, unconfirmed, changed, closed or merged."),
        text("reason", "Why, in one word; see docs/compliance.md."),
        PROVIDER,
        SCOPE,
        ACCOUNT,
        REGION,
        REGISTRY,
        REPOSITORY,
        text("vulnerability_id", "Leading id of the alias group: the CVE where there is one."),
        text("package_name", "Package, without version."),
        text("state", "open, unconfirmed (still open) or closed."),
        text("severity", "Highest severity stated at the last confirmation."),
        text("fix_state", "Best fix known at the last confirmation."),
        texts("sources", "Sources that stated it at the last confirmation, sorted."),
        texts(
            "carrier_digests",
            "While unconfirmed: the current images that last carried it, sorted; else null.",
        ),
        time("carrier_pushed_at", "Newest push among those images."),
        time("opened_at", "Run in which it (first) opened."),
        time("last_confirmed_at", "Last run in which a source stated it afresh."),
        time("closed_at", "Run in which it closed; null while open."),
        text(
            "closing_reason",
            "fixed, removed, withdrawn, not_affected, or merged into another; null while open.",
        ),
        text("merged_into", "The exposure that this one turned out to be; null when none."),
        count("reopened_count", "How often it came back after closing."),
        time("published_at", "Clock: vulnerability published."),
        time("fix_available_at", "Clock: first run that knew a fix."),
        time("native_first_observed_at", "Clock: first seen by a source."),
        time("first_seen_at", "Clock: first run of this tool that saw it."),
        time("kev_added_at", "Clock: added to the KEV catalogue."),
        time("evaluated_at", "Clock: first run in which its severity was known."),
        text(
            "waiver_id",
            "Waiver that marks it since this change: of several the one that ends first. It stays "
            "open. Null when none does.",
        ),
        time("waived_until", "When that waiver ends; null when it has no end or is not known."),
    ),
    ("provider", "registry_id", "repository", "vulnerability_id", "package_name"),
    history=True,
)

EXPOSURE_IMAGES = Table(
    "exposure_images",
    1,
    "A change of an exposure in one current image (not a full snapshot): since when the image "
    "carries it, until when, and why it no longer does.",
    (
        *("run_id", "provider", "registry_id", "repository", "digest"),
        *("vulnerability_id", "package_name"),
    ),
    (
        *WHERE,
        DIGEST,
        text("vulnerability_id", "Leading id of the alias group; joins to exposures."),
        text("package_name", "Package, without version."),
        text("state", "open or closed."),
        text(
            "reason",
            "stated; or why it closed: image_gone, not_current, not_stated, or renamed when the "
            "vulnerability goes by another leading id.",
        ),
    ),
    ("provider", "registry_id", "repository", "digest", "vulnerability_id", "package_name"),
    history=True,
)

METHOD_CHANGES = Table(
    "method_changes",
    1,
    "A change in how was looked, between a run and the one before. Figures on its two sides are "
    "not of one kind; nothing closes because of it.",
    ("run_id", "provider", "registry_id", "source", "change"),
    (
        Column("provider", pa.string(), "Adapter; empty for the whole run."),
        ACCOUNT,
        Column("registry_id", pa.string(), "Registry; empty for the whole run."),
        Column("source", pa.string(), "Source whose method changed; empty where none."),
        text(
            "change",
            "scan_type, sources, severity_source, scanner_version, policy or tool_version.",
        ),
        text("before", "What held in the run before."),
        text("after", "What holds from this run on."),
    ),
    ("provider", "registry_id", "source", "change"),
    history=True,
)

COVERAGE = Table(
    "coverage",
    1,
    "How many assessable placements of a registry are in one state: the denominator of a trend.",
    ("run_id", "provider", "registry_id", "account", "region", "state"),
    (
        PROVIDER,
        ACCOUNT,
        REGION,
        REGISTRY,
        text("state", "The best state any source has of a placement, as in assessments."),
        count("placements", "Placements of assessable images."),
        count("current_placements", "Those of them that policy counts as current."),
    ),
    ("provider", "registry_id", "account", "region", "state"),
    history=True,
)

CONTROL_RESULTS = Table(
    "control_results",
    1,
    "A control's verdict on one subject in a run, with its evidence.",
    ("run_id", "control_id", "subject"),
    (
        text("control_id", "Control, such as IAM-04."),
        text("subject", "What was judged: run, scope, registry or registry/repository."),
        PROVIDER,
        ACCOUNT,
        REGION,
        REGISTRY,
        REPOSITORY,
        text("status", "PASS, FAIL, UNKNOWN, NOT_APPLICABLE, EXCEPTED or MANUAL."),
        text("reason", "Why, in a sentence."),
        text("operation", "API operation the evidence came from."),
        text("field", "Field that was judged."),
        text("value", "Value observed; null when it could not be read."),
        text("observed_run_id", "Run that read the value."),
        text("waiver_id", "Waiver that excepts a FAIL; null when none."),
    ),
    ("control_id", "subject"),
)
