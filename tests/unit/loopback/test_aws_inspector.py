"""What the loopback Inspector remembers from estate to estate, and what an administrator sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.world import ADMINISTRATOR, MEMBERSHIP, SUPPRESSED
from providers.loopback.estate import Estate, Image, Place, Registry, Repository
from tests.unit.loopback.estates import (
    ACCOUNT,
    MOMENT,
    OTHER_ACCOUNT,
    REGION,
    TENANT,
    digest,
    image,
    scan,
    statement,
)
from tests.unit.loopback.sdk import aws_client, code_of, pages, rows

DAY = timedelta(days=1)
THIRD = "333333333333"
SCANNED = ("ACTIVE", "SUCCESSFUL")
CLOSED = {"findingStatus": [{"comparison": "EQUALS", "value": "CLOSED"}]}


def _found(
    number: int, *vulnerabilities: int, native: tuple[str, ...] = SCANNED, state: str = "assessed"
) -> Image:
    stated = tuple(statement(one) for one in vulnerabilities)
    return image(number, scan=scan(*native, state=state, statements=stated))


def _place(account: str, *images: Image, suppressed: str = "", **settings: str) -> Place:
    repository = Repository("app", MOMENT - 90 * DAY, images, {SUPPRESSED: suppressed})
    host = f"{account}.dkr.ecr.{REGION}.amazonaws.com"
    registry = Registry(host, account, MOMENT - 400 * DAY, (repository,))
    return Place("aws", account, REGION, (registry,), {"scan_type": "ENHANCED", **settings})


def _estate(days: float, *places: Place) -> Estate:
    moment = MOMENT + timedelta(days=days)
    return Estate(f"day {days}", moment, places, TENANT)


def _night(days: float, *images: Image, suppressed: str = "") -> Estate:
    return _estate(days, _place(ACCOUNT, *images, suppressed=suppressed))


def _since(moment: datetime) -> dict[str, Any]:
    return {"updatedAt": [{"startInclusive": moment}]}


def _told(inspector: Any, **criteria: Any) -> dict[str, Any]:
    found = rows(inspector, "list_findings", "findings", filterCriteria=criteria)
    return {
        row["packageVulnerabilityDetails"]["vulnerabilityId"]: row
        for row in found
    }  # fmt: skip


@pytest.fixture
def aws():
    with AwsLoopback(_night(0, _found(1, 1, 2))) as running:
        yield running


@pytest.fixture
def inspector(aws):
    return aws_client(aws, "inspector2")


def test_a_window_holds_what_changed_and_what_went_and_nothing_else(aws, inspector):
    aws.show(_night(1, _found(1, 2, 3)))
    window = _told(inspector, **_since(MOMENT))
    assert {name: row["status"] for name, row in window.items()} == {
        "CVE-2026-0001": "CLOSED",
        "CVE-2026-0003": "ACTIVE",
    }
    assert all(MOMENT < row["updatedAt"] <= MOMENT + DAY for row in window.values())
    assert _told(inspector, **_since(MOMENT + DAY + timedelta(seconds=1))) == {}
    end = {"updatedAt": [{"endInclusive": MOMENT}]}
    assert _told(inspector, **end).keys() == {"CVE-2026-0002"}


def test_a_night_on_which_nothing_changed_has_an_empty_window(aws, inspector):
    aws.show(replace(_night(0, _found(1, 1, 2)), moment=MOMENT + DAY, name="next"))
    assert _told(inspector, **_since(MOMENT)) == {}
    assert len(_told(inspector)) == 2


@pytest.mark.parametrize(
    ("left", "days"),
    [
        ((_found(1, 2),), 30),
        ((), 3),
        ((_found(1, native=("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED"), state="expired"),), 3),
    ],
)
def test_a_closed_finding_lives_as_long_as_its_reason_allows(aws, inspector, left, days):
    aws.show(_night(1, *left))
    assert "CVE-2026-0001" in _told(inspector, **CLOSED)
    aws.show(_night(days - 0.5, *left))
    assert "CVE-2026-0001" in _told(inspector, **CLOSED)
    aws.show(_night(days + 1.5, *left))
    assert "CVE-2026-0001" not in _told(inspector, **CLOSED)


def test_a_finding_that_comes_back_is_the_same_one(aws, inspector):
    first = _told(inspector)["CVE-2026-0001"]
    aws.show(_night(1, _found(1, 2)))
    aws.show(_night(2, _found(1, 1, 2)))
    again = _told(inspector, **_since(MOMENT + DAY))["CVE-2026-0001"]
    assert (again["status"], again["findingArn"]) == ("ACTIVE", first["findingArn"])
    assert again["firstObservedAt"] == first["firstObservedAt"]
    assert _told(inspector, **CLOSED) == {}


def test_a_suppressed_finding_is_updated_and_says_so(aws, inspector):
    aws.show(_night(1, _found(1, 1, 2), suppressed="CVE-2026-0002 CVE-2026-0009"))
    (row,) = _told(inspector, **_since(MOMENT)).values()
    assert row["status"] == "SUPPRESSED"
    active = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]}
    assert _told(inspector, **active).keys() == {"CVE-2026-0001"}


def test_the_services_clock_is_the_estates(inspector):
    answer = inspector.list_findings()
    told = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert parsedate_to_datetime(told) == MOMENT


def test_dates_are_ten_at_most(inspector):
    dates = [{"startInclusive": MOMENT}] * 11
    assert code_of(inspector.list_findings, filterCriteria={"updatedAt": dates})[1] == 400


def test_findings_come_25_a_page_where_the_service_gives_no_more():
    many = _night(0, _found(1, *range(1, 61)))
    with AwsLoopback(replace(many, findings_page_size=25)) as aws:
        got = pages(
            aws_client(aws, "inspector2"), "list_findings", PaginationConfig={"PageSize": 100}
        )
        assert [len(page["findings"]) for page in got] == [25, 25, 10]


def test_counts_of_active_findings_by_image(aws, inspector):
    aws.show(_night(1, _found(1, 1, 2), _found(2), _found(3, 4), suppressed="CVE-2026-0002"))
    answer = inspector.list_finding_aggregations(
        aggregationType="AWS_ECR_CONTAINER",
        accountIds=[{"comparison": "EQUALS", "value": ACCOUNT}],
    )
    counted = [one["awsEcrContainerAggregation"] for one in answer["responses"]]
    assert {one["imageSha"]: one["severityCounts"] for one in counted} == {
        digest(1): {"all": 1, "high": 1},
        digest(3): {"all": 1, "high": 1},
    }


@pytest.fixture
def organisation():
    estate = _estate(
        0,
        _place(ACCOUNT, _found(1, 1), **{ADMINISTRATOR: OTHER_ACCOUNT}),
        _place(OTHER_ACCOUNT),
        _place(THIRD, _found(3, 3), **{MEMBERSHIP: ""}),
    )
    with AwsLoopback(estate) as running:
        yield running


def test_the_administrator_sees_its_members_and_nobody_else(organisation):
    admin = aws_client(organisation, "inspector2", OTHER_ACCOUNT)
    assert _told(admin).keys() == {"CVE-2026-0001"}
    covered = rows(admin, "list_coverage", "coveredResources")
    assert [row["accountId"] for row in covered] == [ACCOUNT]
    members = rows(admin, "list_members", "members", onlyAssociated=True)
    assert [(m["accountId"], m["relationshipStatus"]) for m in members] == [(ACCOUNT, "ENABLED")]
    status = admin.batch_get_account_status(accountIds=[ACCOUNT, THIRD])
    assert [one["resourceState"]["ecr"]["status"] for one in status["accounts"]] == ["ENABLED"]
    assert [one["accountId"] for one in status["failedAccounts"]] == [THIRD]
    own = aws_client(organisation, "inspector2", THIRD)
    assert _told(own).keys() == {"CVE-2026-0003"}


def test_who_the_administrator_is(organisation, inspector):
    member = aws_client(organisation, "inspector2")
    assert member.get_delegated_admin_account()["delegatedAdmin"]["accountId"] == OTHER_ACCOUNT
    assert code_of(member.list_members) == ("AccessDeniedException", 403)
    assert code_of(inspector.get_delegated_admin_account) == ("ResourceNotFoundException", 404)
