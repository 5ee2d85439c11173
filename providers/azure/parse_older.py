"""Defender's sub-assessments: one row is one CVE of one image. Pure.

The shape before the individual recommendations. Microsoft retired it on 2026-07-31; clouds that
lag and exported archives still have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.errors import BrokenPageError
from providers.azure.parse_assessments import Software, registry_id, status_words
from providers.azure.values import dig, digest, moment, number, pick, text

_OPERATION = "resourcegraph:subassessments"
_SAME_NAME = ("severity", "references", "publishedDate")


def older(row: Mapping[str, Any]) -> Software:
    """Read one row of ``microsoft.security/assessments/subassessments`` as it is projected.

    Raises:
        BrokenPageError: The row does not tell its image, so it may be about any.
    """
    additional = pick(row, "additionalData")
    artifact = pick(additional, "artifactDetails")
    subject = digest(pick(artifact, "digest"))
    if subject is None:
        raise BrokenPageError(f"{row['id']} names no image digest", operation=_OPERATION)
    code = status_words(pick(row, "statusCode"), pick(row, "statusCause"))
    entry = _entry(row, additional)
    mended, named = code.lower() == "healthy", entry["cveid"] is not None
    when = moment(pick(row, "timeGenerated"))
    return Software(
        row_id=str(row["id"]),
        digest=subject,
        repository=_repository(artifact),
        registry_native_id=registry_id(row),
        code=code,
        title=text(pick(row, "displayName")),
        first_seen_at=None,
        evaluated_at=when,
        additional=_package(pick(additional, "softwareDetails")),
        cves=() if mended or not named else (entry,),
        problem=None if mended or named else "it names no CVE",
    )


def plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Project a whole row, as an archive holds it, to the columns that :func:`older` reads."""
    properties = pick(raw, "properties")
    names = ("displayName", "description", "resourceDetails", "additionalData")
    return {
        "id": str(pick(raw, "id")),
        **{name: pick(properties, name) for name in names},
        "statusCode": dig(properties, "status", "code"),
        "statusCause": dig(properties, "status", "cause"),
        "timeGenerated": pick(properties, "timeGenerated") or pick(raw, "timeGenerated"),
    }


def _repository(artifact: object) -> str | None:
    host, name = (text(pick(artifact, key)) for key in ("registryHost", "repositoryName"))
    return f"{host}/{name}" if host and name else name


def _package(details: object) -> dict[str, Any]:
    """Return the package under the names of the present shape."""
    return {
        "SoftwareName": pick(details, "packageName"),
        "PackageType": pick(details, "category"),
        "Language": pick(details, "language"),
        "FixedVersion": pick(details, "fixedVersion"),
        "DetectedSoftwareVersions": pick(details, "version"),
    }


def _entry(row: Mapping[str, Any], additional: object) -> dict[str, Any]:
    """Return the CVE under the names of the present shape, in lower case."""
    details = pick(additional, "vulnerabilityDetails")
    package = pick(additional, "softwareDetails")
    merged = {name.lower(): pick(details, name) for name in _SAME_NAME}
    merged |= {name.lower(): pick(package, name) for name in ("fixStatus", "fixedVersion")}
    score = number(pick(additional, "cvssV30Score"))
    cvss = pick(details, "cvss")
    if not cvss and score is not None:
        cvss = {"3.0": {"base": score}}
    return merged | {
        "cveid": text(pick(details, "cveId")) or text(pick(row, "displayName")),
        "cvss": cvss,
        "description": pick(row, "description"),
    }
