"""One Inspector finding, in the shape of Inspector and in that of ECR's enhanced scanning.

The two APIs give the same content under different names: ``inspectorScore`` and
``inspectorScoreDetails.adjustedCvss`` against ``score`` and ``scoreDetails.cvss``; ECR has no
partition, region or provider of the resource.
"""

from __future__ import annotations

import hashlib
from typing import Any

from providers.loopback.aws.past import FindingAt, ImageAt, When, scan_time
from providers.loopback.aws.wire import epoch, without_empty
from providers.loopback.aws.world import RegistryView
from providers.loopback.estate import Statement
from providers.loopback.packages import split_version

_NO_FIX = "NotAvailable"  # the literal that Inspector sends in place of a version
IMAGE_TYPE = "AWS_ECR_CONTAINER_IMAGE"


def resource_id(view: RegistryView, at: ImageAt) -> str:
    """Return the ARN-like id of an image; a repository name in it may hold slashes."""
    return f"{view.repository_arn(at.repository.name)}/{at.image.digest}"


def inspector_finding(view: RegistryView, finding: FindingAt) -> dict[str, Any]:
    """Return the finding as ListFindings gives it."""
    first = finding.statements[0]
    score = _score(first)
    resource = _resource(view, finding.at) | {
        "partition": "aws",
        "region": view.region,
        "provider": "AWS",
        "providerAccountId": view.account,
    }
    adjusted = {"adjustedCvss": score | {"cvssSource": "NVD"}} if score else None
    return without_empty(
        {
            **_common(view, finding),
            "resources": [resource],
            "inspectorScore": first.cvss_score,
            "inspectorScoreDetails": adjusted,
        }
    )


def enhanced_finding(view: RegistryView, finding: FindingAt) -> dict[str, Any]:
    """Return the finding as DescribeImageScanFindings gives it among ``enhancedFindings``."""
    first = finding.statements[0]
    score = _score(first)
    return without_empty(
        {
            **_common(view, finding),
            "resources": [_resource(view, finding.at) | {"tags": {}}],
            "score": first.cvss_score,
            "scoreDetails": {"cvss": score} if score else None,
        }
    )


def _common(view: RegistryView, finding: FindingAt) -> dict[str, Any]:
    image, first = finding.at.image, finding.statements[0]
    seen = scan_time(image)
    when = finding.when or When(seen, seen)
    named = f"{resource_id(view, finding.at)}\0{first.vulnerability_id}"
    identity = hashlib.sha256(named.encode()).hexdigest()[:32]
    return {
        "findingArn": f"arn:aws:inspector2:{view.region}:{view.account}:finding/{identity}",
        "awsAccountId": view.account,
        "type": "PACKAGE_VULNERABILITY",
        "title": first.title,
        "description": first.title,
        "remediation": {"recommendation": {"text": "None Provided"}},
        "severity": first.native_severity,
        "firstObservedAt": epoch(when.first),
        "lastObservedAt": epoch(seen),
        "updatedAt": epoch(when.updated),
        "status": finding.status,
        "fixAvailable": _fix_available(finding.statements),
        "exploitAvailable": "NO",
        "packageVulnerabilityDetails": _details(finding),
    }


def _details(finding: FindingAt) -> dict[str, Any]:
    first = finding.statements[0]
    architecture = (finding.at.image.architecture or "").upper() or None
    return {
        "vulnerabilityId": first.vulnerability_id,
        "source": "NVD",
        "sourceUrl": f"https://nvd.nist.gov/vuln/detail/{first.vulnerability_id}",
        "cvss": _cvss(first),
        "relatedVulnerabilities": [],
        "referenceUrls": [],
        "vulnerablePackages": [_package(one, architecture) for one in finding.statements],
    }


def _package(statement: Statement, architecture: str | None) -> dict[str, Any]:
    version = split_version(statement)
    return without_empty(
        {
            "name": statement.package,
            "version": version.upstream,
            "epoch": version.epoch,
            "release": version.release or None,
            "arch": architecture,
            "packageManager": statement.package_type,
            "fixedInVersion": statement.fixed_version or _NO_FIX,
        }
    )


def _cvss(statement: Statement) -> list[dict[str, Any]]:
    if statement.cvss_score is None:
        return []
    return [
        {
            "baseScore": statement.cvss_score,
            "scoringVector": statement.cvss_vector or "",
            "source": "NVD",
            "version": _cvss_version(statement),
        }
    ]


def _score(statement: Statement) -> dict[str, Any] | None:
    if statement.cvss_score is None:
        return None
    return {
        "score": statement.cvss_score,
        "scoreSource": "NVD",
        "scoringVector": statement.cvss_vector or "",
        "version": _cvss_version(statement),
        "adjustments": [],
    }


def _cvss_version(statement: Statement) -> str:
    prefix = (statement.cvss_vector or "").partition("/")[0]
    return prefix.removeprefix("CVSS:") if prefix.startswith("CVSS:") else "2.0"


def _fix_available(statements: tuple[Statement, ...]) -> str:
    fixed = sum(one.fixed_version is not None for one in statements)
    if fixed == len(statements):
        return "YES"
    return "PARTIAL" if fixed else "NO"


def _resource(view: RegistryView, at: ImageAt) -> dict[str, Any]:
    image = at.image
    details = without_empty(
        {
            "repositoryName": at.repository.name,
            "imageHash": image.digest,
            "imageTags": list(image.tags),
            "registry": view.account,
            "pushedAt": epoch(image.pushed_at),
            "architecture": image.architecture,
            "inUseCount": image.in_use_count,
        }
    )
    return {
        "type": IMAGE_TYPE,
        "id": resource_id(view, at),
        "details": {"awsEcrContainerImage": details},
    }
