"""Repositories, images and indexes."""

from typing import Any

import botocore.session
import pytest
from botocore.model import StringShape

from audit.errors import BrokenPageError
from audit.model.enums import ImageKind, State
from providers.aws.parse_coverage import Covered, covered_image
from providers.aws.parse_inventory import (
    index_children,
    kind_of,
    listed_image,
    registry_host,
    repository_facts,
    repository_name,
)
from providers.aws.status import Verdict
from tests.unit.aws import payloads as p


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"),
        ("cn-north-1", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_host(region, host):
    assert registry_host(p.ACCOUNT, region) == host


@pytest.mark.parametrize(
    ("encryption", "key"),
    [
        ({"encryptionType": "AES256"}, ""),
        ({"encryptionType": "KMS", "kmsKey": "arn:x"}, "arn:x"),
        ({"encryptionType": "KMS"}, None),
        (None, None),
    ],
)
def test_key_is_empty_only_when_it_is_the_providers_own(encryption, key):
    facts = repository_facts(p.repository(encryptionConfiguration=encryption))
    assert facts["kms_key"] == key


def test_repository_without_name_is_broken():
    with pytest.raises(BrokenPageError):
        repository_name({})


@pytest.mark.parametrize(
    ("status", "archived"),
    [("ACTIVE", False), ("ARCHIVED", True), ("ACTIVATING", True), ("MOONLIT", None), ("", None)],
)
def test_archived(status, archived):
    assert listed_image(p.image("a", imageStatus=status)).archived is archived


def test_every_image_status_of_the_model_is_known():
    model = botocore.session.Session().get_service_model("ecr")
    shape = model.shape_for("ImageStatus")
    assert isinstance(shape, StringShape)
    assert shape.enum
    for word in shape.enum:
        assert listed_image(p.image("a", imageStatus=word)).archived is not None


def test_tags_are_sorted_and_may_be_absent():
    assert listed_image(p.image("a", imageTags=["b", "a"])).tags == ("a", "b")
    assert listed_image(p.image("a")).tags == ()


def test_image_without_digest_is_broken():
    with pytest.raises(BrokenPageError):
        listed_image({"imageTags": ["1"]})


def test_children_in_their_order_with_platform():
    first, second = index_children(p.INDEX_MANIFEST) or ()
    assert (first.digest, first.os, first.architecture, first.variant) == (
        p.digest("a"),
        "linux",
        "arm64",
        "v8",
    )
    assert (second.attests, second.subject) == (True, p.digest("a"))


def test_a_plain_manifest_is_no_index():
    assert index_children('{"config": {}, "layers": []}') is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"manifests": [null]}', '{"manifests": [{}]}', "3"]
)
def test_broken_manifests(text):
    with pytest.raises(BrokenPageError):
        index_children(text)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, ImageKind.IMAGE),
        ({"imageManifestMediaType": p.OCI_INDEX}, ImageKind.INDEX),
        ({"artifactMediaType": "application/vnd.cncf.notary.signature"}, ImageKind.SIGNATURE),
        ({"artifactMediaType": "application/spdx+json"}, ImageKind.SBOM),
        ({"imageTags": [f"sha256-{'a' * 64}.att"]}, ImageKind.ATTESTATION),
        ({"artifactMediaType": "application/vnd.cncf.helm.config.v1+json"}, ImageKind.ARTIFACT),
    ],
)
def test_kinds(more, kind):
    assert kind_of(listed_image(p.image("a", **more)), None, plain=False) is kind


def test_an_index_that_is_none_is_an_image():
    image = listed_image(p.image("a", imageManifestMediaType=p.OCI_INDEX))
    assert kind_of(image, None, plain=True) is ImageKind.IMAGE


def _covered(row: dict[str, Any]) -> Covered:
    entry = covered_image(row)
    assert entry is not None
    assert entry[:2] == (p.ACCOUNT, ("team/app", p.digest("a")))
    return entry[2]


def test_coverage_of_an_image():
    covered = _covered(p.coverage("a"))
    assert (covered.verdict.state, covered.in_use_count) == ("assessed", 2)


def test_coverage_of_something_else():
    assert covered_image(p.coverage("a", resourceType="AWS_ECR_REPOSITORY")) is None


@pytest.mark.parametrize(("told", "account"), [("999999999999", "999999999999"), (None, p.ACCOUNT)])
def test_coverage_is_of_the_account_it_names_or_else_of_its_images(told, account):
    entry = covered_image(p.coverage("a", accountId=told))
    assert entry is not None
    assert entry[0] == account


@pytest.mark.parametrize("missing", ["scanStatus", "resourceMetadata"])
def test_coverage_with_holes(missing):
    row = p.coverage("a")
    del row[missing]
    covered = _covered(row)
    assert covered.verdict.state == ("unknown" if missing == "scanStatus" else "assessed")


def test_two_rows_of_one_image_settle_on_not_having_looked():
    looked = _covered(p.coverage("a"))
    not_looked = _covered(p.coverage("a", "INACTIVE", "UNSUPPORTED_OS"))
    assert looked.with_other(not_looked).verdict.state == "unsupported"
    assert not_looked.with_other(looked).verdict.state == "unsupported"


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [(0, 5, 5), (5, None, 5), (0, None, None), (0, 0, 0), (None, None, None)],
)
def test_two_rows_of_one_image_count_nothing_only_where_both_counted(one, other, both):
    first, second = (
        Covered(Verdict(State.ASSESSED, ""), one),
        Covered(Verdict(State.UNKNOWN, ""), other),
    )
    assert first.with_other(second).in_use_count == both
    assert second.with_other(first).in_use_count == both
