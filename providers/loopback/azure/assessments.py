"""Defender's findings as Resource Graph rows, in the shape that follows 2026-07-31.

One row (``microsoft.security/assessments``) is one image digest and one software package; the
CVEs of that package are inside, in ``additionalData.CvesDetails``. What public collectors met in
the field is served too, chosen by digest and so the same on every run: ``CvesDetails`` as a JSON
string or as a list, the keys inside ``additionalData`` and ``resourceAdditionalData`` in
PascalCase or camelCase, and two spellings of ``resourceDetails.Id``, which always begins with the
ARM id of the registry. Titles are not: this shape has none for a CVE.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from providers.loopback.azure.exemptions import exempted, key_of
from providers.loopback.azure.older import older_rows
from providers.loopback.azure.subject import Subject
from providers.loopback.azure.times import seconds, ticks
from providers.loopback.estate import (
    Exemption,
    Image,
    Place,
    Registry,
    Repository,
    Scan,
    Statement,
)

_SEVERITIES = ("Critical", "High", "Medium", "Low")


def assessment_rows(
    place: Place, tenant: str, *, bare: bool = False, exemptions: Sequence[Exemption] = ()
) -> Iterator[dict[str, Any]]:
    """Yield every assessment row of a subscription: its images, then those it merely sees.

    Args:
        place: The subscription.
        tenant: Its tenant.
        bare: Rows name the CVEs of a package and leave ``CvesDetails`` null.
        exemptions: Those that last.
    """
    for registry in place.registries:
        for repository in registry.repositories:
            for image in repository.images:
                if image.scan and image.scan.native:
                    subject = _subject(place, tenant, registry, repository, image)
                    subject = exempted(subject, exemptions)
                    yield from _rows_of(replace(subject, bare=bare), place, registry, image)
    yield from _elsewhere(place, tenant)


def writes_list(digest: str) -> bool:
    """Whether the rows of a digest give ``CvesDetails`` as a list, not as a JSON string."""
    return _variant(digest) % 2 == 0


def writes_camel(digest: str) -> bool:
    """Whether the rows of a digest write their inner keys in camelCase."""
    return _variant(digest) % 3 == 0


def _variant(digest: str) -> int:
    """A number from 0 to 255 drawn from the digest: which of the shapes its rows have."""
    return hashlib.sha256(digest.encode()).digest()[0]


def _subject(
    place: Place, tenant: str, registry: Registry, repository: Repository, image: Image
) -> Subject:
    # Both spellings were seen in the field, and ARM ids are to be compared without regard to case.
    plain = f"{registry.native_id}/repositories/{repository.name}/images/{image.digest}"
    dashed = f"{registry.native_id.lower()}/repositories-{repository.name}-images-{image.digest}"
    return Subject(
        place.account,
        tenant,
        repository.name,
        image.digest,
        plain if _variant(image.digest) % 5 else dashed,
        pushed=ticks(image.pushed_at),
    )


def _image_rows(subject: Subject, scan: Scan) -> Iterator[dict[str, Any]]:
    """Rows of packages under the first status code; every code left over is a row without CVEs."""
    packages: dict[tuple[str, str], list[Statement]] = {}
    for statement in scan.statements:
        if statement.vulnerability_id in subject.hidden:
            continue
        packages.setdefault((statement.package, statement.version), []).append(statement)
    for statements in packages.values():
        yield _row(subject, scan, scan.native[0], statements)
    for code in scan.native[1:] if packages else scan.native:
        yield _row(subject, scan, code, [])


def _rows_of(
    subject: Subject, place: Place, registry: Registry, image: Image
) -> Iterator[dict[str, Any]]:
    """Rows of an image in the shapes that the subscription has."""
    shapes, scan = place.settings.get("defender_rows", "individual"), image.scan
    if scan is None:
        return
    if shapes != "older":
        yield from _image_rows(subject, scan)
        yield from _container_rows(subject, scan, image.in_use_count or 0)
    if shapes != "individual":
        yield from older_rows(subject, registry, scan)


def _container_rows(subject: Subject, scan: Scan, count: int) -> Iterator[dict[str, Any]]:
    """Rows of the containers that run an image with flaws: one for each package of each."""
    cluster = f"/subscriptions/{subject.subscription}/managedClusters/prod/containers"
    for number in range(count if scan.statements else 0):
        name = f"{cluster}/{subject.digest[7:19]}-{number}"
        container = replace(subject, resource_type="K8s-container", resource_id=name)
        yield from _image_rows(container, scan)


def _elsewhere(place: Place, tenant: str) -> Iterator[dict[str, Any]]:
    """Images of a connected AWS account and of a cluster: none of them is in a registry here."""
    for number, (source, kind) in enumerate(
        (("AWS", ".containerimage"), ("AWS", ".containerimage"), ("Azure", "K8s-container"))
    ):
        digest = (
            "sha256:" + hashlib.sha256(f"{place.account}/{source}/{number}".encode()).hexdigest()
        )
        name = f"elsewhere/app{number}"
        native = f"arn:aws:ecr:us-east-1:999999999999:repository/{name}/{digest}"
        subject = Subject(place.account, tenant, name, digest, native, source, kind)
        yield _row(subject, Scan(("Unhealthy",), "assessed"), "Unhealthy", [_FOREIGN])


def _row(
    subject: Subject, scan: Scan, code: str, statements: Sequence[Statement]
) -> dict[str, Any]:
    package = statements[0].package if statements else ""
    version = statements[0].version if statements else ""
    where = uuid.uuid5(uuid.NAMESPACE_URL, f"{subject.resource_id}|{version}|{code}")
    prefix, name = f"/subscriptions/{subject.subscription}/resources/{where}", key_of(package)
    return {
        "id": f"{prefix}/providers/Microsoft.Security/assessments/{name}",
        "name": name,
        "type": "microsoft.security/assessments",
        "tenantId": subject.tenant,
        "subscriptionId": subject.subscription,
        "properties": {
            "displayName": f"Update {package}" if package else "Update software of the image",
            "status": _status(scan, code, exempt=package in subject.exempt),
            "metadata": _metadata(statements),
            "resourceDetails": _resource_details(subject),
            "resourceAdditionalData": _resource_data(subject),
            "additionalData": _additional_data(subject, statements),
        },
    }


def _status(scan: Scan, code: str, *, exempt: bool) -> dict[str, Any]:
    status: dict[str, Any] = {"code": "NotApplicable" if exempt else code}
    if scan.scanned_at:
        when = seconds(scan.scanned_at)
        status |= {"firstEvaluationDate": when, "statusChangeDate": when}
    if exempt:
        status |= {"cause": "Exempt", "description": "The resource is exempt"}
    elif code == "NotApplicable":
        status |= {"cause": "NotSupported", "description": "The image could not be assessed"}
    return status


def _metadata(statements: Sequence[Statement]) -> dict[str, Any]:
    words = {statement.native_severity.casefold() for statement in statements}
    worst = [word for word in _SEVERITIES if word.casefold() in words]
    return {
        "severity": worst[0] if worst else "Low",
        "recommendationCategory": "SoftwareUpdate",
        "assessmentType": "BuiltIn",
    }


def _resource_details(subject: Subject) -> dict[str, Any]:
    return {
        "Source": subject.source,
        "ResourceType": subject.resource_type,
        "ResourceName": subject.repository,
        "Id": subject.resource_id,
    }


def _resource_data(subject: Subject) -> str:
    data = {
        "RepositoryDetails": {"RepositoryName": subject.repository},
        "Digest": subject.digest,
        "LastPushedToRegistryUTC": subject.pushed,
    }
    return json.dumps(_shaped(data, subject), separators=(",", ":"))


def _additional_data(subject: Subject, statements: Sequence[Statement]) -> Any:  # noqa: ANN401  JSON
    if not statements:
        return _shaped({"CvesDetails": None}, subject)
    first = statements[0]
    if first.package in subject.stripped:
        return _shaped({"SoftwareName": first.package, "CvesDetails": None}, subject)
    cves = _shaped([_cve(statement) for statement in statements], subject)
    fixed = first.fixed_version or ""
    mdvm = {
        "DetectedSoftwareVersions": [first.version],
        "FixedVersion": fixed,
        "CvesIds": [statement.vulnerability_id for statement in statements],
    }
    data = {
        "SoftwareName": first.package,
        "PackageType": first.package_type,
        "Language": "",
        "MaxCvssScore": str(max((s.cvss_score or 0.0 for s in statements), default=0.0)),
        "FixedVersion": fixed,
        "DetectedSoftwareVersions": first.version,
        "ScannersDetails": {"mdvm": mdvm},
        "CvesDetails": None if subject.bare else _written(cves, subject),
    }
    return _shaped(data, subject)


def _written(cves: object, subject: Subject) -> object:
    return cves if writes_list(subject.digest) else json.dumps(cves)


def _cve(statement: Statement) -> dict[str, Any]:
    return {
        "CveId": statement.vulnerability_id,
        "AdditionalIdentifiers": [],
        "Severity": statement.native_severity,
        "Cvss": _cvss(statement),
        "FixStatus": "NoFixAvailable" if statement.fixed_version is None else "FixAvailable",
        "FixedVersion": statement.fixed_version or "",
        "PublishedDate": None,
        "ExploitabilityDetails": {"IsInExploitKit": False, "IsVerified": False},
    }


def _cvss(statement: Statement) -> list[dict[str, Any]] | None:
    if statement.cvss_score is None:
        return None
    vector = statement.cvss_vector or ""
    key = vector[5] if vector.startswith("CVSS:") else "3"
    return [{"Key": key, "Value": {"Base": statement.cvss_score, "CvssVectorString": vector}}]


def _shaped(value: Any, subject: Subject) -> Any:  # noqa: ANN401  any JSON value
    return _camel(value) if writes_camel(subject.digest) else value


def _camel(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(part) for key, part in value.items()}
    return [_camel(part) for part in value] if isinstance(value, list) else value


_FOREIGN = Statement(
    vulnerability_id="CVE-2020-0001",
    package="elsewhere",
    version="1.0",
    package_type="OS",
    native_severity="High",
    severity="HIGH",
    fixed_version="1.1",
    cvss_score=7.5,
    cvss_vector=None,
    title="",
)
