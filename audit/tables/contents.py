"""Tables of what is in an image: written once an image, when it is looked into."""

from __future__ import annotations

from audit.tables.parts import DIGEST, Table, count, flag, text

_TOOL = text("tool", "Scanner that looked into the image; only it may match what it wrote.")

SBOMS = Table(
    "sboms",
    1,
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
