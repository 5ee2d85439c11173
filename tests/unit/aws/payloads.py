"""Answers of ECR and Inspector as they lie on the wire; a test holds them against the models."""

from typing import Any

Payload = dict[str, Any]

ACCOUNT, REGION = "123456789012", "eu-west-1"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
PUSHED = 1_700_000_000.5
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"


def digest(letter: str) -> str:
    """A digest made of one hexadecimal digit."""
    return "sha256:" + letter * 64


def repository(name: str = "team/app", **more: Any) -> Payload:
    return {
        "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
        "registryId": ACCOUNT,
        "repositoryName": name,
        "repositoryUri": f"{HOST}/{name}",
        "createdAt": PUSHED,
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {
            "encryptionType": "KMS",
            "kmsKey": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        },
        **more,
    }


def image(letter: str, name: str = "team/app", **more: Any) -> Payload:
    return {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "imageDigest": digest(letter),
        "imageSizeInBytes": 52_345_678,
        "imagePushedAt": PUSHED,
        "imageManifestMediaType": OCI_MANIFEST,
        "artifactMediaType": OCI_CONFIG,
        "imageStatus": "ACTIVE",
        **more,
    }


INDEX_MANIFEST = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":['
    '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"' + digest("a") + '",'
    '"size":1234,"platform":{"architecture":"arm64","os":"linux","variant":"v8"}},'
    '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"' + digest("b") + '",'
    '"size":566,"annotations":{"vnd.docker.reference.type":"attestation-manifest",'
    '"vnd.docker.reference.digest":"' + digest("a") + '"},'
    '"platform":{"architecture":"unknown","os":"unknown"}}]}'
)


def manifests(*pairs: tuple[str, str], failures: tuple[Payload, ...] = ()) -> Payload:
    return {
        "images": [
            {
                "registryId": ACCOUNT,
                "repositoryName": "team/app",
                "imageId": {"imageDigest": digest(letter)},
                "imageManifest": text,
                "imageManifestMediaType": OCI_INDEX,
            }
            for letter, text in pairs
        ],
        "failures": list(failures),
    }


def manifest_failure(letter: str, code: str) -> Payload:
    return {
        "imageId": {"imageDigest": digest(letter)},
        "failureCode": code,
        "failureReason": "Requested image not found",
    }


def scanning(scan_type: str, frequency: str = "CONTINUOUS_SCAN") -> Payload:
    rule = {
        "scanFrequency": frequency,
        "repositoryFilters": [{"filter": "prod/*", "filterType": "WILDCARD"}],
    }
    return {
        "registryId": ACCOUNT,
        "scanningConfiguration": {"scanType": scan_type, "rules": [rule]},
    }


def frequencies(*names: str, gone: tuple[str, ...] = ()) -> Payload:
    return {
        "scanningConfigurations": [
            {
                "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
                "repositoryName": name,
                "scanOnPush": True,
                "scanFrequency": "CONTINUOUS_SCAN",
                "appliedScanFilters": [{"filter": "prod/*", "filterType": "WILDCARD"}],
            }
            for name in names
        ],
        "failures": [
            {
                "repositoryName": name,
                "failureCode": "REPOSITORY_NOT_FOUND",
                "failureReason": "The repository does not exist",
            }
            for name in gone
        ],
    }


def basic_finding(name: str = "CVE-2024-0001", **more: Any) -> Payload:
    return {
        "name": name,
        "description": "A flaw.",
        "uri": f"https://security-tracker.debian.org/tracker/{name}",
        "severity": "HIGH",
        "attributes": [
            {"key": "package_version", "value": "1.2.3-1"},
            {"key": "package_name", "value": "libfoo"},
            {"key": "CVSS3_SCORE", "value": "7.5"},
            {"key": "CVSS3_VECTOR", "value": "CVSS:3.1/AV:N/AC:L"},
            {"key": "CVSS2_SCORE", "value": "5.0"},
        ],
        **more,
    }


def scan(letter: str, status: str, body: Payload | None) -> Payload:
    answer: Payload = {
        "registryId": ACCOUNT,
        "repositoryName": "team/app",
        "imageId": {"imageDigest": digest(letter)},
        "imageScanStatus": {"status": status, "description": "In the scanner's words."},
    }
    return answer if body is None else {**answer, "imageScanFindings": body}


def scan_body(*findings: Payload | None, key: str = "findings") -> Payload:
    return {
        "imageScanCompletedAt": PUSHED,
        "vulnerabilitySourceUpdatedAt": PUSHED,
        "findingSeverityCounts": {"HIGH": len(findings)},
        key: list(findings),
    }


def arn_of(letter: str, name: str = "team/app", account: str = ACCOUNT) -> str:
    return f"arn:aws:ecr:{REGION}:{account}:repository/{name}/{digest(letter)}"


def resource(letter: str, name: str = "team/app", **more: Any) -> Payload:
    return {
        "type": "AWS_ECR_CONTAINER_IMAGE",
        "id": arn_of(letter, name),
        "details": {
            "awsEcrContainerImage": {
                "repositoryName": name,
                "imageTags": ["latest"],
                "pushedAt": PUSHED,
                "architecture": "arm64",
                "imageHash": digest(letter),
                "registry": ACCOUNT,
                "platform": "UBUNTU_24_04",
                "inUseCount": 0,
            }
        },
        **more,
    }


def package(name: str = "libssl3t64", **more: Any) -> Payload:
    return {
        "arch": "ARM64",
        "epoch": 0,
        "fixedInVersion": "0:3.0.13-0ubuntu3.4",
        "name": name,
        "packageManager": "OS",
        "release": "0ubuntu3.2",
        "sourceLayerHash": digest("1"),
        "version": "3.0.13",
        **more,
    }


def details(**more: Any) -> Payload:
    return {
        "vulnerabilityId": "CVE-2024-6119",
        "source": "UBUNTU_CVE",
        "sourceUrl": "https://people.canonical.com/~ubuntu-security/cve/2024/CVE-2024-6119",
        "vendorSeverity": "medium",
        "vendorCreatedAt": PUSHED,
        "cvss": [
            {"baseScore": 5.9, "scoringVector": "CVSS:3.1/AV:N", "source": "NVD", "version": "3.1"}
        ],
        "relatedVulnerabilities": ["GHSA-aaaa-bbbb-cccc", "USN-1-1", "CVE-2024-9999"],
        "referenceUrls": ["https://ubuntu.com/security/notices/USN-1-1"],
        "vulnerablePackages": [
            package(),
            package("openssl", fixedInVersion="NotAvailable", epoch=1, filePath="usr/bin/x"),
        ],
        **more,
    }


def finding(number: str = "0", **more: Any) -> Payload:
    return {
        "findingArn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{number * 32}",
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "description": "A flaw in a certificate name check.",
        "title": "CVE-2024-6119 - libssl3t64, openssl",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "severity": "MEDIUM",
        "firstObservedAt": PUSHED,
        "lastObservedAt": PUSHED,
        "updatedAt": PUSHED,
        "status": "ACTIVE",
        "resources": [resource("a")],
        "inspectorScore": 5.9,
        "inspectorScoreDetails": {
            "adjustedCvss": {
                "scoreSource": "UBUNTU_CVE",
                "cvssSource": "NVD",
                "version": "3.1",
                "score": 5.9,
                "scoringVector": "CVSS:3.1/AV:N",
                "adjustments": [],
            }
        },
        "packageVulnerabilityDetails": details(),
        "fixAvailable": "PARTIAL",
        "exploitAvailable": "NO",
        "epss": {"score": 0.0004},
        **more,
    }


def enhanced_finding() -> Payload:
    """The same through ECR, which names score and link otherwise and has no EPSS."""
    given = finding()
    for name in ("epss", "inspectorScore"):
        del given[name]
    adjusted = given.pop("inspectorScoreDetails")["adjustedCvss"]
    del adjusted["cvssSource"]
    return {**given, "score": 5.9, "scoreDetails": {"cvss": adjusted}}


def coverage(letter: str, code: str = "ACTIVE", reason: str = "SUCCESSFUL", **more: Any) -> Payload:
    return {
        "resourceType": "AWS_ECR_CONTAINER_IMAGE",
        "resourceId": arn_of(letter),
        "accountId": ACCOUNT,
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": code, "reason": reason},
        "resourceMetadata": {
            "ecrRepository": {"name": "team/app", "scanFrequency": "CONTINUOUS_SCAN"},
            "ecrImage": {
                "tags": ["1.2.3"],
                "imagePulledAt": PUSHED,
                "lastInUseAt": PUSHED,
                "inUseCount": 2,
            },
        },
        "lastScannedAt": PUSHED,
        "provider": "AWS",
        **more,
    }
