"""A small estate, written by hand, for the tests of the loopback servers and of the adapters."""

from __future__ import annotations

import json
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

MOMENT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ACCOUNT = "111111111111"
OTHER_ACCOUNT = "222222222222"
REGION = "eu-west-1"
OTHER_REGION = "us-east-1"
PROJECT = "acme-prod"
OTHER_PROJECT = "acme-off"
LOCATION = "europe-west1"
OTHER_LOCATION = "us"
TENANT = "00000000-0000-0000-0000-00000000000a"

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
LIFECYCLE_POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed",
                              "countUnit": "days", "countNumber": 14},
                "action": {"type": "expire"},
            }
        ]
    }
)  # fmt: skip
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def digest(number: int) -> str:
    """Return a digest that is easy to tell from others."""
    return f"sha256:{number:064x}"


def statement(number: int = 1, package: str = "openssl", **changes) -> Statement:
    """Return a HIGH statement with a fix, of an OS package; ``changes`` replace fields."""
    base = Statement(
        vulnerability_id=f"CVE-2026-{number:04d}",
        package=package,
        version="1:3.0.11-1~deb12u2",
        package_type="OS",
        native_severity="HIGH",
        severity="HIGH",
        fixed_version="3.0.13-1~deb12u1",
        cvss_score=9.8,
        cvss_vector=VECTOR,
        title=f"Overflow number {number}",
    )
    return replace(base, **changes)


def scan(*native: str, state: str = "assessed", statements: tuple[Statement, ...] = ()) -> Scan:
    """Return what the scanner knows of an image, seen a day before the estate's moment."""
    return Scan(native, state, MOMENT - timedelta(days=1), statements)


def image(number: int, **changes) -> Image:
    """Return a linux/amd64 image, pushed ``number`` hours before the estate's moment."""
    base = Image(
        digest=digest(number),
        kind="image",
        media_type=OCI_IMAGE,
        pushed_at=MOMENT - timedelta(hours=number),
        os="linux",
        architecture="amd64",
        size_bytes=1000 + number,
    )
    return replace(base, **changes)


def multi_arch(number: int, scanned: Scan) -> tuple[Image, ...]:
    """Return an index, its amd64 image (with ``scanned``), its arm64 image, its attestation."""
    children = tuple(digest(number + offset) for offset in (1, 2, 3))
    return (
        image(number, kind="index", media_type=OCI_INDEX, tags=("v1", "latest"), os=None,
              architecture=None, children=children),
        image(number + 1, scan=scanned),
        image(number + 2, architecture="arm64", scan=Scan((), "not_scanned")),
        image(number + 3, kind="attestation", os="unknown", architecture="unknown",
              subject=children[0]),
    )  # fmt: skip


TWO_PACKAGES = (
    statement(1, "openssl"),
    statement(2, "zlib1g", native_severity="UNTRIAGED", severity="UNKNOWN", fixed_version=None,
              cvss_score=None, cvss_vector=None),
    statement(1, "libssl3"),
    statement(3, "lodash", version="4.17.20", package_type="NODEPKG", native_severity="MEDIUM",
              severity="MEDIUM", fixed_version="4.17.21"),
)  # fmt: skip


def enhanced_registry() -> Registry:
    """Return an ENHANCED registry: seven images in ``team/app``, one in ``team/web``."""
    found = scan("ACTIVE", "SUCCESSFUL", statements=TWO_PACKAGES)
    app = (
        *multi_arch(100, found),
        image(110, tags=("old",), scan=scan("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED",
                                            state="expired")),
        image(111, archived=True, scan=scan("INACTIVE", "IMAGE_ARCHIVED", state="archived")),
        image(112, kind="signature", artifact_type="application/vnd.cncf.notary.signature",
              subject=digest(101)),
    )  # fmt: skip
    web = (
        image(120, tags=("web",), in_use_count=2, last_pulled_at=MOMENT - timedelta(hours=5),
              scan=scan("ACTIVE", "NEVER_SEEN_BEFORE", state="unknown",
                        statements=(statement(9),))),
    )  # fmt: skip
    settings = {"tag_mutability": "IMMUTABLE_WITH_EXCLUSION", "encryption_type": "KMS",
                "kms_key": "alias/ecr", "lifecycle_policy": LIFECYCLE_POLICY}  # fmt: skip
    return Registry(
        registry_id=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
        native_id=ACCOUNT,
        created_at=MOMENT - timedelta(days=400),
        repositories=(
            Repository("team/app", MOMENT - timedelta(days=90), app, settings),
            Repository("team/web", MOMENT - timedelta(days=80), web, {"scan_frequency": "MANUAL"}),
            Repository("team/empty", MOMENT - timedelta(days=70), ()),
        ),
    )


def basic_registry(account: str = OTHER_ACCOUNT, region: str = REGION) -> Registry:
    """Return a BASIC registry: six images with each kind of basic scan result."""
    images = (
        image(200, tags=("a",), scan=scan("COMPLETE", statements=(
            statement(1), statement(2, native_severity="UNDEFINED", severity="UNKNOWN",
                                    cvss_score=None, cvss_vector=None), statement(1, "libssl3")))),
        image(201, tags=("b",), scan=scan("COMPLETE")),
        image(202, tags=("c",), scan=scan("COMPLETE", state="pending")),
        image(203, tags=("d",), scan=scan("UNSUPPORTED_IMAGE", state="unsupported")),
        image(204, tags=("e",), scan=Scan((), "not_scanned")),
        image(205, tags=("f",), scan=scan("NEVER_SEEN_BEFORE", state="unknown")),
    )  # fmt: skip
    return Registry(
        registry_id=f"{account}.dkr.ecr.{region}.amazonaws.com",
        native_id=account,
        created_at=MOMENT - timedelta(days=400),
        repositories=(Repository("legacy", MOMENT - timedelta(days=60), images),),
    )


def gcp_registry(location: str = LOCATION, project: str = PROJECT) -> Registry:
    """Return an Artifact Registry repository: four manifests of an index, and two images."""
    found = scan(
        "FINISHED_SUCCESS",
        "ACTIVE",
        statements=(
            statement(1),
            statement(
                2, "zlib1g", native_severity="MINIMAL", severity="NEGLIGIBLE", fixed_version=None
            ),
            statement(1, "libssl3"),
            statement(
                3,
                "lodash",
                version="4.17.20",
                package_type="NPM",
                native_severity="NEW_WORD",
                severity="UNKNOWN",
                fixed_version="4.17.21",
                cvss_score=None,
                cvss_vector=None,
            ),
        ),
    )
    web = (
        image(310, tags=("web",), scan=scan("NEW_STATUS", "ACTIVE", state="unknown")),
        image(311, scan=scan("FINISHED_SUCCESS", "INACTIVE", state="expired",
                             statements=(statement(1),))),
    )  # fmt: skip
    return Registry(
        registry_id=f"{location}-docker.pkg.dev/{project}/apps",
        native_id=f"projects/{project}/locations/{location}/repositories/apps",
        created_at=MOMENT - timedelta(days=400),
        repositories=(
            Repository("team/app", MOMENT - timedelta(days=90), multi_arch(300, found)),
            Repository("web", MOMENT - timedelta(days=80), web),
        ),
        settings={"immutable_tags": "true", "kms_key": "projects/p/keys/k", "cleanup": "dry_run"},
    )


def small_estate(*faults: Fault, page_size: int = 3, findings_page_size: int = 2) -> Estate:
    """Return the estate: two accounts, two projects (of one the API is disabled), short pages."""
    elsewhere = replace(basic_registry(OTHER_ACCOUNT, OTHER_REGION), repositories=())
    plain = replace(gcp_registry(OTHER_LOCATION), repositories=(), settings={})
    return Estate(
        name="small",
        moment=MOMENT,
        places=(
            Place("aws", ACCOUNT, REGION, (enhanced_registry(),), {"scan_type": "ENHANCED"}),
            Place("aws", OTHER_ACCOUNT, REGION, (basic_registry(),), {"scan_type": "BASIC"}),
            Place("aws", OTHER_ACCOUNT, OTHER_REGION, (elsewhere,), {"scan_type": "BASIC"}),
            Place("gcp", PROJECT, LOCATION, (gcp_registry(),), {"api": "enabled"}),
            Place("gcp", PROJECT, OTHER_LOCATION, (plain,), {"api": "enabled"}),
            Place("gcp", OTHER_PROJECT, LOCATION, (), {"api": "disabled"}),
        ),
        tenant=TENANT,
        faults=faults,
        page_size=page_size,
        findings_page_size=findings_page_size,
    )
