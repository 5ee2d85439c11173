"""Organizations, Account, sessions and rate limits of the loopback AWS, through the real SDK."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from providers.loopback.aws.sts import SHARED_EXTERNAL_ID, role_arn
from providers.loopback.estate import Place
from tests.unit.loopback.estates import ACCOUNT, OTHER_ACCOUNT, REGION, small_estate
from tests.unit.loopback.sdk import aws_client, code_of


@pytest.fixture
def server():
    with AwsLoopback(small_estate()) as running:
        yield running


def test_accounts_come_twenty_a_page_with_an_empty_page_between():
    places = tuple(Place("aws", f"{n:012}", REGION, ()) for n in range(1, 46))
    with AwsLoopback(replace(small_estate(), places=places)) as server:
        client = aws_client(server, "organizations")
        token: dict[str, str] = {}
        sizes = []
        while True:
            page = client.list_accounts(**token)
            sizes.append(len(page["Accounts"]))
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert sizes == [20, 0, 20, 0, 5]
        assert code_of(client.list_accounts, NextToken="stranger")[0] == "InvalidInputException"


def test_only_the_management_account_lists(server):
    member = aws_client(server, "organizations", OTHER_ACCOUNT)
    assert code_of(member.list_accounts) == ("AccessDeniedException", 400)


def test_the_organisation_and_its_delegated_administrator():
    with AwsLoopback(small_estate(), Options(inspector_admin=OTHER_ACCOUNT)) as server:
        client = aws_client(server, "organizations")
        told = client.describe_organization()["Organization"]
        assert told["MasterAccountId"] == ACCOUNT
        found = client.list_delegated_administrators(ServicePrincipal="inspector2.amazonaws.com")
        assert [row["Id"] for row in found["DelegatedAdministrators"]] == [OTHER_ACCOUNT]
        found = client.list_delegated_administrators(ServicePrincipal="macie.amazonaws.com")
        assert found["DelegatedAdministrators"] == []


def test_regions_of_a_member_and_of_the_own_account(server):
    client = aws_client(server, "account")
    enabled = ["ENABLED", "ENABLED_BY_DEFAULT"]
    own = client.list_regions(RegionOptStatusContains=enabled)["Regions"]
    assert [row["RegionName"] for row in own] == ["eu-west-1", "us-east-1"]
    assert (
        client.list_regions(AccountId=OTHER_ACCOUNT, RegionOptStatusContains=enabled)["Regions"]
        == own
    )
    assert len(client.list_regions()["Regions"]) > len(own)
    assert code_of(client.list_regions, AccountId=ACCOUNT) == ("ValidationException", 400)
    member = aws_client(server, "account", OTHER_ACCOUNT)
    assert code_of(member.list_regions, AccountId=ACCOUNT) == ("AccessDeniedException", 403)


def assume(server: AwsLoopback, **more: Any) -> Any:
    given = {"RoleArn": role_arn(OTHER_ACCOUNT), "RoleSessionName": "test", **more}
    return aws_client(server, "sts").assume_role(ExternalId=SHARED_EXTERNAL_ID, **given)


def test_a_session_longer_than_is_granted_is_refused():
    with AwsLoopback(small_estate(), Options(longest_session=3600)) as server:
        with pytest.raises(ClientError, match="1 hour session limit for roles assumed by role"):
            assume(server, DurationSeconds=3601)
        assume(server, DurationSeconds=3600, SourceIdentity="nightly")
        assert [one["SourceIdentity"] for one in server.gates.sessions] == ["nightly"]


def test_a_session_ends_after_its_calls():
    with AwsLoopback(small_estate(), Options(session_calls=1)) as server:
        client = aws_client(server, "ecr", OTHER_ACCOUNT)
        client.describe_repositories()
        assert code_of(client.describe_repositories) == ("ExpiredTokenException", 403)
        assert aws_client(server, "ecr", OTHER_ACCOUNT).describe_repositories()["repositories"]


def test_a_call_too_many_is_turned_away_in_each_services_own_words():
    with AwsLoopback(small_estate(), Options(rate=1e-9)) as server:
        ecr, inspector = aws_client(server, "ecr"), aws_client(server, "inspector2")
        for call in (ecr.describe_repositories, inspector.list_coverage):
            call()
        aws_client(server, "ecr", ACCOUNT, "us-east-1").describe_repositories()  # its own bucket
        assert code_of(ecr.describe_repositories) == ("ThrottlingException", 400)
        with pytest.raises(ClientError) as caught:
            inspector.list_coverage()
        answer = caught.value.response["ResponseMetadata"]
        assert answer["HTTPStatusCode"] == 429
        assert answer["HTTPHeaders"]["retry-after"] == "1"
        assert answer["HTTPHeaders"]["x-amzn-errortype"] == "ThrottlingException"
        assert server.gates.throttled == {"DescribeRepositories": 1, "ListCoverage": 1}
