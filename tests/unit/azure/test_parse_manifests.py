"""Manifest rows of ACR: what each is, what it holds and what must be read besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from audit.model.enums import ImageKind
from providers.azure.inventory_rows import Listing, repository_blocks
from providers.azure.parse_manifests import Manifest, kinds, manifest, with_document
from providers.azure.parse_registries import Registry
from tests.unit.azure.support import rows_of

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
NOTATION = "application/vnd.cncf.notary.signature"
HELM = "application/vnd.cncf.helm.config.v1+json"
A, B, C, D = (f"sha256:{letter * 64}" for letter in "abcd")
REGISTRY = Registry("/arm", "acme.azurecr.io", "s-1", "westeurope", abac=False)


def row(digest: str = A, **changes: object) -> dict[str, object]:
    plain = {
        "digest": digest,
        "imageSize": 10,
        "createdTime": "2026-11-01T00:00:00.1234567Z",
        "lastUpdateTime": "2026-11-02T00:00:00Z",
        "architecture": "amd64",
        "os": "linux",
        "mediaType": OCI,
        "configMediaType": CONFIG,
        "tags": ["b", "a"],
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def index(*references: Mapping[str, object], **changes: object) -> dict[str, object]:
    bare = row(D, mediaType=INDEX, configMediaType=None, os=None, architecture=None)
    return bare | {"references": list(references)} | changes


def listing(*manifests: Manifest, **changes: Any) -> Listing:
    return replace(Listing("team/app", manifests={one.digest: one for one in manifests}), **changes)


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, False),
        ({"mediaType": None}, True),
        ({"configMediaType": None}, False),
        ({"configMediaType": None, "os": None}, True),
        ({"configMediaType": EMPTY}, True),
        ({"configMediaType": EMPTY, "artifactType": NOTATION}, True),
        ({"configMediaType": NOTATION, "os": None, "architecture": None}, True),
        ({"configMediaType": NOTATION, "tags": [f"sha256-{'c' * 64}.sig"]}, False),
        ({"configMediaType": HELM, "os": None, "architecture": None}, False),
        ({"mediaType": INDEX}, True),
        ({"mediaType": INDEX, "references": []}, True),
        ({"mediaType": INDEX, "references": [{"digest": B}]}, False),
        (
            {
                "mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws",
                "configMediaType": None,
                "os": None,
            },
            False,
        ),
    ],
)
def test_the_manifest_itself_is_read_only_where_the_row_leaves_something_open(changes, needs):
    assert manifest(row(**changes)).needs_document is needs


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, ImageKind.IMAGE),
        ({"mediaType": INDEX}, ImageKind.INDEX),
        ({"mediaType": None, "references": [{"digest": B}]}, ImageKind.INDEX),
        ({"os": "unknown", "architecture": "unknown"}, ImageKind.ATTESTATION),
        ({"os": None, "architecture": None}, ImageKind.IMAGE),
        ({"configMediaType": NOTATION}, ImageKind.SIGNATURE),
        ({"configMediaType": EMPTY, "artifactType": "application/spdx+json"}, ImageKind.SBOM),
        ({"configMediaType": HELM}, ImageKind.ARTIFACT),
        ({"tags": [f"sha256-{'c' * 64}.att"], "os": None}, ImageKind.ATTESTATION),
        ({"tags": [f"sha256-{'c' * 64}.att"]}, ImageKind.IMAGE),
        ({"configMediaType": None, "mediaType": None}, ImageKind.IMAGE),
    ],
)
def test_kinds(changes, kind):
    assert kinds([manifest(row(**changes))]) == {A: kind}


def test_an_index_speaks_for_children_whose_rows_are_silent():
    children = (
        {"digest": A, "os": "linux", "architecture": "arm64"},
        {"digest": B, "architecture": "unknown", "os": "unknown"},
    )
    silent = {"os": None, "architecture": None}
    listed = [manifest(r) for r in (row(A, **silent), row(B, **silent), index(*children))]
    assert kinds(listed) == {A: ImageKind.IMAGE, B: ImageKind.ATTESTATION, D: ImageKind.INDEX}
    images = rows_of(repository_blocks(listing(*listed), REGISTRY, "run-1", set()).images)
    assert [(image["os"], image["architecture"]) for image in images] == [
        ("linux", "arm64"),
        ("unknown", "unknown"),
        (None, None),
    ]
    assert images[2]["child_digests"] == [A, B]


def test_an_index_that_had_to_be_read_tells_attestations_and_their_subjects():
    document = {
        "mediaType": INDEX,
        "manifests": [
            {"digest": A, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
            {
                "digest": B,
                "platform": {"os": "linux", "architecture": "arm"},
                "annotations": {
                    "vnd.docker.reference.type": "attestation-manifest",
                    "vnd.docker.reference.digest": A,
                },
            },
        ],
    }
    whole = with_document(manifest(row(D, mediaType=INDEX)), document)
    rows = [manifest(row(A)), manifest(row(B)), whole]
    blocks = repository_blocks(listing(*rows), REGISTRY, "run-1", set())
    first, second, third = rows_of(blocks.images)
    assert (first["kind"], first["variant"]) == ("image", "v7")
    assert (second["kind"], second["subject_digest"]) == ("attestation", A)
    assert third["child_digests"] == [A, B]
    assert blocks.assessable == {A}


def test_an_index_whose_children_could_not_be_read_has_null_and_an_image_has_none():
    rows = [manifest(row(A)), manifest(row(D, mediaType=INDEX))]
    blocks = repository_blocks(listing(*rows), REGISTRY, "run-1", set())
    assert [image["child_digests"] for image in rows_of(blocks.images)] == [[], None]


def test_a_referrer_takes_its_type_and_subject_from_its_manifest():
    document = {
        "mediaType": OCI,
        "artifactType": NOTATION,
        "config": {"mediaType": EMPTY},
        "subject": {"digest": A},
    }
    bare = row(B, configMediaType=EMPTY, os=None, architecture=None)
    whole = with_document(manifest(bare), document)
    assert (whole.artifact_type, whole.subject) == (NOTATION, A)
    assert kinds([whole]) == {B: ImageKind.SIGNATURE}


def test_a_signature_by_tag_names_its_subject():
    assert manifest(row(tags=[f"sha256-{'c' * 64}.sig"])).subject == C


def test_rows_of_a_repository():
    told = {"manifestCount": 3, "createdTime": "2026-01-01T00:00:00Z", "lastUpdateTime": None}
    one = manifest(row(tags=None))
    blocks = repository_blocks(
        listing(one, manifest(row(B)), properties=told, complete=False),
        REGISTRY,
        "run-1",
        {B},
    )
    (repository,) = rows_of(blocks.repositories)
    assert repository["repository"] == "team/app"
    assert (repository["expected_images"], repository["listed_images"]) == (3, 2)
    assert repository["complete"] is False
    assert [image["digest"] for image in rows_of(blocks.images)] == [A]
    first, second = rows_of(blocks.placements)
    assert (first["tags"], second["tags"]) == ([], ["a", "b"])
    assert first["pushed_at"].isoformat() == "2026-11-01T00:00:00.123456+00:00"
    assert (first["last_pulled_at"], first["in_use"], first["archived"]) == (None, None, False)
    assert first["scope_id"] == "azure/acme.azurecr.io"
