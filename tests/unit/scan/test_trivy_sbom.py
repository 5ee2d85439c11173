"""Trivy's SBOMs: the same bytes from the same image, and their packages."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from audit.ports import ScanError
from providers.scanners.trivy import sbom

OURS = "aquasecurity:trivy:"


def component(name: str, **more: Any) -> dict[str, Any]:
    told = more.pop("told", {})
    properties = [{"name": f"{OURS}{key}", "value": value} for key, value in told.items()]
    base = {"type": "library", "name": name, "version": "1.0", "bom-ref": f"pkg:pypi/{name}@1.0"}
    return {**base, "purl": f"pkg:pypi/{name}@1.0", "properties": properties, **more}


def document(*components: dict[str, Any]) -> dict[str, Any]:
    system, ours = str(uuid.uuid4()), [*components]
    ours.append({"type": "operating-system", "name": "debian", "bom-ref": system})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "metadata": {"timestamp": "2026-11-22T02:00:00Z", "component": {"bom-ref": "root"}},
        "components": ours,
        "dependencies": [
            {"ref": "root", "dependsOn": [system, "pkg:pypi/a@1.0"]},
            {"ref": system, "dependsOn": []},
        ],
        "vulnerabilities": [],
    }


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def test_two_writings_of_one_image_are_the_same_bytes():
    one = sbom.steady(encoded(document(component("a"), component("b"))))
    two = sbom.steady(encoded(document(component("b"), component("a"))))
    assert one == two
    told = json.loads(one)
    assert "serialNumber" not in told
    assert {"operating-system:debian#1", "pkg:pypi/a@1.0"} == set(
        told["dependencies"][1]["dependsOn"]
    )


def test_two_that_differ_are_not():
    one = sbom.steady(encoded(document(component("a"))))
    assert one != sbom.steady(encoded(document(component("a", version="1.1"))))


def test_packages_are_told_with_their_source_and_place():
    told = {
        "SrcName": "openssl",
        "SrcVersion": "3.0.11",
        "SrcRelease": "1",
        "SrcEpoch": "1",
        "LayerDigest": "sha256:l",
        "FilePath": "app/x",
        "PkgType": "debian",
    }
    one = component("libssl3", purl="pkg:deb/debian/libssl3@3.0.11-1?arch=amd64", told=told)
    java = component("core", group="org.apache", purl="pkg:maven/org.apache/core@1.0")
    scoped = component("types", group="@acme", purl="pkg:npm/%40acme/types@1.0")
    bare = component("bare", purl=None, told={"PkgType": "gobinary"})
    (block,) = sbom.packages(encoded(document(one, java, scoped, bare)))
    rows = [
        dict(zip(block.data, cells, strict=True))
        for cells in zip(*block.data.values(), strict=True)
    ]
    assert rows[0] == {
        "package_name": "libssl3",
        "package_version": "1.0",
        "package_type": "deb",
        "purl": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64",
        "source_name": "openssl",
        "source_version": "1:3.0.11-1",
        "location": "app/x",
        "layer_digest": "sha256:l",
    }
    assert [(row["package_name"], row["package_type"]) for row in rows[1:]] == [
        ("org.apache:core", "maven"),
        ("@acme/types", "npm"),
        ("bare", "gobinary"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"bomFormat": "SPDX"}',
        b'{"bomFormat": "CycloneDX", "components": {}}',
        b'{"bomFormat": "CycloneDX", "components": [7]}',
        b'{"bomFormat": "CycloneDX", "components": [{"type": "library", "name": 7}]}',
        b'{"bomFormat": "CycloneDX", "components": [], "dependencies": 7, "metadata": []}',
    ],
)
def test_what_is_no_sbom_is_one_clear_error(content):
    with pytest.raises(ScanError) as caught:
        list(sbom.packages(sbom.steady(content)))
    assert caught.value.code == "SbomUnreadable"
