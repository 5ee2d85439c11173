"""A small Azure estate, written by hand, every figure of which can be read off this page."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from providers.loopback.estate import (
    Estate,
    Fault,
    Image,
    Place,
    Registry,
    Repository,
    Scan,
    Statement,
)

NIGHT = datetime(2026, 11, 22, 2, 0, 0, 123456, tzinfo=UTC)
TENANT = "72f988bf-0000-4000-8000-00000000cafe"
ONE = "00000000-0000-4000-8000-000000000001"
TWO = "00000000-0000-4000-8000-000000000002"
PROD, OPEN, BARE = "acmeprod.azurecr.io", "acmeopen.azurecr.io", "acmebare.azurecr.io"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest(seed: str) -> str:
    return "sha256:" + hashlib.sha256(seed.encode()).hexdigest()


def native_id(account: str, name: str) -> str:
    group = f"/subscriptions/{account}/resourceGroups/Shared-Registries"
    return f"{group}/providers/Microsoft.ContainerRegistry/registries/{name}"


def statement(number: int, package: str, severity: str = "High", **changes) -> Statement:
    plain = Statement(
        vulnerability_id=f"CVE-2026-{1000 + number}",
        package=package,
        version="1.2.3",
        package_type="OS",
        native_severity=severity,
        severity=severity.upper(),
        fixed_version="1.2.4",
        cvss_score=7.5,
        cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
        title="",
    )
    return replace(plain, **changes)


def image(seed: str, scan: Scan | None = None, **changes) -> Image:
    plain = Image(
        digest=digest(seed),
        kind="image",
        media_type=MANIFEST,
        pushed_at=NIGHT - timedelta(days=3),
        os="linux",
        architecture="amd64",
        size_bytes=1000,
        scan=scan,
    )
    return replace(plain, **changes)


def found(*statements: Statement) -> Scan:
    return Scan(("Unhealthy",), "assessed", NIGHT, statements)


def statements_of(image: Image) -> tuple[Statement, ...]:
    return image.scan.statements if image.scan else ()


# 12 images whose digests fall into every served shape; each has two packages and three CVEs.
SCANNED = tuple(
    image(
        f"scanned {n}",
        found(
            statement(3 * n, "openssl"),
            statement(3 * n + 1, "openssl", "Unknown", cvss_score=None, fixed_version=None),
            statement(3 * n + 2, "zlib", "Low"),
        ),
        tags=(f"1.{n}",) if n % 2 else (),
        pushed_at=NIGHT - timedelta(days=n),
    )
    for n in range(12)
)
HEALTHY = image("healthy", Scan(("Healthy",), "assessed", NIGHT))
UNSUPPORTED = image("unsupported", Scan(("NotApplicable",), "unsupported"))
UNHEARD = image("unheard of", Scan(("OnHold",), "unknown"))
SILENT = image("silent", Scan((), "inferred_clean"))
ARM = image("arm", Scan((), "inferred_clean"), architecture="arm64")
ATTESTATION = image("attestation", kind="attestation", os="unknown", architecture="unknown")
MULTI = image(
    "multi",
    kind="index",
    media_type=INDEX,
    os=None,
    architecture=None,
    tags=("multi",),
    children=(SILENT.digest, ARM.digest, ATTESTATION.digest),
)
SIGNATURE = image(
    "signature",
    kind="signature",
    artifact_type="application/vnd.cncf.notary.signature",
    subject=HEALTHY.digest,
    os=None,
    architecture=None,
)
SBOM = replace(SIGNATURE, digest=digest("sbom"), kind="sbom", artifact_type="application/spdx+json")
CORNERS = (
    HEALTHY,
    UNSUPPORTED,
    UNHEARD,
    SILENT,
    ARM,
    ATTESTATION,
    MULTI,
    SIGNATURE,
    SBOM,
)

POSTURE = {
    "sku": "Premium",
    "location": "westeurope",
    "admin_user_enabled": "true",
    "anonymous_pull_enabled": "false",
    "public_network_access": "Disabled",
    "network_default_action": "Deny",
    "encryption_status": "enabled",
    "retention_status": "disabled",
    "export_policy": "disabled",
    "role_assignment_mode": "AbacRepositoryPermissions",
    "private_endpoint_connections": "Approved,Pending",
}


def repository(name: str, *images: Image) -> Repository:
    return Repository(name, NIGHT - timedelta(days=90), images)


def registry(account: str, login_server: str, settings: dict[str, str], *repositories: Repository):
    name = login_server.partition(".")[0]
    created = NIGHT - timedelta(days=400)
    return Registry(login_server, native_id(account, name), created, repositories, settings)


def estate(*faults: Fault, name: str = "small") -> Estate:
    prod = registry(
        ONE, PROD, POSTURE, repository("team/app", *SCANNED), repository("corners", *CORNERS)
    )
    anonymous = {"anonymous_pull_enabled": "true", "location": "northeurope"}
    open_door = registry(ONE, OPEN, anonymous, repository("public", image("public")))
    bare = registry(TWO, BARE, {}, repository("tools", image("tool")))
    return Estate(
        name=name,
        moment=NIGHT,
        places=(
            Place("azure", ONE, "", (prod, open_door), {"defender_plan": "Standard"}),
            Place("azure", TWO, "", (bare,), {"defender_plan": "Free"}),
            Place("gcp", "someone-else", "us", (), {"api": "enabled"}),
        ),
        tenant=TENANT,
        faults=faults,
        page_size=5,
        findings_page_size=7,
    )
