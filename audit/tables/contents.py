"""Tables of what is in an image: written once an image, when it is looked into."""

from __future__ import annotations

from audit.tables.parts import DIGEST, Table, count, flag, text, texts

_TOOL = text("tool", "Scanner that looked into the image; only it may match what it wrote.")

SBOMS = Table(
    "sboms",
    2,
    "An image that a scanner looked into in this run (not a full snapshot): its SBOM is kept.",
    ("run_id", "digest", "tool"),
    (
        DIGEST,
        _TOOL,
        text("tool_version", "Version of the program that wrote it."),
        text("format", "Format and version of the SBOM, such as CycloneDX 1.7."),
        text("path", "File below the warehouse, gzip; its name is the hash of its content."),
        text("sha256", "SHA-256 of the SBOM before it is compressed."),
        count("size_bytes", "Size of the SBOM in bytes before it is compressed."),
        count("packages", "Packages that it lists."),
        texts(
            "asked_for",
            "What the scanner was asked about beside packages: secret, misconfiguration; null in "
            "runs before it could be asked.",
        ),
        texts(
            "looked_for",
            "Those of them that it could tell of. Of what is not named here nobody can say.",
        ),
        text("pulled_from", "Registry and repository that the image was pulled from."),
        flag(
            "pull_traced",
            "Whether that pull moved the registry's last-pull time; null where it is not known.",
        ),
    ),
    ("digest", "tool"),
    history=True,
)

PACKAGES = Table(
    "packages",
    1,
    "A package in an image that a scanner looked into in this run (not a full snapshot).",
    ("run_id", "digest", "tool", "package_name", "package_version", "purl", "location"),
    (
        DIGEST,
        _TOOL,
        text("package_name", "Name; with its group or namespace where it has one."),
        text("package_version", "Version."),
        text("package_type", "Ecosystem as in its package URL: deb, apk, pypi, npm, maven, ..."),
        text("purl", "Package URL."),
        text("source_name", "Source package that it was built from, where there is one."),
        text("source_version", "Version of that."),
        text("location", "File path in the image; null for packages of the operating system."),
        text("layer_digest", "Layer that brought it."),
    ),
    ("digest", "tool", "package_name", "package_version", "purl", "location"),
    history=True,
)

WEAKNESSES = Table(
    "weaknesses",
    1,
    "A secret or a misconfiguration in an image that a scanner looked into in this run (not a full "
    "snapshot). The secret itself is never kept.",
    ("run_id", "digest", "tool", "kind", "rule_id", "location", "start_line"),
    (
        DIGEST,
        _TOOL,
        text("kind", "secret or misconfiguration."),
        text("rule_id", "The scanner's name of the rule that it breaks."),
        text("title", "The rule in words."),
        text(
            "severity",
            "Severity of the rule: CRITICAL, HIGH, MEDIUM, LOW, NEGLIGIBLE or UNKNOWN.",
        ),
        text("native_severity", "The scanner's own word for that."),
        text(
            "location",
            "File path in the image; null for the image's own configuration and history.",
        ),
        count("start_line", "First line; of a configuration, in the text that the scanner reads."),
        count("end_line", "Last line."),
        text("layer_digest", "Layer that brought the file."),
        text("remedy", "What the rule's authors advise."),
        text("url", "Where the rule is explained."),
    ),
    ("digest", "tool", "kind", "rule_id", "location", "start_line"),
    history=True,
)
