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
    5,
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
        flag(
            "second_look",
            "Whether the source is known to leave statements out of an answer and to give them "
            "again in the next: what is missing in one look is gone only when it is missing in a "
            "second. Null: one look is enough.",
        ),
        flag(
            "os_packages_only",
            "Whether the source looks at packages of the operating system only: of others it says "
            "nothing, whatever there is. Null: it is not known to, and that is not assumed.",
        ),
        text("scanner_version", "Version of the scanner where known."),
        time("db_updated_at", "Date of the scanner's database where known."),
    ),
    ("provider", "registry_id", "repository", "digest", "source"),
)

FINDINGS = Table(
    "findings",
    3,
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
        text(
            "waiver_id",
            "Waiver that the source itself laid on the statement; joins to waivers. Null when it "
            "is not waived there.",
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

VEX_STATEMENTS = Table(
    "vex_statements",
    1,
    "A publisher's VEX statement about a product, as the newest issue of its document has it.",
    ("run_id", "document_id", "product", "digest", "package", "vulnerability_id"),
    (
        PROVIDER,
        text("scope_id", "Imported file that it comes from; joins to scopes."),
        text("document_id", "The document's own id; a later issue of it replaces all it stated."),
        text("author", "Who states it, in the document's words."),
        time("issued_at", "When the document was issued or last changed."),
        text("product", "Product in the document's words: package URL, reference or another id."),
        text("package", "Part of the product that it is about; null when it is all of it."),
        text("registry_id", "Registry of the image that it names; null when it names none."),
        text("repository", "Repository of the image that it names; null when it names none."),
        text("digest", "Manifest digest of the image that it names; null when it names none."),
        flag("image_known", "Whether an image of that digest was known at the run."),
        text("vulnerability_id", "Id as the document gives it (CVE, GHSA, ...)."),
        texts("aliases", "Other ids of the same vulnerability, sorted."),
        texts("package_names", "How scanners may name the package; null when it is all of it."),
        text("package_version", "Version of the package that it is about; null is any."),
        text("status", "affected, not_affected, fixed or under_investigation."),
        text("justification", "Why it is not affected, in the document's word."),
        text("impact", "What is said of the impact, or of what to do."),
        time("stated_at", "When it was stated."),
        OBSERVED,
    ),
    ("document_id", "product", "digest", "package", "vulnerability_id"),
)

WAIVERS = Table(
    "waivers",
    3,
    "An exception from what must be mended, as whoever keeps it told it; in force or ended.",
    ("run_id", "waiver_id"),
    (
        PROVIDER,
        text("scope_id", "Findings scope that it was read in; joins to scopes."),
        text("origin", "Who keeps it: the source whose exception it is."),
        text("waiver_id", "Id that its keeper gives it."),
        text(
            "type",
            "risk_accepted or mitigated; unknown where its keeper does not tell or has another "
            "word for it.",
        ),
        text("title", "What its keeper calls it."),
        text("scope", "What it covers, as written."),
        text("account", "Account that it is limited to; null when it reaches further."),
        texts(
            "vulnerability_ids",
            "Vulnerabilities that it is limited to, sorted; null when it is not limited by id.",
        ),
        texts(
            "severities",
            "Severities that it is limited to, sorted; null when it is not limited by severity.",
        ),
        texts(
            "registry_ids",
            "Registries that it is limited to, sorted; null when it reaches over all of the "
            "account, or further.",
        ),
        flag(
            "may_hide",
            "Whether its keeper may leave out of what it states whatever this covers, so that what "
            "is missing is no proof of a fix; null where it states it as waived.",
        ),
        text("reason", "Why, in its author's words; what is not known of it where nobody tells."),
        text("owner", "Who answers for it."),
        text("approver", "Who approved it."),
        time("approved_at", "When it was approved."),
        time("starts_at", "From when it holds; null is always."),
        time("expires_at", "When it ends; null when it has no end or is not known."),
        count("applied_count", "Open exposures that it marks in this run."),
        OBSERVED,
    ),
    ("waiver_id",),
)
