"""Findings of Amazon Inspector -> rows. Pure.

Reads both forms: inspector2 ListFindings, and the ``enhancedFindings`` of ecr
DescribeImageScanFindings, which name score and link members differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from audit.errors import BrokenPageError
from audit.model.enums import FixState
from audit.normalise.severity import normalise_severity
from providers.aws.api import INSPECTOR_FINDINGS

ECR_IMAGE = "AWS_ECR_CONTAINER_IMAGE"
ACTIVE, SUPPRESSED, CLOSED = "ACTIVE", "SUPPRESSED", "CLOSED"
LIVE = frozenset({ACTIVE, SUPPRESSED})
"""Statuses of a statement that stands; one in a word that is neither these nor CLOSED is unread."""
FORM = 1
"""Goes up when a finding is read into other rows than before: all are read again then."""
_SAME_THING = re.compile(r"^(CVE|GHSA)-", re.IGNORECASE)
_NO_VERSION = "NotAvailable"


def image_of_id(resource_id: str) -> tuple[str, str]:
    """Return (repository, digest) of an image's ARN; names hold slashes.

    ``arn:aws:ecr:REGION:ACCOUNT:repository/team/app/sha256:...``.

    Raises:
        BrokenPageError: It is no such ARN.
    """
    head, _, digest = resource_id.rpartition("/")
    _, marker, repository = head.partition(":repository/")
    if not marker or not repository or not digest.startswith("sha256:"):
        raise BrokenPageError(f"{resource_id!r} names no ECR image", operation=INSPECTOR_FINDINGS)
    return repository, digest


def images_of(finding: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    """Return (repository, digest, registry account or None) of every ECR image of a finding.

    Raises:
        BrokenPageError: None of its resources can be told.
    """
    resources = [row for row in finding.get("resources") or () if isinstance(row, Mapping)]
    if not resources:
        raise BrokenPageError("a finding has no resource", operation=INSPECTOR_FINDINGS)
    ours = [row for row in resources if row.get("type", ECR_IMAGE) == ECR_IMAGE]
    return list(dict.fromkeys(_image_of(row) for row in ours))


def _image_of(resource: Mapping[str, Any]) -> tuple[str, str, str | None]:
    details = (resource.get("details") or {}).get("awsEcrContainerImage") or {}
    repository, digest = details.get("repositoryName"), details.get("imageHash")
    if not repository or not digest:
        repository, digest = image_of_id(str(resource.get("id", "")))
    return repository, digest, details.get("registry") or account_of_id(resource.get("id", ""))


def account_of_id(resource_id: str) -> str | None:
    """Return the account in an image's ARN; None if it is no such ARN."""
    parts = resource_id.split(":")
    return parts[4] if len(parts) > 5 and parts[2] == "ecr" else None


def moment_of(value: Any) -> datetime | None:  # noqa: ANN401  parsed, or the number of the wire
    """Return a time (UTC) that an answer holds as a time or as epoch seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    return value if isinstance(value, datetime) else None


def vulnerability_of(finding: Mapping[str, Any]) -> str:
    """Return the vulnerability id of a finding.

    Raises:
        BrokenPageError: It names none.
    """
    identity = (finding.get("packageVulnerabilityDetails") or {}).get("vulnerabilityId")
    if not identity:
        raise BrokenPageError("a finding names no vulnerability", operation=INSPECTOR_FINDINGS)
    return str(identity)


def aliases_of(vulnerability: str, related: Any) -> list[str]:  # noqa: ANN401  as the wire has it
    """Return the related ids that name the same vulnerability, sorted.

    Advisories (ALAS, DSA, RHSA, ...) are left out. A CVE beside another, or one of several that an
    advisory bundles, is a vulnerability of its own.
    """
    own = _kind_of_id(vulnerability)
    others = {other for other in related or () if other and _kind_of_id(other) not in ("", own)}
    cves = {other for other in others if _kind_of_id(other) == "CVE"}
    return sorted(others if len(cves) <= 1 else others - cves)


def _kind_of_id(identity: str) -> str:
    """Return CVE or GHSA, or "" for an advisory."""
    found = _SAME_THING.match(identity)
    return found.group(1).upper() if found else ""


STATED = (
    *("vulnerability_id", "aliases", "severity", "severity_source", "native_severity"),
    *("cvss_score", "cvss_version", "cvss_vector", "title", "url", "native_id"),
    *("native_first_seen_at", "native_state", "package_name", "package_version", "package_type"),
    *("fixed_version", "fix_state", "location", "layer_digest"),
)
"""Columns of a statement."""
cells_of = itemgetter(*STATED)
"""The cells of a statement in the order of ``STATED``."""


def statements(finding: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``findings`` columns of each vulnerable package (without where it lies).

    A finding that names no package is one statement with the package left null. Packages that
    share name, version and path (the table's key) are one statement.

    Raises:
        BrokenPageError: The finding names no vulnerability.
    """
    common = _common(finding)
    told = finding["packageVulnerabilityDetails"].get("vulnerablePackages")
    packages: list[dict[str, Any] | None] = told or [None]
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for package in packages:
        row = _package(package or {}, finding.get("fixAvailable"))
        key = (row["package_name"], row["package_version"], row["location"])
        rows.setdefault(key, common | row)
    return list(rows.values())


def _common(finding: Mapping[str, Any]) -> dict[str, Any]:
    vulnerability = vulnerability_of(finding)
    details = finding["packageVulnerabilityDetails"]
    cvss = _leading_cvss(finding)
    return {
        "vulnerability_id": vulnerability,
        "aliases": aliases_of(vulnerability, details.get("relatedVulnerabilities")),
        "severity": normalise_severity(finding.get("severity")).value,
        "severity_source": cvss.get("scoreSource") or details.get("source"),
        "native_severity": finding.get("severity"),
        "cvss_score": cvss.get("score"),
        "cvss_version": cvss.get("version"),
        "cvss_vector": cvss.get("scoringVector"),
        "title": finding.get("title"),
        "url": details.get("sourceUrl"),
        "native_id": finding.get("findingArn"),
        "native_first_seen_at": finding.get("firstObservedAt"),
        "native_state": finding.get("status"),
    }


def _leading_cvss(finding: Mapping[str, Any]) -> Mapping[str, Any]:
    inspector = (finding.get("inspectorScoreDetails") or {}).get("adjustedCvss")
    through_ecr = (finding.get("scoreDetails") or {}).get("cvss")
    if found := inspector or through_ecr:
        return dict(found)
    score = finding.get("inspectorScore", finding.get("score"))
    scores = (finding.get("packageVulnerabilityDetails") or {}).get("cvss") or ()
    for entry in scores:
        if entry:
            return {**entry, "score": entry.get("baseScore")}
    return {"score": score}


def _package(package: Mapping[str, Any], fix_available: str | None) -> dict[str, Any]:
    fixed = package.get("fixedInVersion")
    fixed = None if fixed == _NO_VERSION else fixed or None
    return {
        "package_name": package.get("name"),
        "package_version": _version(package),
        "package_type": package.get("packageManager"),
        "fixed_version": fixed,
        "fix_state": _fix_state(fixed, package, fix_available).value,
        "location": package.get("filePath"),
        "layer_digest": package.get("sourceLayerHash"),
    }


def _version(package: Mapping[str, Any]) -> str | None:
    """Join what Inspector takes apart, in the form of its fixedInVersion: epoch:version-release."""
    version = package.get("version")
    if not version:
        return None
    epoch, release = package.get("epoch"), package.get("release")
    return f"{f'{epoch}:' if epoch else ''}{version}{f'-{release}' if release else ''}"


def _fix_state(
    fixed: str | None, package: Mapping[str, Any], fix_available: str | None
) -> FixState:
    """A version settles it; the word for the whole finding only counts where a package has none."""
    if fixed:
        return FixState.AVAILABLE
    if "fixedInVersion" in package or fix_available not in ("YES", "PARTIAL"):
        return FixState.NOT_AVAILABLE
    return FixState.AVAILABLE if fix_available == "YES" else FixState.UNKNOWN


def vulnerability(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``vulnerabilities`` columns that a finding tells of.

    The title of a finding lists packages after the id; only what is of the vulnerability is kept.

    Raises:
        BrokenPageError: The finding names no vulnerability.
    """
    identity = vulnerability_of(finding)
    details = finding["packageVulnerabilityDetails"]
    title = finding.get("title") or identity
    references = {*(details.get("referenceUrls") or ()), details.get("sourceUrl")}
    return {
        "vulnerability_id": identity,
        "aliases": aliases_of(identity, details.get("relatedVulnerabilities")),
        "title": identity if title.startswith(f"{identity} - ") else title,
        "description": finding.get("description"),
        "references": sorted(url for url in references if url),
        "cvss": [_cvss(entry) for entry in details.get("cvss") or () if entry],
        "published_at": details.get("vendorCreatedAt"),
        "epss_score": (finding.get("epss") or {}).get("score"),
    }


def _cvss(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": entry.get("source"),
        "version": entry.get("version"),
        "vector": entry.get("scoringVector"),
        "score": entry.get("baseScore"),
    }
