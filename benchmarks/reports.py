"""Generated reports of the size and shape that scanners write."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

SEED = 7
IMAGE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app"
DIGEST = f"sha256:{'1' * 64}"
WORDS = [
    "a",
    "flaw",
    "was",
    "found",
    "in",
    "the",
    "way",
    "that",
    "the",
    "parser",
    "of",
    "the",
    "header",
    "handles",
    "its",
    "length",
    "which",
    "may",
]
SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
Element = Callable[[random.Random, int], dict[str, Any]]


def trivy(path: Path, *, findings: int = 0, megabytes: int = 0) -> Path:
    """Write a Trivy report of one image: indented, as Trivy writes it."""
    head = {
        "SchemaVersion": 2,
        "CreatedAt": "2026-11-22T02:00:00Z",
        "ArtifactName": f"{IMAGE}:1",
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12"},
            "RepoDigests": [f"{IMAGE}@{DIGEST}"],
        },
    }
    result = {"Target": f"{IMAGE}:1 (debian 12)", "Class": "os-pkgs", "Type": "debian"}
    start = _open(head) + b',"Results":[' + _open(result) + b',"Vulnerabilities":['
    return _written(path, start, _trivy, b"]}]}", findings, megabytes)


def grype(path: Path, *, findings: int = 0, megabytes: int = 0) -> Path:
    """Write a Grype report of one image."""
    tail = {
        "source": {"type": "image", "target": {"userInput": f"{IMAGE}@{DIGEST}"}},
        "distro": {"name": "debian", "version": "12"},
        "descriptor": {"name": "grype", "version": "0.94.0", "timestamp": "2026-11-22T02:00:00Z"},
    }
    end = b"]," + orjson.dumps(tail)[1:]
    return _written(path, b'{"matches":[', _grype, end, findings, megabytes)


def inspector(path: Path, *, findings: int = 0, megabytes: int = 0) -> Path:
    """Write an answer of Inspector's ListFindings about many images."""
    return _written(path, b'{"findings":[', _inspector, b"]}", findings, megabytes)


FORMATS: Mapping[str, Callable[..., Path]] = {
    "trivy": trivy,
    "grype": grype,
    "inspector": inspector,
}


def _written(
    path: Path, start: bytes, element: Element, end: bytes, findings: int, megabytes: int
) -> Path:
    with path.open("wb") as file:
        file.write(start)
        for number, one in enumerate(_elements(element, findings)):
            if megabytes and file.tell() >= megabytes * 1_000_000:
                break
            file.write(b",\n" if number else b"\n")
            file.write(orjson.dumps(one, option=orjson.OPT_INDENT_2))
        file.write(end)
    return path


def _elements(element: Element, findings: int) -> Iterator[dict[str, Any]]:
    dice, number = random.Random(SEED), 0  # noqa: S311  no secret
    while not findings or number < findings:
        yield element(dice, number)
        number += 1


def _open(members: dict[str, Any]) -> bytes:
    return orjson.dumps(members)[:-1]


def _flaw(number: int) -> str:
    """Return an id: a vulnerability is stated of two packages on the average."""
    return f"CVE-2026-{10_000 + number // 2}"


def _prose(name: str, words: int) -> str:
    dice = random.Random(name)  # noqa: S311  the same words of the same vulnerability
    return " ".join(dice.choices(WORDS, k=words))


def _links(name: str, count: int) -> list[str]:
    return [f"https://advisories.example.com/{name}/{number}" for number in range(count)]


def _vector(name: str) -> str:
    return f"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:{'HLN'[len(name) % 3]}/I:N/A:H"


def _trivy(dice: random.Random, number: int) -> dict[str, Any]:
    name, package = _flaw(number), f"lib{number % 977}"
    return {
        "VulnerabilityID": name,
        "PkgID": f"{package}@1.{number}",
        "PkgName": package,
        "PkgIdentifier": {"PURL": f"pkg:deb/debian/{package}@1.{number}", "UID": f"{number:016x}"},
        "InstalledVersion": f"1.{number}",
        "FixedVersion": f"1.{number + 1}",
        "Status": "fixed",
        "Layer": {"Digest": DIGEST, "DiffID": DIGEST},
        "SeveritySource": "nvd",
        "PrimaryURL": f"https://avd.example.com/{name}",
        "DataSource": {"ID": "debian", "Name": "Debian", "URL": "https://example.com"},
        "Title": _prose(name, 8),
        "Description": _prose(name, 60),
        "Severity": dice.choice(SEVERITIES),
        "CweIDs": ["CWE-787"],
        "VendorSeverity": {"nvd": 3, "redhat": 2},
        "CVSS": {
            "nvd": {"V3Vector": _vector(name), "V3Score": 7.5},
            "redhat": {"V3Vector": _vector(name), "V3Score": 5.5},
        },
        "References": _links(name, 8),
        "PublishedDate": "2026-01-02T13:29:00Z",
        "LastModifiedDate": "2026-02-03T10:15:08.457Z",
    }


def _grype(dice: random.Random, number: int) -> dict[str, Any]:
    name, package = _flaw(number), f"lib{number % 977}"
    cvss = {
        "source": "nvd@nist.gov",
        "type": "Primary",
        "version": "3.1",
        "vector": _vector(name),
        "metrics": {"baseScore": 7.5, "exploitabilityScore": 3.9, "impactScore": 3.6},
        "vendorMetadata": {},
    }
    related = {
        "id": name,
        "dataSource": f"https://nvd.example.com/{name}",
        "namespace": "nvd:cpe",
        "severity": "High",
        "urls": _links(name, 8),
        "description": _prose(name, 60),
        "cvss": [cvss],
        "epss": [{"cve": name, "epss": 0.01, "percentile": 0.5, "date": "2026-11-01"}],
    }
    return {
        "vulnerability": {
            "id": name,
            "dataSource": f"https://tracker.example.com/{name}",
            "namespace": "debian:distro:debian:12",
            "severity": dice.choice(SEVERITIES).title(),
            "urls": [f"https://tracker.example.com/{name}"],
            "description": _prose(name, 60),
            "cvss": [],
            "epss": [{"cve": name, "epss": 0.01, "percentile": 0.5, "date": "2026-11-01"}],
            "fix": {"versions": [f"1.{number + 1}"], "state": "fixed"},
            "advisories": [],
            "risk": 0.4,
        },
        "relatedVulnerabilities": [related],
        "matchDetails": [
            {
                "type": "exact-direct-match",
                "matcher": "dpkg-matcher",
                "searchedBy": {"distro": {"type": "debian", "version": "12"}, "package": package},
                "found": {"vulnerabilityID": name, "versionConstraint": f"< 1.{number + 1} (deb)"},
            }
        ],
        "artifact": {
            "id": f"{number:016x}",
            "name": package,
            "version": f"1.{number}",
            "type": "deb",
            "locations": [{"path": "/var/lib/dpkg/status", "layerID": DIGEST}],
            "language": "",
            "licenses": ["GPL-2"],
            "cpes": [f"cpe:2.3:a:{package}:{package}:1.{number}:*:*:*:*:*:*:*"],
            "purl": f"pkg:deb/debian/{package}@1.{number}?arch=amd64&distro=debian-12",
            "upstreams": [],
        },
    }


def _inspector(dice: random.Random, number: int) -> dict[str, Any]:
    name, package = _flaw(number), f"lib{number % 977}"
    digest = f"sha256:{number % 500:064x}"
    return {
        "awsAccountId": "111111111111",
        "description": _prose(name, 60),
        "epss": {"score": 0.001},
        "exploitAvailable": "NO",
        "findingArn": f"arn:aws:inspector2:eu-west-1:111111111111:finding/{number:032x}",
        "firstObservedAt": "2026-02-02T16:30:33.045000+01:00",
        "fixAvailable": "YES",
        "inspectorScore": 5.5,
        "inspectorScoreDetails": {
            "adjustedCvss": {
                "adjustments": [],
                "cvssSource": "NVD",
                "score": 5.5,
                "scoreSource": "NVD",
                "scoringVector": _vector(name),
                "version": "3.1",
            }
        },
        "lastObservedAt": "2026-11-22T04:03:53.051000+02:00",
        "packageVulnerabilityDetails": {
            "cvss": [
                {
                    "baseScore": 5.5,
                    "scoringVector": _vector(name),
                    "source": "NVD",
                    "version": "3.1",
                }
            ],
            "referenceUrls": _links(name, 4),
            "relatedVulnerabilities": [],
            "source": "DEBIAN_CVE",
            "sourceUrl": f"https://tracker.example.com/{name}",
            "vendorSeverity": "unimportant",
            "vulnerabilityId": name,
            "vulnerablePackages": [
                {
                    "arch": "AMD64",
                    "epoch": 0,
                    "fixedInVersion": f"0:1.{number + 1}-1",
                    "name": package,
                    "packageManager": "OS",
                    "release": "1",
                    "remediation": "apt-get update && apt-get upgrade",
                    "sourceLayerHash": DIGEST,
                    "version": f"1.{number}",
                }
            ],
        },
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [
            {
                "details": {
                    "awsEcrContainerImage": {
                        "architecture": "amd64",
                        "imageHash": digest,
                        "imageTags": ["2.3.0"],
                        "platform": "DEBIAN_12",
                        "pushedAt": "2026-06-10T11:30:35+02:00",
                        "registry": "111111111111",
                        "repositoryName": "team/app",
                    }
                },
                "id": f"arn:aws:ecr:eu-west-1:111111111111:repository/team/app/{digest}",
                "partition": "aws",
                "region": "eu-west-1",
                "tags": {},
                "type": "AWS_ECR_CONTAINER_IMAGE",
            }
        ],
        "severity": dice.choice(SEVERITIES),
        "status": "ACTIVE",
        "title": f"{name} - {package}",
        "type": "PACKAGE_VULNERABILITY",
        "updatedAt": "2026-11-22T04:03:53.051000+02:00",
    }
