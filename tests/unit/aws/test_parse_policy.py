"""What a policy grants: never less than its text may mean, no answer where it leaves that open."""

import json
from typing import Any

import pytest

from audit.errors import BrokenPageError
from providers.aws.organisation import Organisation
from providers.aws.parse_policy import access_columns, no_policy, read_grants
from tests.unit.aws.payloads_settings import PULL, PUSH, allow, policy_text

OWN, SISTER, STRANGER = "111111111111", "222222222222", "333333333333"
ORG, OTHER_ORG = "o-aaaaaaaaaa", "o-bbbbbbbbbb"
KNOWN = Organisation(ORG, frozenset({OWN, SISTER}), whole=True)
ROOT = f"arn:aws:iam::{STRANGER}:root"


def columns(*statements: Any, organisation: Organisation = KNOWN) -> dict[str, Any]:
    return _read(policy_text(*statements), organisation)[0]


def unread(*statements: Any, organisation: Organisation = KNOWN) -> list[str]:
    return _read(policy_text(*statements), organisation)[1]


def _read(text: str, organisation: Organisation) -> tuple[dict[str, Any], list[str]]:
    return access_columns(read_grants(text, "ecr:GetRepositoryPolicy", OWN), organisation)


def when(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {"Condition": {operator: {key: list(values)}}}


def deny(principal: Any, *actions: str, **more: Any) -> dict[str, Any]:
    return allow(principal, *actions, **more) | {"Effect": "Deny"}


def test_a_policy_for_the_own_account_lets_nobody_in():
    own = allow({"AWS": [f"arn:aws:iam::{OWN}:role/ci", OWN]}, "ecr:*")
    service = allow({"Service": "codebuild.amazonaws.com"}, "ecr:*")
    assert columns(own, service) == no_policy() | {"policy_present": True}
    assert unread(own, service) == []


@pytest.mark.parametrize("everyone", ["*", {"AWS": "*"}, {"AWS": [ROOT, "*"]}])
def test_anyone_is_anyone_however_it_is_written(everyone):
    got = columns(allow(everyone, PULL))
    assert (got["anonymous_access"], got["anonymous_write"]) == (True, False)
    assert "*" in got["external_accounts"]
    assert got["outside_organisation"] is True


def test_a_statement_need_not_stand_in_a_list():
    text = json.dumps({"Statement": allow("*", PUSH)})
    assert _read(text, KNOWN)[0]["anonymous_write"] is True


@pytest.mark.parametrize(
    "actions", [["ecr:PutImage"], ["ecr:*"], ["*"], ["ECR:put*"], ["ecr:Batch?elete*"], ["e*:*"]]
)
def test_push_and_delete_are_found_behind_wildcards(actions):
    assert columns(allow("*", *actions))["anonymous_write"] is True
    assert columns(allow({"AWS": STRANGER}, *actions))["external_write"] is True


@pytest.mark.parametrize("actions", [["ecr:Get*", "ecr:BatchGetImage"], ["ecr:DescribeNewThings"]])
def test_reading_is_no_writing(actions):
    got = columns(allow("*", *actions))
    assert (got["anonymous_access"], got["anonymous_write"]) == (True, False)


def test_an_action_nobody_knows_leaves_open_whether_it_writes():
    got = columns(allow("*", "ecr:EngraveImage"))
    assert (got["anonymous_access"], got["anonymous_write"]) == (True, None)
    assert any(note.startswith("anonymous_write: ") for note in unread(allow("*", "ecr:Engrave")))


def test_actions_of_other_services_grant_nothing():
    assert columns(allow("*", "s3:*"))["anonymous_access"] is False


def test_not_action_grants_all_but_what_it_names():
    statement = allow("*") | {"NotAction": ["ecr:DeleteRepository"]}
    del statement["Action"]
    assert columns(statement)["anonymous_write"] is True
    reads = statement | {"NotAction": ["ecr:Put*", "ecr:*Delete*", "ecr:*Upload*", "ecr:Set*"]}
    assert columns(reads)["anonymous_write"] is True, "CreateRepository and others are left"


def test_not_principal_means_everybody_else():
    statement = allow(None, PULL) | {"NotPrincipal": {"AWS": ROOT}}
    del statement["Principal"]
    assert columns(statement)["anonymous_access"] is True


@pytest.mark.parametrize(
    ("condition", "parties"),
    [
        (when("StringEquals", "aws:PrincipalOrgID", ORG), [ORG]),
        (when("stringlike", "AWS:principalorgid", ORG), [ORG]),
        (when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORG}/r-1/*"), [ORG]),
        (when("StringEquals", "aws:PrincipalAccount", SISTER, OWN), [SISTER]),
        (when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{SISTER}:role/*"), [SISTER]),
    ],
)
def test_a_condition_on_who_comes_restricts(condition, parties):
    got = columns(allow("*", "ecr:*", **condition))
    assert (got["anonymous_access"], got["external_accounts"]) == (False, parties)
    assert (got["external_write"], got["outside_organisation"]) == (True, False)


@pytest.mark.parametrize(
    "condition",
    [
        when("Bool", "aws:SecureTransport", "true"),
        when("StringLike", "aws:PrincipalOrgID", "*"),
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8", "0.0.0.0/0"),
    ],
)
def test_a_condition_that_anyone_meets_does_not(condition):
    assert columns(allow("*", PULL, **condition))["anonymous_access"] is True


@pytest.mark.parametrize(
    "condition",
    [
        when("StringNotEquals", "aws:PrincipalOrgID", ORG),
        when("StringEqualsIfExists", "aws:PrincipalOrgID", ORG),
        when("ForAllValues:StringEquals", "aws:PrincipalOrgID", ORG),
        when("StringEquals", "aws:SomethingNew", "x"),
        when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ci"),
        when("Null", "aws:PrincipalOrgID", "false"),
    ],
)
def test_a_condition_that_is_not_understood_is_no_restriction_and_no_freedom(condition):
    got = columns(allow("*", PULL, **condition))
    for column in ("anonymous_access", "external_accounts", "outside_organisation"):
        assert got[column] is None
        assert any(note.startswith(f"{column}: ") for note in unread(allow("*", PULL, **condition)))


def test_a_network_lets_in_accounts_that_nobody_can_name():
    got = columns(allow("*", PULL, **when("StringEquals", "aws:SourceVpce", "vpce-1")))
    assert (got["anonymous_access"], got["external_accounts"]) == (False, None)


def test_one_restriction_among_conditions_is_enough():
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    condition |= when("StringEquals", "aws:PrincipalOrgID", ORG)["Condition"]
    assert columns(allow("*", PULL, Condition=condition))["anonymous_access"] is False


def test_a_deny_that_may_take_all_of_a_grant_leaves_it_open():
    outside = when("StringNotEquals", "aws:PrincipalOrgID", ORG)
    got = columns(allow("*", PULL), deny("*", "ecr:*", **outside))
    assert (got["anonymous_access"], got["external_accounts"]) == (None, None)
    assert columns(allow({"AWS": STRANGER}, PULL), deny("*", "*"))["external_accounts"] is None


def test_a_deny_of_something_else_takes_nothing():
    got = columns(allow("*", PULL, PUSH), deny("*", PUSH))
    assert (got["anonymous_access"], got["anonymous_write"]) == (True, None)
    assert columns(allow("*", PULL), deny({"AWS": ROOT}, "ecr:*"))["anonymous_access"] is True


def test_a_statement_that_is_open_does_not_hide_one_that_is_not():
    puzzle = allow("*", PUSH, **when("StringEquals", "aws:SomethingNew", "x"))
    got = columns(puzzle, allow("*", PUSH), allow({"AWS": STRANGER}, PULL))
    assert (got["anonymous_access"], got["anonymous_write"]) == (True, True)
    assert got["external_accounts"] == ["*", STRANGER]
    notes = unread(puzzle, allow({"AWS": STRANGER}, PULL))
    assert any(note.startswith("external_accounts: ") for note in notes), "there may be more"


@pytest.mark.parametrize("principal", [{"Federated": "x"}, {"CanonicalUser": "79a5"}, {"AWS": "?"}])
def test_a_principal_without_an_account_is_open(principal):
    got = columns(allow(principal, PULL))
    assert (got["anonymous_access"], got["external_accounts"]) == (False, None)


def test_the_id_of_a_deleted_role_lets_nobody_in():
    assert columns(allow({"AWS": "AROAEXAMPLEROLEID123"}, PUSH))["external_accounts"] == []


def test_an_unknown_effect_is_open():
    assert columns(allow("*", PULL) | {"Effect": "Perhaps"})["anonymous_access"] is None


@pytest.mark.parametrize(
    ("organisation", "grant", "outside"),
    [
        (KNOWN, {"AWS": SISTER}, False),
        (KNOWN, {"AWS": ROOT}, True),
        (Organisation(), {"AWS": ROOT}, None),
        (Organisation(ORG, frozenset({SISTER})), {"AWS": SISTER}, False),
        (Organisation(ORG, frozenset({SISTER})), {"AWS": ROOT}, None),
        (Organisation(), {"AWS": OWN}, False),
    ],
)
def test_outside_is_told_only_where_the_organisation_is_known(organisation, grant, outside):
    got = columns(allow(grant, PULL), organisation=organisation)
    assert got["outside_organisation"] is outside
    notes = unread(allow(grant, PULL), organisation=organisation)
    assert len(notes) == (1 if outside is None else 0)


def test_another_organisation_is_outside():
    other = when("StringEquals", "aws:PrincipalOrgID", OTHER_ORG)
    assert columns(allow("*", PULL, **other))["outside_organisation"] is True


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", '"x"', "{}", '{"Statement": 1}', '{"Statement": [null]}'),
        '{"Statement": [{"Effect": "Allow", "Principal": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "ecr:*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": 7, "Action": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": [1]}]}',
    ],
)
def test_what_is_no_policy_is_broken_and_never_empty(text):
    with pytest.raises(BrokenPageError):
        _read(text, KNOWN)


@pytest.mark.parametrize("principal", ["everyone", [], None])
def test_a_principal_of_another_shape_is_broken(principal):
    with pytest.raises(BrokenPageError):
        columns(allow(principal, PULL))


def test_a_deny_that_names_an_account_leaves_its_own_grant_open_and_no_other():
    granted = allow({"AWS": [ROOT, SISTER]}, PULL, PUSH)
    got = columns(granted, deny({"AWS": f"arn:aws:iam::{STRANGER}:role/ci"}, "ecr:*"))
    assert got["external_accounts"] == [SISTER]
    assert (got["external_write"], got["outside_organisation"]) == (True, None)
    got = columns(granted, deny({"AWS": [STRANGER, SISTER]}, PUSH))
    assert got["external_accounts"] == [SISTER, STRANGER]
    assert got["external_write"] is None
