"""Accounts of an organisation and regions of an account, found over HTTP from the loopback AWS."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from audit.model.enums import Outcome
from audit.model.scope import Plan, ScopeOutcome
from providers.aws.members import member, verdict
from providers.aws.provider import AwsProvider
from providers.aws.settings import AwsSettings, OrganizationSettings
from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from providers.loopback.aws.organizations import WORKLOADS
from providers.loopback.estate import Estate, Place
from tests.unit.aws.support import CONTEXT, ListSink
from tests.unit.loopback.estates import ACCOUNT, OTHER_ACCOUNT, OTHER_REGION, REGION, small_estate

TOP = "aws/organization"
OTHER = f"aws/{OTHER_ACCOUNT}"


def plan(aws: AwsLoopback, **more: Any) -> Plan:
    settings = {**aws.organization_settings(), "max_attempts": 1, **more}
    return AwsProvider(AwsSettings.model_validate(settings), CONTEXT).plan()


def planned(options: Options, estate: Estate | None = None, **wanted: Any) -> Plan:
    with AwsLoopback(estate or small_estate(), options) as aws:
        return plan(aws, organization=aws.organization_settings(**wanted)["organization"])


def ends(found: Plan) -> dict[str, ScopeOutcome]:
    return {outcome.ref.scope_id: outcome for outcome in found.outcomes}


def tasks(found: Plan) -> set[str]:
    return {task.task_id for task in found.tasks}


def test_the_organisation_names_accounts_and_each_account_its_regions():
    with AwsLoopback(small_estate()) as aws:
        found = plan(aws)
        made = dict(aws.calls)
    told = ends(found)
    assert {i: (o.outcome, o.listed) for i, o in told.items()} == {
        TOP: (Outcome.COMPLETE, 2),
        f"aws/{ACCOUNT}": (Outcome.COMPLETE, 2),
        OTHER: (Outcome.COMPLETE, 2),
    }
    assert told[TOP].exhaustive
    assert not told[OTHER].exhaustive
    assert tasks(found) == {
        f"aws/{account}/{region}"
        for account in (ACCOUNT, OTHER_ACCOUNT)
        for region in (REGION, OTHER_REGION)
    }
    parents = {ref.scope_id: ref.parent_scope_id for t in found.tasks for ref in t.scopes}
    assert parents[f"{OTHER}/{REGION}"] == OTHER
    assert parents[f"{OTHER}/{REGION}/findings"] == f"{OTHER}/{REGION}"
    assert {o.ref.parent_scope_id for i, o in told.items() if i != TOP} == {TOP}
    # ListRegions of the own account goes without its id, and no role is assumed in it.
    assert made == {"GetCallerIdentity": 1, "ListAccounts": 1, "AssumeRole": 1, "ListRegions": 2}
    assert {i: o.api_calls for i, o in told.items()} == {TOP: 2, f"aws/{ACCOUNT}": 1, OTHER: 2}


def test_what_was_planned_can_be_read_and_no_role_is_assumed_twice():
    with AwsLoopback(small_estate()) as aws:
        provider = AwsProvider(AwsSettings.model_validate(aws.organization_settings()), CONTEXT)
        outcomes = [o for t in provider.plan().tasks for o in provider.collect(t, ListSink())]
        sessions = aws.gates.sessions
    assert {outcome.outcome for outcome in outcomes} == {Outcome.COMPLETE}
    assert {o.ref.parent_scope_id for o in outcomes} >= {OTHER, f"aws/{ACCOUNT}"}
    assert len(sessions) == 1


def many(count: int) -> Estate:
    estate = small_estate()
    places = (Place("aws", f"{n:012}", REGION, ()) for n in range(1, count))
    return replace(estate, places=(*estate.places[:1], *places))


def test_twenty_accounts_a_page_and_an_empty_page_with_a_token():
    with AwsLoopback(many(41), Options(denied=frozenset({("", "sts:AssumeRole")}))) as aws:
        found = plan(aws)
        pages = aws.calls["ListAccounts"]
    assert (ends(found)[TOP].listed, ends(found)[TOP].outcome) == (41, Outcome.COMPLETE)
    assert pages == 5  # three with accounts, an empty one before the second and the third
    assert len(ends(found)) == 42


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"])
def test_an_account_that_is_not_active_is_disabled_by_its_state(state):
    found = planned(Options(states={OTHER_ACCOUNT: state}))
    told = ends(found)[OTHER]
    assert (told.outcome, told.error_code) == (Outcome.DISABLED, state)
    assert not [task for task in tasks(found) if task.startswith(OTHER)]


def test_a_state_never_seen_is_no_ground_to_read_or_to_forget():
    told = ends(planned(Options(states={OTHER_ACCOUNT: "DREAMING"})))[OTHER]
    assert (told.outcome, told.error_code) == (Outcome.FAILED, "DREAMING")


def test_state_is_read_before_the_retired_status_and_status_in_its_absence():
    assert member({"Id": "1", "State": "SUSPENDED", "Status": "ACTIVE"}).state == "SUSPENDED"
    assert member({"Id": "1", "Status": "SUSPENDED"}).state == "SUSPENDED"
    old = Options(states={OTHER_ACCOUNT: "SUSPENDED"}, retired_status=True)
    assert ends(planned(old))[OTHER].error_code == "SUSPENDED"
    nothing = verdict(member({"Id": "1"}), OrganizationSettings())
    assert getattr(nothing, "code", None) == "StateNotTold"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"exclude_accounts": [OTHER_ACCOUNT]}, "exclude_accounts"),
        ({"include_accounts": [ACCOUNT]}, "include_accounts"),
        ({"exclude_ous": ["ou-loop-sandbox"]}, "ou-loop-sandbox"),
        ({"include_ous": [WORKLOADS]}, "include_ous"),
        ({"exclude_ous": ["ou-loop-sandbox"], "include_accounts": [OTHER_ACCOUNT]}, "sandbox"),
    ],
)
def test_what_the_configuration_leaves_out_is_told_as_left_out(wanted, reason):
    paths: dict[str, str | None] = {
        OTHER_ACCOUNT: f"o-1/r-loop/ou-loop-sandbox/ou-loop-deep/{OTHER_ACCOUNT}/"
    }
    found = planned(Options(paths=paths), **wanted)
    told = ends(found)[OTHER]
    assert (told.outcome, told.error_code, told.errors) == (Outcome.LEFT_OUT, "LeftOut", 0)
    assert reason in (told.error or "")
    assert not [task for task in tasks(found) if task.startswith(OTHER)]


@pytest.mark.parametrize("unit", ["r-loop", WORKLOADS, "ou-loop-deep"])
def test_a_unit_is_found_anywhere_in_the_path(unit):
    paths: dict[str, str | None] = {OTHER_ACCOUNT: f"o-1/r-loop/{WORKLOADS}/ou-loop-deep"}
    found = planned(Options(paths=paths), include_ous=[unit])
    assert ends(found)[OTHER].outcome is Outcome.COMPLETE


def test_an_account_whose_unit_is_not_told_is_neither_read_nor_left_out(caplog):
    with caplog.at_level(logging.WARNING, "test"):
        found = planned(Options(paths={OTHER_ACCOUNT: None}), exclude_ous=["ou-loop-sandbox"])
    told = ends(found)[OTHER]
    assert (told.outcome, told.error_code) == (Outcome.FAILED, "OUNotTold")
    assert "1 of 2 accounts come without Paths" in caplog.text
    named = planned(
        Options(paths={OTHER_ACCOUNT: None}),
        exclude_ous=["ou-loop-sandbox"],
        include_accounts=[OTHER_ACCOUNT],
    )
    assert ends(named)[OTHER].outcome is Outcome.COMPLETE


def test_an_account_that_is_named_and_no_member_is_told():
    told = ends(planned(Options(), include_accounts=[ACCOUNT, "999999999999"]))["aws/999999999999"]
    assert (told.outcome, told.error_code) == (Outcome.FAILED, "NotAMember")


def test_an_organisation_that_cannot_be_listed_proves_nothing_and_the_named_are_read():
    denied = Options(denied=frozenset({("", "organizations:ListAccounts")}))
    found = planned(denied, include_accounts=[OTHER_ACCOUNT])
    top = ends(found)[TOP]
    assert (top.outcome, top.exhaustive) == (Outcome.DENIED, False)
    assert top.missing_permission == "organizations:ListAccounts"
    assert f"{OTHER}/{REGION}" in tasks(found)


def test_a_role_that_cannot_be_assumed_is_a_denied_account_without_tasks():
    found = planned(Options(denied=frozenset({("", "sts:AssumeRole")})))
    told = ends(found)[OTHER]
    assert (told.outcome, told.missing_permission) == (Outcome.DENIED, "sts:AssumeRole")
    assert tasks(found) == {f"aws/{ACCOUNT}/{REGION}", f"aws/{ACCOUNT}/{OTHER_REGION}"}


def test_regions_are_asked_of_the_account_itself_where_the_hub_may_not_ask():
    hub_denied = frozenset({(ACCOUNT, "account:ListRegions")})
    with AwsLoopback(many(4), Options(denied=hub_denied)) as aws:
        found = plan(aws)
        asked = aws.calls["ListRegions"]
    assert ends(found)["aws/000000000001"].outcome is Outcome.COMPLETE
    own = ends(found)[f"aws/{ACCOUNT}"]
    assert own.error_code == "RegionsFromOfflineList"
    assert asked <= 1 + 3 + 3  # the hub is not asked for ever, though some ask it side by side


def test_regions_that_nobody_tells_come_from_the_offline_list_which_is_said():
    found = planned(Options(denied=frozenset({("", "account:ListRegions")})))
    told = ends(found)[OTHER]
    assert (told.outcome, told.error_code) == (Outcome.PARTIAL, "RegionsFromOfflineList")
    assert told.missing_permission == "account:ListRegions"
    assert f"{OTHER}/ap-southeast-6" in tasks(found)
    assert told.listed == len([task for task in tasks(found) if task.startswith(OTHER)]) >= 34


def test_regions_come_fifty_a_page_and_those_that_are_off_do_not():
    regions = tuple(f"xx-test-{n}" for n in range(60))
    found = planned(Options(regions=regions))
    assert ends(found)[OTHER].listed == 60
    assert f"{OTHER}/af-south-1" not in tasks(found)


def test_listed_regions_are_read_in_every_account_without_asking():
    with AwsLoopback(small_estate()) as aws:
        found = plan(aws, regions=[REGION])
        assert aws.calls["ListRegions"] == 0
    assert tasks(found) == {f"aws/{ACCOUNT}/{REGION}", f"{OTHER}/{REGION}"}


def test_listed_accounts_can_have_their_enabled_regions_found():
    with AwsLoopback(small_estate()) as aws:
        settings = aws.settings() | {"regions": "enabled"}
        found = AwsProvider(AwsSettings.model_validate(settings), CONTEXT).plan()
    assert ends(found).keys() == {f"aws/{ACCOUNT}", OTHER}
    assert {o.ref.parent_scope_id for o in found.outcomes} == {""}
    assert len(found.tasks) == 4


def test_a_role_of_the_management_account_is_assumed_to_list():
    with AwsLoopback(small_estate()) as aws:
        role = f"arn:aws:iam::{ACCOUNT}:role/registry-audit"
        wanted = aws.organization_settings(role_arn=role)["organization"]
        found = plan(aws, organization=wanted)
        assumed = [session["RoleArn"] for session in aws.gates.sessions]
    assert ends(found)[TOP].outcome is Outcome.COMPLETE
    assert assumed.count(role) == 1
