"""Small reports in the scanners' shapes, written for these tests."""

from __future__ import annotations

import base64
import copy
import hashlib
from typing import Any

import orjson

ONE, TWO, LAYER, CONFIG = (f"sha256:{digit * 64}" for digit in "12ab")


def trivy(**changes: Any) -> dict[str, Any]:
    """Return a Trivy report of ECR's team/app:1.0 with an OS and a language result."""
    report: dict[str, Any] = {
        "SchemaVersion": 2,
        "Trivy": {"Version": "0.76.0"},
        "CreatedAt": "2026-11-22T02:00:00.000000005Z",
        "ArtifactName": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.0",
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.1", "EOSL": True},
            "ImageID": CONFIG,
            "RepoTags": ["111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.0"],
            "RepoDigests": [f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app@{ONE}"],
            "ImageConfig": {
                "os": "linux",
                "architecture": "arm64",
                "variant": "v8",
                "created": "2026-11-01T10:00:00.5Z",
                "config": {"Labels": {"org.opencontainers.image.base.name": "debian:12", "a": ""}},
            },
        },
        "Results": [
            {
                "Target": "team/app:1.0 (debian 12.1)",
                "Class": "os-pkgs",
                "Type": "debian",
                "Vulnerabilities": [openssl(), openssl(PkgName="libssl3")],
            },
            {
                "Target": "app/package-lock.json",
                "Class": "lang-pkgs",
                "Type": "npm",
                "Vulnerabilities": [
                    {
                        "VulnerabilityID": "GHSA-aaaa-bbbb-cccc",
                        "PkgName": "minimist",
                        "InstalledVersion": "1.2.0",
                        "Layer": {"DiffID": LAYER},
                        "Severity": "LOW",
                    }
                ],
                "ExperimentalModifiedFindings": [
                    {"Type": "vulnerability", "Status": "ignored"},
                    {"Type": "secret", "Status": "ignored"},
                ],
            },
        ],
    }
    return {**copy.deepcopy(report), **changes}


def openssl(**changes: Any) -> dict[str, Any]:
    """Return one entry of Trivy's Vulnerabilities."""
    entry = {
        "VulnerabilityID": "CVE-2026-0001",
        "VendorIDs": ["DSA-1-1"],
        "PkgName": "openssl",
        "PkgIdentifier": {"PURL": "pkg:deb/debian/openssl@3.0.1?arch=arm64"},
        "InstalledVersion": "3.0.1",
        "FixedVersion": "3.0.2",
        "Status": "fixed",
        "Layer": {"Digest": LAYER, "DiffID": TWO},
        "SeveritySource": "debian",
        "PrimaryURL": "https://avd.aquasec.com/nvd/cve-2026-0001",
        "Title": "openssl: a bug",
        "Description": "It is bad.",
        "Severity": "HIGH",
        "CVSS": {
            "ghsa": {"V40Score": 9.9, "V40Vector": "CVSS:4.0/AV:N"},
            "nvd": {
                "V2Score": 5,
                "V2Vector": "AV:N/AC:L",
                "V3Score": 7.5,
                "V3Vector": "CVSS:3.1/AV:N",
            },
        },
        "References": ["https://b.example/2", "https://a.example/1"],
        "PublishedDate": "2026-10-01T13:29:00.22Z",
    }
    return {**entry, **changes}


def grype(**changes: Any) -> dict[str, Any]:
    """Return a Grype report in the shape of 0.94, of an image pulled from a registry."""
    report = {
        "matches": [match(), match("python-matcher")],
        "source": {"type": "image", "target": target()},
        "distro": {"name": "debian", "version": "12", "idLike": []},
        "descriptor": {
            "name": "grype",
            "version": "0.94.0",
            "db": {"status": {"built": "2026-11-20T04:12:38Z", "valid": True}},
            "timestamp": "2026-11-22T11:05:22.636338786Z",
        },
    }
    return {**report, **changes}


def old_grype() -> dict[str, Any]:
    """Return the same report in the shape of 0.28."""
    return grype(
        descriptor={
            "name": "grype",
            "version": "0.28.0",
            "db": {"built": "2021-12-24T08:14:02Z", "schemaVersion": 3, "error": None},
        }
    )


def target(*, unpacked: bool = False, **changes: Any) -> dict[str, Any]:
    """Return source.target; ``unpacked`` as of a local daemon, whose manifest Grype makes up."""
    layer = ONE if unpacked else LAYER
    manifest = orjson.dumps({"schemaVersion": 2, "layers": [{"digest": layer}]})
    config = orjson.dumps(
        {"os": "linux", "architecture": "amd64", "created": "2026-01-01T00:00:00Z"}
    )
    whole = {
        "userInput": "example.azurecr.io/shop/cart:2",
        "imageID": CONFIG,
        "manifestDigest": digest_of(manifest),
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "tags": ["example.azurecr.io/shop/cart:2"],
        "repoDigests": [f"example.azurecr.io/shop/cart@{TWO}"],
        "layers": [{"digest": ONE, "size": 3}],
        "manifest": base64.b64encode(manifest).decode(),
        "config": base64.b64encode(config).decode(),
        "labels": {"team": "shop"},
    }
    return {**whole, **changes}


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def match(matcher: str = "dpkg-matcher", **vulnerability: Any) -> dict[str, Any]:
    """Return one of Grype's matches; changes are of its vulnerability."""
    return {
        "vulnerability": {
            "id": "GHSA-xxxx-yyyy-zzzz",
            "dataSource": "https://example.com/GHSA-xxxx-yyyy-zzzz",
            "namespace": "github:language:python",
            "severity": "Negligible",
            "urls": ["https://example.com/u"],
            "description": "Own words.",
            "cvss": [],
            "fix": {"versions": ["2.0", "1.9.1"], "state": "fixed"},
            "epss": [{"cve": "CVE-2026-0002", "epss": 0.2, "percentile": 0.9}],
            **vulnerability,
        },
        "relatedVulnerabilities": [
            {
                "id": "CVE-2026-0002",
                "namespace": "nvd:cpe",
                "cvss": [
                    {"version": "2.0", "vector": "AV:N", "metrics": {"baseScore": 10}},
                    {
                        "version": "3.1",
                        "type": "Secondary",
                        "source": "cna@example.com",
                        "vector": "CVSS:3.1/S",
                        "metrics": {"baseScore": 4.5},
                    },
                    {
                        "version": "3.1",
                        "type": "Primary",
                        "source": "nvd@nist.gov",
                        "vector": "CVSS:3.1/P",
                        "metrics": {"baseScore": 6.5},
                    },
                ],
                "knownExploited": [{"cve": "CVE-2026-0002", "dateAdded": "2026-03-01"}],
            },
        ],
        "matchDetails": [{"matcher": matcher}],
        "artifact": {
            "name": "django",
            "version": "1.9",
            "type": "python",
            "locations": [{"path": "/usr/lib/django", "layerID": LAYER}],
            "purl": "pkg:pypi/django@1.9",
        },
    }
