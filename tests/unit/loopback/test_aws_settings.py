"""Settings served by the loopback AWS, through the unmodified SDK and its own model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from providers.loopback.aws import AwsLoopback
from providers.loopback.estate import Estate, Fault, Registry
from tests.unit.loopback.estates import (
    ACCOUNT,
    MOMENT,
    OTHER_REGION,
    REGION,
    enhanced_registry,
    small_estate,
)
from tests.unit.loopback.sdk import aws_client, code_of, pages, rows

POLICY = '{"Statement":[]}'
SETTINGS = {
    "registry_policy": POLICY,
    "replication": "222222222222/eu-central-1",
    "pull_through": json.dumps(
        [{"ecrRepositoryPrefix": f"p{n}", "upstreamRegistryUrl": "quay.io"} for n in range(4)]
    ),
    "creation_templates": json.dumps([{"prefix": "ROOT", "appliedFor": ["REPLICATION"]}]),
    "signing_rules": json.dumps(
        [{"signingProfileArn": f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/abcdefg"}]
    ),
    "pull_time_exclusions": "arn:aws:iam::1:role/a,arn:aws:iam::1:role/b",
    "suppression_filters": "a,b,c,d",
    "rescan_duration": "LIFETIME",
    "BLOB_MOUNTING": "ENABLED",
}


def _estate(*faults: Fault) -> Estate:
    """The small estate with settings in its first place, and tags on most repositories."""
    plain = enhanced_registry()
    tagged = tuple(
        replace(one, settings={**one.settings, "tags": f"team={one.name},env=prod"})
        for one in plain.repositories
    )
    registry: Registry = replace(plain, repositories=tagged, settings=SETTINGS)
    first, *others = small_estate(*faults).places
    changed = replace(first, registries=(registry,))
    return replace(small_estate(*faults, page_size=2), places=(changed, *others))


@pytest.fixture(scope="module")
def server() -> Iterator[AwsLoopback]:
    with AwsLoopback(_estate()) as running:
        yield running


@pytest.fixture(scope="module")
def ecr(server):
    return aws_client(server, "ecr")


def test_settings_of_a_registry(ecr):
    assert ecr.get_registry_policy()["policyText"] == POLICY
    (rule,) = ecr.describe_registry()["replicationConfiguration"]["rules"]
    assert rule["destinations"] == [{"region": "eu-central-1", "registryId": "222222222222"}]
    asked = "describe_pull_through_cache_rules"
    assert len(rows(ecr, asked, "pullThroughCacheRules")) == 4
    assert len(pages(ecr, asked)) == 2
    asked = "describe_repository_creation_templates"
    assert len(rows(ecr, asked, "repositoryCreationTemplates")) == 1
    assert len(ecr.get_signing_configuration()["signingConfiguration"]["rules"]) == 1
    names = ("BASIC_SCAN_TYPE_VERSION", "REGISTRY_POLICY_SCOPE", "BLOB_MOUNTING")
    values = [ecr.get_account_setting(name=name)["value"] for name in names]
    assert values == ["AWS_NATIVE", "V2", "ENABLED"]
    assert code_of(ecr.get_account_setting, name="NO_SUCH") == ("InvalidParameterException", 400)
    assert len(ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]) == 2


def test_nothing_set_is_an_exception_where_ecr_has_one(server):
    bare = aws_client(server, "ecr", region=OTHER_REGION)
    assert code_of(bare.get_registry_policy)[0] == "RegistryPolicyNotFoundException"
    assert code_of(bare.get_signing_configuration)[0] == "SigningConfigurationNotFoundException"
    assert bare.describe_registry()["replicationConfiguration"]["rules"] == []


def test_a_lifecycle_policy_says_when_it_was_evaluated(ecr):
    got = ecr.get_lifecycle_policy(repositoryName="team/app")
    assert got["lastEvaluatedAt"] < MOMENT


def test_inspectors_settings(server):
    inspector = aws_client(server, "inspector2")
    state = inspector.get_configuration()["ecrConfiguration"]["rescanDurationState"]
    assert (state["rescanDuration"], state["pullDateRescanMode"]) == ("LIFETIME", "LAST_IN_USE_AT")
    assert len(rows(inspector, "list_filters", "filters", action="SUPPRESS")) == 4
    assert inspector.list_filters(action="NONE")["filters"] == []


def test_keys(server):
    kms = aws_client(server, "kms")
    assert kms.describe_key(KeyId="alias/ecr")["KeyMetadata"]["KeyManager"] == "CUSTOMER"
    assert code_of(kms.describe_key, KeyId="alias/none") == ("NotFoundException", 400)


def test_tags_come_in_pages_with_an_empty_last_token(server, ecr):
    tagging = aws_client(server, "resourcegroupstaggingapi")
    asked = {"ResourceTypeFilters": ["ecr:repository"], "ResourcesPerPage": 100}
    first = tagging.get_resources(**asked)
    assert len(first["ResourceTagMappingList"]) == 2
    last = tagging.get_resources(**asked, PaginationToken=first["PaginationToken"])
    assert (len(last["ResourceTagMappingList"]), last["PaginationToken"]) == (1, "")
    row = first["ResourceTagMappingList"][0]
    assert ecr.list_tags_for_resource(resourceArn=row["ResourceARN"])["tags"] == row["Tags"]
    assert code_of(tagging.get_resources, **asked | {"ResourcesPerPage": 101})[0] == (
        "InvalidParameterException"
    )


def test_one_operation_is_denied_of_one_repository_or_of_all():
    one = Fault(
        "posture_denied", "aws", ACCOUNT, REGION, "", "team/web", operation="ecr:GetLifecyclePolicy"
    )
    every = Fault("posture_denied", "aws", ACCOUNT, REGION, operation="tag:GetResources")
    with AwsLoopback(_estate(one, every)) as server:
        ecr = aws_client(server, "ecr")
        assert ecr.get_lifecycle_policy(repositoryName="team/app")
        denied = ("AccessDeniedException", 400)
        assert code_of(ecr.get_lifecycle_policy, repositoryName="team/web") == denied
        assert code_of(aws_client(server, "resourcegroupstaggingapi").get_resources) == denied
        assert ecr.get_registry_policy()


def test_a_public_registry_is_in_its_home_alone(server):
    elsewhere = aws_client(server, "ecr-public", region=REGION)
    assert code_of(elsewhere.describe_repositories)[0] == "UnsupportedCommandException"
    home = aws_client(server, "ecr-public", region="us-east-1")
    assert home.describe_repositories()["repositories"] == []
