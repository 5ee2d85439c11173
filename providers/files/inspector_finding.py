"""One finding of Amazon Inspector, from inspector2 or through ECR -> findings. Pure.

ECR's ``enhancedFindings`` name score and link members differently from ListFindings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from audit.model.enums import FixState
from audit.normalise.severity import normalise_severity
from providers.files.fields import Record
from providers.files.rows import Cvss, Known

INSPECTOR = "inspector"
CLOSED = "CLOSED"
_SAME_THING = re.compile(r"(CVE|GHSA)-", re.IGNORECASE)
_NO_VERSION = "NotAvailable"


def statements(finding: Record) -> Iterator[dict[str, Any]]:
    """Yield a row for each vulnerable package; a finding that names none is one row.

    Packages that share name, version and path are one statement.
    """
    details = finding.record("packageVulnerabilityDetails")
    common = _common(finding, details)
    fix_available = finding.text("fixAvailable")
    seen = set()
    for package in details.records("vulnerablePackages") or [Record({})]:
        row = {**common, **_package(package, fix_available)}
        key = row["package_name"], row["package_version"], row["location"]
        if key not in seen:
            seen.add(key)
            yield row


def vulnerability_id(finding: Record) -> str:
    """Return the id of the vulnerability."""
    return finding.record("packageVulnerabilityDetails").needed_text("vulnerabilityId")


def learn(known: Known, finding: Record) -> None:
    """Keep what a finding tells of its vulnerability; its title lists packages after the id."""
    details = finding.record("packageVulnerabilityDetails")
    name = vulnerability_id(finding)
    title = finding.text("title")
    if title and not title.startswith(f"{name} - "):
        known.title = known.title or title
    known.aliases = (known.aliases or set()) | set(_aliases(name, details))
    known.description = known.description or finding.text("description")
    known.references.update(details.texts("referenceUrls"))
    if url := details.text("sourceUrl"):
        known.references.add(url)
    known.cvss.update(_scores(details))
    known.published_at = known.published_at or details.instant("vendorCreatedAt")
    score = finding.record("epss").number("score")
    if score is not None:
        known.epss = score, None


def _common(finding: Record, details: Record) -> dict[str, Any]:
    name = details.needed_text("vulnerabilityId")
    told = finding.record("inspectorScoreDetails").record("adjustedCvss")
    if not told.members():
        told = finding.record("scoreDetails").record("cvss")
    severity = finding.text("severity")
    return {
        "vulnerability_id": name,
        "aliases": _aliases(name, details),
        "severity": normalise_severity(severity).value,
        "severity_source": told.text("scoreSource") or details.text("source"),
        "native_severity": severity,
        **_lead(finding, details, told),
        "title": finding.text("title"),
        "url": details.text("sourceUrl"),
        "native_id": finding.text("findingArn"),
        "native_first_seen_at": finding.instant("firstObservedAt"),
        "native_state": finding.text("status"),
    }


def _lead(finding: Record, details: Record, told: Record) -> dict[str, Any]:
    if told.members():
        version, vector = told.text("version"), told.text("scoringVector")
        return Cvss(None, version, vector, told.number("score")).lead()
    for one in _scores(details):
        return one.lead()
    score = finding.number("inspectorScore")
    return {"cvss_score": finding.number("score") if score is None else score}


def _scores(details: Record) -> list[Cvss]:
    return [
        Cvss(
            one.text("source"),
            one.text("version"),
            one.text("scoringVector"),
            one.number("baseScore"),
        )
        for one in details.records("cvss")
    ]


def _aliases(name: str, details: Record) -> list[str]:
    """Return the related ids that name the same vulnerability; advisories are left out.

    A CVE beside another, or one of several that an advisory bundles, is one of its own.
    """
    own = _kind(name)
    others = {one for one in details.texts("relatedVulnerabilities") if _kind(one) not in ("", own)}
    cves = {one for one in others if _kind(one) == "CVE"}
    return sorted(others if len(cves) <= 1 else others - cves)


def _kind(name: str) -> str:
    found = _SAME_THING.match(name)
    return found[1].upper() if found else ""


def _package(package: Record, fix_available: str | None) -> dict[str, Any]:
    fixed = package.text("fixedInVersion")
    fixed = None if fixed == _NO_VERSION else fixed
    return {
        "package_name": package.text("name"),
        "package_version": joined_version(package.raw("epoch"), package, "version", "release"),
        "package_type": package.text("packageManager"),
        "fixed_version": fixed,
        "fix_state": _fix_state(fixed, package, fix_available).value,
        "location": package.text("filePath"),
        "layer_digest": package.text("sourceLayerHash"),
    }


def joined_version(epoch: object, package: Record, version: str, release: str) -> str | None:
    """Join what AWS takes apart, in the form of its fixed versions: epoch:version-release."""
    told, after = package.text(version), package.text(release)
    if told is None:
        return None
    before = f"{epoch}:" if epoch not in (None, 0, "0", "") else ""
    return f"{before}{told}{f'-{after}' if after else ''}"


def _fix_state(fixed: str | None, package: Record, fix_available: str | None) -> FixState:
    """A version settles it; the word for the whole finding counts where a package has none."""
    if fixed:
        return FixState.AVAILABLE
    if package.has("fixedInVersion") or fix_available not in ("YES", "PARTIAL"):
        return FixState.NOT_AVAILABLE
    return FixState.AVAILABLE if fix_available == "YES" else FixState.UNKNOWN
