from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.sts import external_id, role_arn
from tests.unit.loopback.estates import (
    ACCOUNT,
    LIFECYCLE_POLICY,
    MOMENT,
    OCI_INDEX,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    digest,
    small_estate,
)
from tests.unit.loopback.sdk import (
    aws_client,
    code_of,
    pages,
    rows,
    sdk_client,
)


@pytest.fixture
def server():
    with AwsLoopback(small_estate()) as running:
        yield running


@pytest.fixture
def ecr(server):
    return aws_client(server, "ecr")


# Identity


def test_calls_act_in_the_account_of_the_assumed_role_and_the_region_of_the_signature(server):
    def uris(account, region) -> Any:
        client = aws_client(server, "ecr", account, region)
        return [r["repositoryUri"] for r in rows(client, "describe_repositories", "repositories")]

    assert uris(ACCOUNT, REGION)[0] == f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/app"
    assert uris(OTHER_ACCOUNT, REGION) == [f"{OTHER_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/legacy"]
    assert uris(OTHER_ACCOUNT, OTHER_REGION) == []
    assert uris(ACCOUNT, OTHER_REGION) == []  # not a place of the estate: nothing there
    identity = aws_client(server, "sts", OTHER_ACCOUNT).get_caller_identity()
    assert identity["Account"] == OTHER_ACCOUNT


@pytest.mark.parametrize(
    ("arn", "outside_id"),
    [
        (role_arn(OTHER_ACCOUNT), "wrong"),
        (role_arn("999999999999"), external_id("999999999999")),
        (f"arn:aws:iam::{OTHER_ACCOUNT}:role/another", external_id(OTHER_ACCOUNT)),
    ],
)
def test_a_role_is_not_given_to_one_who_may_not_assume_it(server, arn, outside_id):
    assume = aws_client(server, "sts").assume_role
    got = code_of(assume, RoleArn=arn, RoleSessionName="test", ExternalId=outside_id)
    assert got == ("AccessDenied", 403)


def test_temporary_keys_without_their_token_and_unsigned_calls_are_refused(server):
    half = sdk_client(
        "ecr", endpoint_url=server.url, aws_access_key_id=f"ASIALOOPBACK{OTHER_ACCOUNT}"
    )
    assert code_of(half.describe_repositories)[0] == "UnrecognizedClientException"
    unsigned = sdk_client("ecr", endpoint_url=server.url, config=Config(signature_version=UNSIGNED))
    got = code_of(unsigned.describe_repositories)
    assert got == ("MissingAuthenticationTokenException", 403)


def test_an_operation_that_is_not_served_says_so(server, ecr):
    unknown = ("UnknownOperationException", 400)
    assert code_of(ecr.create_repository, repositoryName="new") == unknown
    assert code_of(aws_client(server, "inspector2").list_usage_totals) == unknown
    assert code_of(aws_client(server, "sts").get_session_token) == unknown
    assert code_of(aws_client(server, "kms").list_keys) == unknown
    assert server.calls["Unknown"] == 4


def test_calls_are_counted_by_operation_also_when_they_are_refused(server, ecr):
    pages(ecr, "describe_images", repositoryName="team/app", filter={"imageStatus": "ANY"})
    code_of(ecr.describe_images, repositoryName="nowhere")
    assert server.calls == {"DescribeImages": 4}


# Inventory


def test_repositories_are_listed_in_order_with_their_configuration(ecr):
    listed = rows(ecr, "describe_repositories", "repositories")
    assert [r["repositoryName"] for r in listed] == ["team/app", "team/web", "team/empty"]
    app, web = listed[0], listed[1]
    assert app["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert app["imageTagMutabilityExclusionFilters"][0]["filterType"] == "WILDCARD"
    assert app["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": "alias/ecr"}
    assert app["createdAt"] == MOMENT - timedelta(days=90)
    assert web["imageTagMutability"] == "MUTABLE"
    assert web["encryptionConfiguration"] == {"encryptionType": "AES256"}
    assert "imageTagMutabilityExclusionFilters" not in web


def test_images_come_in_pages_no_longer_than_the_estate_allows(ecr):
    got = pages(
        ecr,
        "describe_images",
        repositoryName="team/app",
        filter={"imageStatus": "ANY"},
        PaginationConfig={"PageSize": 1000},
    )
    assert [len(page["imageDetails"]) for page in got] == [3, 3, 1]
    listed = [row["imageDigest"] for page in got for row in page["imageDetails"]]
    assert listed == [digest(n) for n in (100, 101, 102, 103, 110, 111, 112)]
    asked = ecr.describe_images(repositoryName="team/app", maxResults=2)
    assert len(asked["imageDetails"]) == 2


def test_archived_images_are_listed_only_when_asked_for(ecr):
    active = rows(ecr, "describe_images", "imageDetails", repositoryName="team/app")
    assert {row["imageStatus"] for row in active} == {"ACTIVE"}
    assert len(active) == 6
    archived = rows(
        ecr,
        "describe_images",
        "imageDetails",
        repositoryName="team/app",
        filter={"imageStatus": "ARCHIVED"},
    )
    assert [row["imageDigest"] for row in archived] == [digest(111)]
    untagged = rows(
        ecr,
        "describe_images",
        "imageDetails",
        repositoryName="team/app",
        filter={"tagStatus": "UNTAGGED"},
    )
    assert [row["imageDigest"] for row in untagged] == [digest(n) for n in (101, 102, 103, 112)]


def test_an_image_row_has_the_fields_that_ecr_sends_and_no_others(ecr):
    index, child, _ = ecr.describe_images(repositoryName="team/app")["imageDetails"]
    assert index["imageTags"] == ["v1", "latest"]
    assert index["imageManifestMediaType"] == OCI_INDEX
    assert "artifactMediaType" not in index
    assert child["artifactMediaType"] == "application/vnd.oci.image.config.v1+json"
    absent = {"imageTags", "lastRecordedPullTime", "imageScanStatus", "imageScanFindingsSummary"}
    assert not absent & child.keys()
    assert child["imagePushedAt"] == MOMENT - timedelta(hours=101)
    assert child["imageSizeInBytes"] == 1101
    (web,) = ecr.describe_images(repositoryName="team/web")["imageDetails"]
    assert web["lastRecordedPullTime"] == MOMENT - timedelta(hours=5)
    by_id = ecr.describe_images(repositoryName="team/app", imageIds=[{"imageDigest": digest(112)}])
    assert by_id["imageDetails"][0]["subjectManifestDigest"] == digest(101)


def test_errors_of_the_image_listing(ecr):
    wrong = ("InvalidParameterException", 400)
    call = ecr.describe_images
    token = call(repositoryName="team/app")["nextToken"]
    assert code_of(call, repositoryName="nowhere") == ("RepositoryNotFoundException", 400)
    assert code_of(call, repositoryName="team/app", nextToken="garbled!") == wrong
    assert code_of(call, repositoryName="team/web", nextToken=token) == wrong
    other = {"imageStatus": "ANY"}
    assert code_of(call, repositoryName="team/app", nextToken=token, filter=other) == wrong
    assert code_of(call, repositoryName="team/app", maxResults=1001) == wrong
    ids = [{"imageDigest": digest(1)}]
    assert code_of(call, repositoryName="team/app", imageIds=ids, maxResults=5) == wrong
    assert code_of(call, repositoryName="team/app", imageIds=ids)[0] == "ImageNotFoundException"


def test_a_token_of_another_night_is_refused(server, ecr):
    token = ecr.describe_images(repositoryName="team/app")["nextToken"]
    server.show(replace(small_estate(), name="second night"))
    got = code_of(ecr.describe_images, repositoryName="team/app", nextToken=token)
    assert got == ("InvalidParameterException", 400)


def test_show_swaps_the_estate(server, ecr):
    estate = small_estate()
    place = estate.places[0]
    registry = replace(place.registries[0], repositories=place.registries[0].repositories[1:2])
    server.show(
        replace(estate, places=(replace(place, registries=(registry,)), *estate.places[1:]))
    )
    listed = ecr.describe_repositories()["repositories"]
    assert [r["repositoryName"] for r in listed] == ["team/web"]


def test_an_index_is_given_as_json_text_and_failures_as_rows(ecr):
    got = ecr.batch_get_image(
        repositoryName="team/app",
        imageIds=[{"imageDigest": digest(100)}, {"imageTag": "gone"}, {"imageDigest": digest(111)}],
        acceptedMediaTypes=[OCI_INDEX],
    )
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert got["failures"][0]["failureCode"] == "ImageNotFound"
    assert got["failures"][0]["imageId"] == {"imageTag": "gone"}
    assert got["failures"][1]["failureCode"] == "ImageInaccessible"
    (image,) = got["images"]
    assert image["imageManifestMediaType"] == OCI_INDEX
    amd, arm, attestation = json.loads(image["imageManifest"])["manifests"]
    assert amd["platform"] == {"architecture": "amd64", "os": "linux"}
    assert arm["digest"] == digest(102)
    assert attestation["platform"] == {"architecture": "unknown", "os": "unknown"}
    assert attestation["annotations"] == {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": digest(101),
    }
    too_many = [{"imageTag": f"t{n}"} for n in range(101)]
    got = code_of(ecr.batch_get_image, repositoryName="team/app", imageIds=too_many)
    assert got == ("InvalidParameterException", 400)


def test_a_manifest_of_a_type_that_is_not_accepted_is_a_failure(ecr):
    got = ecr.batch_get_image(
        repositoryName="team/app",
        imageIds=[{"imageDigest": digest(101)}],
        acceptedMediaTypes=[OCI_INDEX],
    )
    assert not got["images"]
    assert len(got["failures"]) == 1


def test_policies_exist_only_where_the_description_has_them(ecr):
    lifecycle = ecr.get_lifecycle_policy(repositoryName="team/app")
    assert lifecycle["lifecyclePolicyText"] == LIFECYCLE_POLICY
    got = code_of(ecr.get_lifecycle_policy, repositoryName="team/web")
    assert got == ("LifecyclePolicyNotFoundException", 400)
    got = code_of(ecr.get_repository_policy, repositoryName="team/app")
    assert got == ("RepositoryPolicyNotFoundException", 400)


# The server itself


def test_settings_name_every_account_and_can_be_written_as_json(server):
    settings = json.loads(json.dumps(server.settings()))
    assert settings["accounts"][0] == {"id": ACCOUNT}
    other = settings["accounts"][1]
    assert (other["id"], other["role_arn"]) == (OTHER_ACCOUNT, role_arn(OTHER_ACCOUNT))
    assert settings["regions"] == [REGION, OTHER_REGION]
    assert set(settings["endpoints"].values()) == {server.url}


def test_no_thread_is_left_although_clients_keep_connections_open():
    before = threading.active_count()
    with AwsLoopback(small_estate()) as server:
        client = aws_client(server, "ecr")
        client.describe_repositories()
        assert threading.active_count() > before
    assert threading.active_count() == before
