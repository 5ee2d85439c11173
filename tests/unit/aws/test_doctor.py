"""What the doctor finds, over HTTP: nothing reads as ok that was not answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit.ports import Check, CheckStatus
from providers.aws.permissions import PERMISSIONS, Where
from providers.aws.probes import ANY, PROBES, UNTRIED
from providers.aws.provider import AwsProvider
from providers.aws.settings import AwsSettings
from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from tests.unit.aws import payloads as p
from tests.unit.aws.support import CONTEXT
from tests.unit.aws.wire import ASSUMED, Raw, Wire, failure, paged
from tests.unit.loopback.estates import ACCOUNT, OTHER_ACCOUNT, REGION, small_estate

OK, MISSING = CheckStatus.OK, CheckStatus.MISSING
UNREACHABLE, UNKNOWN = CheckStatus.UNREACHABLE, CheckStatus.UNKNOWN
ADMIN = "999999999999"
ROLE = f"arn:aws:iam::{p.ACCOUNT}:role/registry-audit"


def examined(settings: dict[str, Any]) -> dict[str, Check]:
    """Return the checks of one subject by what they are of."""
    provider = AwsProvider(AwsSettings.model_validate({**settings, "max_attempts": 1}), CONTEXT)
    return {check.what: check for check in provider.examine()}


def status(ecr: str) -> dict[str, Any]:
    one = {"accountId": p.ACCOUNT, "resourceState": {"ecr": {"status": ecr}}}
    return {"accounts": [one], "failedAccounts": []}


@pytest.fixture
def wire() -> Iterator[Wire]:
    """One account in which everything is allowed and there is one repository with one image."""
    bare = [name.partition(":")[2] for name, probe in PROBES.items() if probe.needs == ANY]
    answers: dict[str, Any] = {
        "DescribeRepositories": paged("repositories", [p.repository()]),
        "DescribeImages": paged("imageDetails", [p.image("a")]),
        "BatchGetImage": lambda _: {"images": [], "failures": []},
        "GetRegistryScanningConfiguration": lambda _: p.scanning("ENHANCED"),
        "BatchGetRepositoryScanningConfiguration": lambda _: p.frequencies("team/app"),
        "DescribeImageScanFindings": lambda _: failure("ScanNotFoundException"),
        "ListFindings": paged("findings", []),
        "ListCoverage": paged("coveredResources", []),
        "ListRegions": lambda _: {"Regions": [{"RegionName": p.REGION}]},
        "ListPullTimeUpdateExclusions": lambda _: {"pullTimeUpdateExclusions": []},
        "BatchGetAccountStatus": lambda _: status("ENABLED"),
        "GetDelegatedAdminAccount": lambda _: failure("ResourceNotFoundException", status=404),
        "GetAuthorizationToken": lambda _: {"authorizationData": []},
    }
    with Wire(**{**dict.fromkeys(bare, lambda _: {}), **answers}) as running:
        yield running


def test_everything_that_is_allowed_is_ok_and_nothing_is_written(wire):
    got = examined(wire.settings())
    here = {one.operation for one in PERMISSIONS if Where.MEMBER in one.where}
    wanted = {name for name in here if not name.startswith("ecr-public:")}
    assert {what for what, check in got.items() if ":" in what} == wanted
    assert {got[what].status for what in wanted} == {OK}
    assert got["Inspector scans ECR images"].status is OK
    assert all(name.startswith(("Describe", "List", "Get", "BatchGet")) for name in wire.calls)
    assert set(wire.calls.values()) == {1}


def test_calls_are_the_smallest_and_no_image_is_pulled(wire):
    examined(wire.settings())
    assert wire.asked("DescribeRepositories") == [{"maxResults": 1}]
    assert wire.asked("DescribeImages") == [{"repositoryName": "team/app", "maxResults": 1}]
    assert wire.asked("ListFindings") == [{"maxResults": 1}]
    (asked,) = wire.asked("BatchGetImage")
    assert asked["imageIds"] == [{"imageDigest": "sha256:" + "0" * 64}]


@pytest.mark.parametrize(
    ("operation", "answer", "found"),
    [
        ("DescribeImages", failure("AccessDeniedException"), MISSING),
        ("ListCoverage", failure("AccessDeniedException", status=403), MISSING),
        ("DescribeImages", failure("UnrecognizedClientException"), UNREACHABLE),
        ("DescribeImages", failure("ThrottlingException"), UNREACHABLE),
        ("DescribeImages", failure("ServerException", status=500), UNREACHABLE),
        ("DescribeImages", failure("RepositoryNotFoundException"), OK),
        ("DescribeImages", failure("Moonlit"), UNKNOWN),
        ("DescribeImages", {}, UNKNOWN),
    ],
)
def test_what_an_answer_says_of_a_permission(wire, operation, answer, found):
    wire.answers[operation] = lambda _: answer
    (check,) = [c for what, c in examined(wire.settings()).items() if what.endswith(operation)]
    assert check.status is found
    assert check.required
    assert check.costs
    assert check.permission == check.what


def test_what_there_is_nothing_to_try_on_is_unknown(wire):
    wire.answers["DescribeRepositories"] = paged("repositories", [])
    got = examined(wire.settings())
    for name in ("DescribeImages", "BatchGetImage", "DescribeImageScanFindings"):
        assert (got[f"ecr:{name}"].status, got[f"ecr:{name}"].told) == (UNKNOWN, UNTRIED)


def test_inspector_that_is_off_refuses_like_a_permission_and_is_not_taken_for_one(wire):
    wire.answers["BatchGetAccountStatus"] = lambda _: status("DISABLED")
    wire.answers["ListFindings"] = lambda _: failure("AccessDeniedException", status=403)
    got = examined(wire.settings())
    assert got["Inspector scans ECR images"].status is MISSING
    assert not got["Inspector scans ECR images"].required
    assert got["inspector2:ListFindings"].status is UNKNOWN
    assert got["inspector2:ListCoverage"].status is OK


@pytest.mark.parametrize("word", ["ENABLING", "SUSPENDED", "MOONLIT"])
def test_another_word_for_inspectors_state_is_unknown_and_told(wire, word):
    wire.answers["BatchGetAccountStatus"] = lambda _: status(word)
    got = examined(wire.settings())["Inspector scans ECR images"]
    assert (got.status, got.told) == (UNKNOWN, word)


def with_role(wire: Wire, **more: Any) -> dict[str, Any]:
    wire.answers["AssumeRole"] = lambda _: Raw(200, ASSUMED.encode(), "text/xml")
    return wire.settings(accounts=[{"id": p.ACCOUNT, "role_arn": ROLE}], **more)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"pullTimeUpdateExclusions": [ROLE]}, OK),
        ({"pullTimeUpdateExclusions": ["arn:aws:iam::1:role/x"]}, MISSING),
        ({"pullTimeUpdateExclusions": [], "nextToken": "t"}, UNKNOWN),
        (failure("AccessDeniedException"), UNKNOWN),
    ],
)
def test_whether_our_pulls_count_as_use(wire, answer, found):
    wire.answers["ListPullTimeUpdateExclusions"] = lambda _: answer
    got = examined(with_role(wire))["the audit's role is excluded from pull times"]
    assert (got.status, got.required) == (found, False)


@pytest.mark.parametrize(
    ("members", "word", "found"),
    [
        ([p.ACCOUNT], "ENABLED", OK),
        (["1"], "ENABLED", MISSING),
        ([p.ACCOUNT], "RESIGNED", MISSING),
    ],
)
def test_whether_inspectors_administrator_sees_the_account(wire, members, word, found):
    wire.answers["GetDelegatedAdminAccount"] = lambda _: {"delegatedAdmin": {"accountId": ADMIN}}
    rows = [{"accountId": account, "relationshipStatus": word} for account in members]
    wire.answers["ListMembers"] = paged("members", [], rows)
    got = examined(wire.settings())
    assert got["Inspector has a delegated administrator"].told == ADMIN
    assert got["Inspector's administrator sees the account"].status is found


def test_members_that_cannot_be_read_are_told_and_not_taken_for_none(wire):
    wire.answers["GetDelegatedAdminAccount"] = lambda _: {"delegatedAdmin": {"accountId": ADMIN}}
    got = examined(wire.settings())
    assert got["inspector2:ListMembers"].status is MISSING
    assert "Inspector's administrator sees the account" not in got


def test_a_role_that_cannot_be_assumed_is_all_there_is_to_say():
    with AwsLoopback(small_estate(), Options(denied=frozenset({("", "sts:AssumeRole")}))) as aws:
        (_, other) = aws.settings()["accounts"]
        got = examined(aws.settings() | {"accounts": [other]})
    assert {what: check.status for what, check in got.items()} == {"sts:AssumeRole": MISSING}


def test_an_organisation_is_examined_account_by_account():
    denied = frozenset({("", "sts:AssumeRole"), (ACCOUNT, "account:ListRegions")})
    with AwsLoopback(small_estate(), Options(denied=denied)) as aws:
        settings = AwsSettings.model_validate({**aws.organization_settings(), "max_attempts": 1})
        checks = list(AwsProvider(settings, CONTEXT).examine())
    told = {(check.subject, check.what): check.status for check in checks}
    assert told[f"aws/{OTHER_ACCOUNT}", "sts:AssumeRole"] is MISSING
    assert told[f"aws/{ACCOUNT}", "account:ListRegions"] is MISSING
    assert {subject for subject, _ in told} == {
        *(f"aws/{ACCOUNT}", f"aws/{OTHER_ACCOUNT}", f"aws/{ACCOUNT}/af-south-1"),
    }


def test_an_organisation_that_cannot_be_listed_is_in_the_way():
    denied = frozenset({("", "organizations:ListAccounts")})
    with AwsLoopback(small_estate(), Options(denied=denied)) as aws:
        got = examined(aws.organization_settings())
    assert got["organizations:ListAccounts"].status is MISSING
    assert got["organizations:ListAccounts"].required


def test_what_is_left_out_or_suspended_is_not_taken_for_a_missing_right():
    with AwsLoopback(small_estate(), Options(states={OTHER_ACCOUNT: "SUSPENDED"})) as aws:
        got = examined(aws.organization_settings())
        assert got["the account can be read"].status is UNKNOWN
        left = examined(aws.organization_settings(exclude_accounts=[OTHER_ACCOUNT]))
    assert "the account can be read" not in left


def test_a_loopback_account_is_read_as_a_run_would():
    with AwsLoopback(small_estate()) as aws:
        got = examined({**aws.settings(), "regions": [REGION]})
    assert got["sts:AssumeRole"].status is OK
    assert got["ecr:DescribeImages"].status is OK
