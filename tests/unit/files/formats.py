"""A small report in every format, with what must come of it, written for these tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from tests.unit.files.documents import CONFIG, ONE, grype, old_grype, openssl, target, trivy

ACCOUNT = "111111111111"
ECR = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
ARN = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/team/app/{ONE}"
IMAGE = f"ghcr.io/team/app@{ONE}"


class Expected(NamedTuple):
    """What must come of a report.

    Attributes:
        stated: (source, vulnerability, package, version, severity word, native id) of each finding.
        images: (registry, repository, digest) of each image.
        vex: Number of VEX statements.
    """

    document: Any
    stated: Sequence[tuple[str | None, ...]]
    images: Sequence[tuple[str, str, str]]
    vex: int = 0


def inspector_finding(**changes: Any) -> dict[str, Any]:
    """Return a finding of inspector2 ListFindings about two packages of team/app."""
    finding = {
        "findingArn": f"arn:aws:inspector2:eu-west-1:{ACCOUNT}:finding/{'0' * 32}",
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "title": "CVE-2026-0001 - libssl, openssl",
        "severity": "MEDIUM",
        "firstObservedAt": 1725468938.4,
        "lastObservedAt": "2026-11-20T04:00:00+02:00",
        "updatedAt": 1725468938.4,
        "status": "ACTIVE",
        "fixAvailable": "YES",
        "inspectorScoreDetails": {"adjustedCvss": {"score": 5.9, "version": "3.1"}},
        "epss": {"score": 0.5},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-0001",
            "source": "UBUNTU_CVE",
            "cvss": [{"baseScore": 5.9, "version": "3.1", "source": "NVD"}],
            "vulnerablePackages": [
                {"name": "libssl", "version": "3.0", "epoch": 1, "release": "2", "filePath": "a"},
                {"name": "openssl", "version": "3.0", "fixedInVersion": "0:3.1-1"},
            ],
        },
        "resources": [
            {
                "type": "AWS_ECR_CONTAINER_IMAGE",
                "id": ARN,
                "details": {"awsEcrContainerImage": {"imageTags": ["1"], "architecture": "arm64"}},
            }
        ],
    }
    return {**finding, **changes}


_FINDING = inspector_finding()["findingArn"]
INSPECTOR = [
    ("inspector", "CVE-2026-0001", "libssl", "1:3.0-2", "MEDIUM", _FINDING),
    ("inspector", "CVE-2026-0001", "openssl", "3.0", "MEDIUM", _FINDING),
]
TEAM_APP = [(ECR, "team/app", ONE)]
GHCR = [("ghcr.io", "team/app", ONE)]


def ecr_answer(**changes: Any) -> dict[str, Any]:
    """Return an answer of ecr DescribeImageScanFindings, enhanced."""
    answer = {
        "registryId": ACCOUNT,
        "repositoryName": "team/app",
        "imageId": {"imageDigest": ONE, "imageTag": "1"},
        "imageScanStatus": {"status": "ACTIVE"},
        "imageScanFindings": {
            "imageScanCompletedAt": 1725468938.4,
            "findingSeverityCounts": {"MEDIUM": 1},
            "enhancedFindings": [inspector_finding()],
        },
    }
    return {**answer, **changes}


def basic_answer() -> dict[str, Any]:
    """Return an answer about basic scanning, which names no region."""
    attributes = {"package_name": "libfoo", "package_version": "1.2", "CVSS3_SCORE": "7.5"}
    finding = {
        "name": "CVE-2026-0002",
        "severity": "UNDEFINED",
        "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
    }
    held = {"findingSeverityCounts": {"UNDEFINED": 1}, "findings": [finding]}
    return ecr_answer(imageScanStatus={"status": "COMPLETE"}, imageScanFindings=held)


def asff(**changes: Any) -> dict[str, Any]:
    """Return a finding of Security Hub in ASFF."""
    finding = {
        "Id": _FINDING,
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/inspector",
        "ProductName": "Inspector",
        "Severity": {"Label": "HIGH"},
        "Title": "CVE-2026-0001 - openssl",
        "LastObservedAt": "2026-11-20T04:00:00Z",
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
        "Resources": [
            {
                "Type": "AwsEcrContainerImage",
                "Id": ARN,
                "Details": {"AwsEcrContainerImage": {"ImageTags": ["1"]}},
            }
        ],
        "Vulnerabilities": [
            {
                "Id": "CVE-2026-0001",
                "Cvss": [{"BaseScore": 6.5, "Version": "3.1"}],
                "VulnerablePackages": [
                    {"Name": "openssl", "Version": "3.0", "Epoch": "0", "Release": "1"}
                ],
            }
        ],
    }
    return {**finding, **changes}


def ocsf() -> dict[str, Any]:
    """Return a vulnerability finding of OCSF as Security Hub hands it out."""
    return {
        "class_uid": 2002,
        "status": "New",
        "severity": "High",
        "metadata": {"product": {"name": "Amazon Inspector"}},
        "finding_info": {"uid": _FINDING, "last_seen_time_dt": "2026-11-20T04:00:00Z"},
        "resources": [{"uid": ARN, "type": "AwsEcrContainerImage"}],
        "vulnerabilities": [
            {
                "cve": {"uid": "CVE-2026-0001", "cvss": [{"base_score": 7.5, "version": "3.1"}]},
                "severity": "High",
                "affected_packages": [{"name": "openssl", "version": "3.0", "epoch": 0}],
            }
        ],
    }


def defender_old() -> dict[str, Any]:
    """Return a row of the retired subassessments."""
    return {
        "id": "/subscriptions/s/sub-1",
        "type": "microsoft.security/assessments/subassessments",
        "properties": {
            "displayName": "CVE-2026-0001",
            "status": {"code": "Unhealthy"},
            "timeGenerated": "2026-11-20T04:00:00.1234567Z",
            "additionalData": {
                "assessedResourceType": "AzureContainerRegistryVulnerability",
                "vulnerabilityDetails": {
                    "cveId": "CVE-2026-0001",
                    "severity": "High",
                    "cvss": {"2.0": None, "3.0": {"base": 7.5}},
                },
                "artifactDetails": {
                    "registryHost": "shop.azurecr.io",
                    "repositoryName": "team/app",
                    "digest": ONE,
                    "tags": ["1"],
                },
                "softwareDetails": {"packageName": "py", "version": "1.11", "fixStatus": "NoFix"},
            },
        },
    }


def defender_new(**changes: Any) -> dict[str, Any]:
    """Return a row of the individual recommendations: a package, its CVEs as JSON in a text."""
    cves = [
        {"CveId": "CVE-2026-0001", "Severity": "Unknown", "Cvss": None},
        {"CveId": "CVE-2026-0002", "Severity": "High", "FixStatus": "FixAvailable"},
    ]
    additional = {
        "SoftwareName": "openssl",
        "PackageType": "OS",
        "FixedVersion": "3.1",
        "CvesDetails": orjson.dumps(cves).decode(),
        "ScannersDetails": {"mdvm": {"DetectedSoftwareVersions": ["3.0"]}},
    }
    registry = "/subscriptions/s/providers/Microsoft.ContainerRegistry/registries/Shop"
    properties = {
        "displayName": "Update openssl",
        "status": {"code": "Unhealthy", "statusChangeDate": "2026-11-20T04:00:00Z"},
        "resourceDetails": {"Source": "Azure", "Id": f"{registry}/repositories/team/app"},
        "resourceAdditionalData": orjson.dumps(
            {"RepositoryDetails": {"RepositoryName": "team/app"}, "Digest": ONE.upper()}
        ).decode(),
        "additionalData": additional,
    }
    row = {"id": "/a/1", "type": "microsoft.security/assessments", "properties": properties}
    return {**row, **changes}


def occurrence(**changes: Any) -> dict[str, Any]:
    """Return a vulnerability occurrence with two package issues, one without a fix."""
    issue = {
        "affectedPackage": "openssl",
        "affectedVersion": {"name": "3.0", "revision": "1", "kind": "NORMAL"},
        "fixedVersion": {"kind": "MAXIMUM"},
        "effectiveSeverity": "MINIMAL",
    }
    other = {"affectedPackage": "libssl", "affectedVersion": {"fullName": "3.0-1"}}
    told = {
        "name": "projects/p/occurrences/1",
        "kind": "VULNERABILITY",
        "noteName": "projects/goog-vulnz/notes/CVE-2026-0001",
        "resourceUri": f"https://europe-docker.pkg.dev/p/r/team/app@{ONE}",
        "updateTime": "2026-11-20T04:00:00Z",
        "vulnerability": {
            "shortDescription": "CVE-2026-0001",
            "effectiveSeverity": "HIGH",
            "cvssv3": {"baseScore": 7.5},
            "packageIssue": [issue, other],
            "vexAssessment": {"state": "NOT_AFFECTED"},
        },
    }
    return {**told, **changes}


def discovery(**changes: Any) -> dict[str, Any]:
    """Return the discovery occurrence of the same image."""
    return {
        "name": "projects/p/occurrences/2",
        "kind": "DISCOVERY",
        "noteName": "projects/goog-analysis/notes/PACKAGE_VULNERABILITY",
        "resourceUri": f"https://europe-docker.pkg.dev/p/r/team/app@{ONE}",
        "discovery": {
            "analysisStatus": "FINISHED_SUCCESS",
            "continuousAnalysis": "ACTIVE",
            "lastScanTime": "2026-11-19T04:00:00.123456789Z",
            **changes,
        },
    }


_OCCURRENCE = "projects/p/occurrences/1"
OCCURRED = [
    ("artifact-analysis", "CVE-2026-0001", "openssl", "3.0-1", "MINIMAL", _OCCURRENCE),
    ("artifact-analysis", "CVE-2026-0001", "libssl", "3.0-1", "HIGH", _OCCURRENCE),
]
PKG_DEV = [("europe-docker.pkg.dev/p/r", "team/app", ONE)]


def gcloud() -> dict[str, Any]:
    """Return what gcloud artifacts docker images describe prints."""
    return {
        "image_summary": {
            "digest": ONE,
            "fully_qualified_digest": f"europe-docker.pkg.dev/p/r/team/app@{ONE}",
        },
        "discovery_summary": {"discovery": [discovery()]},
        "package_vulnerability_summary": {"vulnerabilities": {"HIGH": [occurrence()]}},
    }


def sarif(**changes: Any) -> dict[str, Any]:
    """Return Trivy's SARIF of an image: a package's flaw, and a result about something else."""
    rule = {
        "id": "CVE-2026-0001",
        "shortDescription": {"text": "openssl: a bug"},
        "properties": {"cvssv3_baseScore": 5.3, "tags": ["vulnerability", "security", "MEDIUM"]},
    }
    text = (
        "Package: openssl\nInstalled Version: 3.0\nVulnerability CVE-2026-0001\nFixed Version: 3.1"
    )
    run = {
        "tool": {
            "driver": {"name": "Trivy", "version": "0.76.0", "rules": [rule, {"id": "DS001"}]}
        },
        "results": [
            {"ruleId": "CVE-2026-0001", "ruleIndex": 0, "message": {"text": text}},
            {"ruleId": "DS001", "ruleIndex": 1, "message": {"text": "no user"}},
        ],
        "properties": {"imageName": IMAGE, "repoDigests": [IMAGE]},
        **changes,
    }
    return {"version": "2.1.0", "runs": [run]}


def grype_sarif() -> dict[str, Any]:
    """Return Grype's SARIF: the image is told by the logical locations alone."""
    text = "The path /lib/db reports openssl at version 3.0  which is a vulnerable (deb) package"
    help_text = "Vulnerability CVE-2026-0001\nSeverity: High\nPackage: openssl\nVersion: 3.0\n"
    place = {"logicalLocations": [{"fullyQualifiedName": f"{IMAGE}:/lib/db"}]}
    return sarif(
        tool={
            "driver": {
                "name": "Grype",
                "rules": [{"id": "CVE-2026-0001-openssl", "help": {"text": help_text}}],
            }
        },
        results=[
            {"ruleId": "CVE-2026-0001-openssl", "message": {"text": text}, "locations": [place]}
        ],
        properties=None,
    )


def cyclonedx(**changes: Any) -> dict[str, Any]:
    """Return an SBOM of an image with a vulnerability of one component, and a judgement of it."""
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:1",
        "metadata": {
            "timestamp": "2026-11-20T04:00:00Z",
            "tools": {"components": [{"name": "trivy", "version": "0.76.0"}]},
            "component": {
                "type": "container",
                "name": "ghcr.io/team/app:1",
                "properties": [{"name": "aquasecurity:trivy:RepoDigest", "value": IMAGE}],
            },
        },
        "components": [
            {"bom-ref": "r1", "name": "openssl", "version": "3.0", "purl": "pkg:deb/debian/o@3.0"}
        ],
        "vulnerabilities": [
            {
                "bom-ref": "v1",
                "id": "CVE-2026-0001",
                "ratings": [
                    {"severity": "high", "score": 7.5, "method": "CVSSv31", "source": {"name": "n"}}
                ],
                "affects": [{"ref": "r1"}],
                "analysis": {"state": "exploitable"},
            }
        ],
    }
    return {**document, **changes}


def spdx() -> dict[str, Any]:
    """Return SPDX 2.3 of an image; a package's advisory is named, and a fix, which is none."""
    base = "https://nvd.nist.gov/vuln/detail/CVE-2026-000"
    told = [("advisory", f"{base}1"), ("fix", f"{base}2")]
    references = [
        {"referenceCategory": "SECURITY", "referenceType": kind, "referenceLocator": where}
        for kind, where in told
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "creationInfo": {"created": "2026-11-20T04:00:00Z"},
        "documentDescribes": ["SPDXRef-image"],
        "packages": [
            {
                "SPDXID": "SPDXRef-image",
                "name": "ghcr.io/team/app",
                "versionInfo": ONE,
                "primaryPackagePurpose": "CONTAINER",
            },
            {"name": "openssl", "versionInfo": "3.0", "externalRefs": references},
        ],
    }


def spdx3() -> dict[str, Any]:
    """Return SPDX 3.0 with one VEX statement about an image."""
    purl = f"pkg:oci/app@{ONE}?repository_url=ghcr.io/team/app"
    return {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "SpdxDocument", "spdxId": "urn:doc"},
            {"type": "security_Vulnerability", "spdxId": "urn:CVE-2026-0001"},
            {"type": "software_Package", "spdxId": "urn:app", "software_packageUrl": purl},
            {
                "type": "security_VexNotAffectedVulnAssessmentRelationship",
                "spdxId": "urn:vex",
                "from": "urn:CVE-2026-0001",
                "to": ["urn:app"],
            },
        ],
    }


def openvex(*statements: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an OpenVEX document; by default one statement about openssl in an image."""
    product = {"@id": f"pkg:oci/app@{ONE.replace(':', '%3A')}?repository_url=ghcr.io/team/app"}
    parts = [{"@id": "pkg:deb/debian/openssl@3.0"}]
    statement = {
        "vulnerability": {"name": "CVE-2026-0001", "aliases": ["GHSA-aaaa-bbbb-cccc"]},
        "products": [{**product, "subcomponents": parts}],
        "status": "not_affected",
        "justification": "component_not_present",
    }
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.com/vex/1",
        "author": "team",
        "timestamp": "2026-11-20T04:00:00Z",
        "statements": list(statements) or [statement],
    }
    return {**document, **changes}


def operator_report(**changes: Any) -> dict[str, Any]:
    """Return a VulnerabilityReport of the Trivy operator."""
    flaw = {
        "vulnerabilityID": "CVE-2026-0001",
        "resource": "openssl",
        "installedVersion": "3.0",
        "severity": "HIGH",
        "score": 7.5,
        "class": "os-pkgs",
    }
    report = {
        "artifact": {"repository": "team/app", "digest": ONE, "tag": "1"},
        "registry": {"server": "ghcr.io"},
        "scanner": {"name": "Trivy", "version": "0.60.0"},
        "updateTimestamp": "2026-11-20T04:00:00Z",
        "vulnerabilities": [flaw],
    }
    return {
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "kind": "VulnerabilityReport",
        "report": report,
        **changes,
    }


def trivy_k8s(**changes: Any) -> dict[str, Any]:
    """Return a report of trivy k8s: a workload with one image, and a role without."""
    workload = {
        "Namespace": "default",
        "Kind": "Deployment",
        "Name": "app",
        "Metadata": [{"OS": {"Family": "debian"}, "RepoDigests": [IMAGE], "ImageID": CONFIG}],
        "Results": trivy()["Results"][:1],
        **changes,
    }
    return {"ClusterName": "c", "Resources": [workload, {"Kind": "Role", "Name": "r"}]}


_TRIVY = [
    ("trivy", "CVE-2026-0001", "openssl", "3.0.1", "HIGH", None),
    ("trivy", "CVE-2026-0001", "libssl3", "3.0.1", "HIGH", None),
]
_MINIMIST = ("trivy", "GHSA-aaaa-bbbb-cccc", "minimist", "1.2.0", "LOW", None)
_ONE = ("trivy", "CVE-2026-0001", "openssl", "3.0", "HIGH", None)
_DJANGO = ("grype", "GHSA-xxxx-yyyy-zzzz", "django", "1.9", "Negligible")
_CART = [("example.azurecr.io", "shop/cart", target()["manifestDigest"])]
_SHOP = [("shop.azurecr.io", "team/app", ONE)]
_LEGACY = [{"Target": "ghcr.io/team/app:1 (debian 9.8)", "Vulnerabilities": [openssl()]}]

FORMATS = {
    "trivy": Expected(trivy(), [*_TRIVY, _MINIMIST], TEAM_APP),
    "trivy legacy": Expected(
        _LEGACY, _TRIVY[:1], [("ghcr.io", "team/app", "ref:ghcr.io/team/app:1")]
    ),
    "trivy k8s": Expected(trivy_k8s(), _TRIVY, GHCR),
    "operator": Expected(operator_report(), [_ONE], GHCR),
    "operator list": Expected(
        {"apiVersion": "v1", "kind": "List", "items": [operator_report()]}, [_ONE], GHCR
    ),
    "grype": Expected(grype(), [(*_DJANGO, None), (*_DJANGO, "#2")], _CART),
    "old grype": Expected(old_grype(), [(*_DJANGO, None), (*_DJANGO, "#2")], _CART),
    "inspector": Expected({"findings": [inspector_finding()]}, INSPECTOR, TEAM_APP),
    "ecr enhanced": Expected(ecr_answer(), INSPECTOR, TEAM_APP),
    "ecr basic": Expected(
        basic_answer(),
        [("ecr-basic", "CVE-2026-0002", "libfoo", "1.2", "UNDEFINED", None)],
        TEAM_APP,
    ),
    "asff": Expected(
        {"Findings": [asff()]},
        [("inspector", "CVE-2026-0001", "openssl", "3.0-1", "HIGH", _FINDING)],
        TEAM_APP,
    ),
    "asff list": Expected(
        [asff()],
        [("inspector", "CVE-2026-0001", "openssl", "3.0-1", "HIGH", _FINDING)],
        TEAM_APP,
    ),
    "ocsf": Expected(
        {"Findings": [ocsf()]},
        [("inspector", "CVE-2026-0001", "openssl", "3.0", "High", _FINDING)],
        TEAM_APP,
    ),
    "defender old": Expected(
        [defender_old()],
        [("defender", "CVE-2026-0001", "py", "1.11", "High", "/subscriptions/s/sub-1")],
        _SHOP,
    ),
    "defender new": Expected(
        {"count": 1, "data": [defender_new()]},
        [
            ("defender", "CVE-2026-0001", "openssl", "3.0", "Unknown", "/a/1#CVE-2026-0001"),
            ("defender", "CVE-2026-0002", "openssl", "3.0", "High", "/a/1#CVE-2026-0002"),
        ],
        _SHOP,
    ),
    "gcloud": Expected(gcloud(), OCCURRED, PKG_DEV),
    "occurrences": Expected({"occurrences": [discovery(), occurrence()]}, OCCURRED, PKG_DEV),
    "occurrence list": Expected([occurrence()], OCCURRED, PKG_DEV),
    "sarif": Expected(
        sarif(), [("trivy", "CVE-2026-0001", "openssl", "3.0", "MEDIUM", None)], GHCR
    ),
    "grype sarif": Expected(
        grype_sarif(), [("grype", "CVE-2026-0001", "openssl", "3.0", "High", None)], GHCR
    ),
    "cyclonedx": Expected(
        cyclonedx(), [("trivy", "CVE-2026-0001", "openssl", "3.0", "high", "v1")], GHCR, vex=1
    ),
    "spdx": Expected(spdx(), [("spdx", "CVE-2026-0001", "openssl", "3.0", None, None)], GHCR),
    "spdx 3": Expected(spdx3(), [], [], vex=1),
    "openvex": Expected(openvex(), [], [], vex=1),
}
