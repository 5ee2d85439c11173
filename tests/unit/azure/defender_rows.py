"""Defender rows as the tests of its parsers take them."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.azure.support import Row

DIGEST = f"sha256:{'ab' * 32}"
REGISTRY = (
    "/subscriptions/S/resourceGroups/RG/providers/Microsoft.ContainerRegistry/registries/Acme"
)
CVE = {
    "CveId": "CVE-2026-1",
    "AdditionalIdentifiers": ["GHSA-aaaa-bbbb-cccc", "RHSA-2026:1", "CVE-2026-1"],
    "Severity": "High",
    "Cvss": [
        {"Key": "2", "Value": {"Base": 5.0, "CvssVectorString": "AV:N/AC:L/Au:N/C:P/I:N/A:N"}},
        {"Key": "3", "Value": {"Base": 7.5, "CvssVectorString": "CVSS:3.1/AV:N/AC:L"}},
    ],
    "CvssSource": "NVD",
    "FixStatus": "FixAvailable",
    "FixedVersion": "3.0.13",
    "PublishedDate": "2026-01-02T00:00:00Z",
    "References": [
        {"title": "x", "link": "https://b.example"},
        "https://a.example",
        {"link": "javascript:alert(1)"},
    ],
}


def row(**changes: object) -> Row:
    image = {
        "RepositoryDetails": {"RepositoryName": "team/app"},
        "Digest": DIGEST.upper().replace("SHA256", "sha256"),
        "LastPushedToRegistryUTC": "2026-11-01T00:00:00Z",
    }
    plain: Row = {
        "id": f"{REGISTRY}/providers/Microsoft.Security/assessments/1",
        "displayName": "Update openssl",
        "statusCode": "Unhealthy",
        "firstEvaluationDate": "2026-08-28T04:11:02Z",
        "statusChangeDate": "2026-09-01T00:00:00Z",
        "resourceDetails": {"Source": "Azure", "Id": f"{REGISTRY}/repositories/team/app/images/x"},
        "resourceAdditionalData": json.dumps(image),
        "additionalData": additional([CVE]),
    }
    return plain | changes


def additional(details: object, **changes: object) -> Row:
    return {
        "SoftwareName": "openssl",
        "PackageType": "OS",
        "Language": "",
        "FixedVersion": "3.0.14",
        "ScannersDetails": {"mdvm": {"DetectedSoftwareVersions": ["3.0.11"]}},
        "CvesDetails": details,
    } | changes


def camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: camel(inner) for name, inner in value.items()}
    return [camel(inner) for inner in value] if isinstance(value, list) else value
