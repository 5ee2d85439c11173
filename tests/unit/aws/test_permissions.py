"""What the code calls, what permissions.py says and what schedules/aws allows are one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from providers.aws.permissions import PERMISSIONS, Where, actions, needed
from providers.aws.probes import PROBES
from tests.support.project import ROOT

_OPERATION = re.compile(r'"([a-z0-9-]+:[A-Z][A-Za-z]+)"')
_READS = re.compile(r"[a-z0-9-]+:(Describe|Get|List|BatchGet|Search)[A-Za-z]*|sts:\w+")
TEMPLATES = ("hub", "member")


def called() -> set[str]:
    """Return every operation that a module of the adapter names."""
    modules = (ROOT / "providers/aws").glob("*.py")
    aside = {"permissions.py", "probes.py"}
    return {
        name
        for path in modules
        if path.name not in aside
        for name in _OPERATION.findall(path.read_text("utf-8"))
    }


def template(name: str) -> dict[str, Any]:
    """Read a template; an intrinsic function is its argument."""
    text = (ROOT / f"schedules/aws/{name}.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=_CloudFormation)  # noqa: S506  a SafeLoader
    return found


class _CloudFormation(yaml.SafeLoader):
    """Takes ``!Sub`` and its like for what they are given."""


def _argument(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


_CloudFormation.add_multi_constructor("!", _argument)


def statement(name: str, resource: str, number: int = 0) -> dict[str, Any]:
    policy = template(name)["Resources"][resource]["Properties"]["PolicyDocument"]
    found: dict[str, Any] = policy["Statement"][number]
    return found


def allowed(name: str, resource: str, number: int = 0) -> list[str]:
    return list(statement(name, resource, number)["Action"])


def test_the_code_names_its_operations():
    assert {"ecr:DescribeImages", "sts:AssumeRole", "account:ListRegions"} <= called()


def test_every_operation_that_is_called_has_its_permission_and_no_other_has():
    assert {one.operation for one in PERMISSIONS} == called()
    assert len({one.operation for one in PERMISSIONS}) == len(PERMISSIONS)
    with pytest.raises(LookupError):
        needed("ecr:DeleteRepository")


def test_every_permission_says_where_it_is_needed_and_what_it_costs():
    for one in PERMISSIONS:
        assert one.where, one.operation
        assert one.costs.endswith("."), one.operation
        assert one.costs.count(". ") == 0, "one sentence"


def test_nothing_that_is_allowed_writes():
    for action in actions(Where) | actions(Where, scanning=True):
        assert _READS.fullmatch(action), action


def test_the_doctor_tries_all_that_an_account_is_asked():
    """Save what it finds out in another way: by entering, and of Inspector's administrator."""
    here = {one.operation for one in PERMISSIONS if Where.MEMBER in one.where}
    assert here - PROBES.keys() == {"inspector2:GetDelegatedAdminAccount"}


@pytest.mark.parametrize(
    ("name", "resource", "number", "wanted"),
    [
        ("hub", "Discovery", 0, {"sts:AssumeRole", "sts:SetSourceIdentity"}),
        ("hub", "Discovery", 1, actions([Where.HUB]) - {"sts:AssumeRole", "sts:SetSourceIdentity"}),
        ("hub", "OwnRegistries", 0, actions([Where.MEMBER])),
        ("hub", "Administration", 0, actions([Where.ADMIN])),
        ("member", "Registries", 0, actions([Where.MEMBER])),
        ("member", "Administration", 0, actions([Where.ADMIN]) - actions([Where.MEMBER])),
        ("hub", "Pulls", 0, actions([Where.MEMBER], scanning=True)),
        ("member", "Pulls", 0, actions([Where.MEMBER], scanning=True)),
    ],
)
def test_a_template_allows_exactly_what_is_called(name, resource, number, wanted):
    got = allowed(name, resource, number)
    assert set(got) == wanted
    assert got == sorted(got), "in order, so that a difference is one line"
    assert statement(name, resource, number)["Effect"] == "Allow"
    assert statement(name, resource, number).keys() == {"Sid", "Effect", "Action", "Resource"}


def test_the_templates_hold_no_policy_besides():
    found = {
        name: {resource: body["Type"] for resource, body in template(name)["Resources"].items()}
        for name in TEMPLATES
    }
    role, policy = "AWS::IAM::Role", "AWS::IAM::RolePolicy"
    assert found == {
        "hub": {
            "Hub": role,
            **dict.fromkeys(("Discovery", "OwnRegistries", "Administration", "Pulls"), policy),
        },
        "member": {"Member": role, "Registries": policy, "Administration": policy, "Pulls": policy},
    }
    for name in TEMPLATES:
        for body in template(name)["Resources"].values():
            assert not {"ManagedPolicyArns", "Policies"} & body["Properties"].keys()


def test_who_does_not_scan_grants_no_pull():
    assert not [one for one in actions(Where) if one in actions(Where, scanning=True)]
    for name, condition in (("hub", "ScansOwnAccount"), ("member", "PullsImages")):
        assert template(name)["Resources"]["Pulls"]["Condition"] == condition
        assert template(name)["Parameters"]["Scans"]["Default"] == "false"


def test_the_hub_enters_roles_of_one_name_only():
    resource = statement("hub", "Discovery")["Resource"]
    assert resource == "arn:${AWS::Partition}:iam::*:role/${MemberRoleName}"


def test_a_member_lets_in_the_hub_alone_that_knows_the_external_id():
    role = template("member")["Resources"]["Member"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": "HubRoleArn"}
    assert trust["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert trust["Condition"]["StringEquals"] == {
        "sts:ExternalId": "ExternalId",
        "aws:PrincipalOrgID": ["OfOrganization", "OrganizationId", "AWS::NoValue"],
    }
    parameters = template("member")["Parameters"]
    assert parameters["ExternalId"]["NoEcho"] is True
    assert "Default" not in parameters["ExternalId"]


def test_the_templates_are_sound_and_every_action_exists():
    """cfn-lint knows the actions of IAM: a wrong name is W3037."""
    files = [f"schedules/aws/{name}.yaml" for name in TEMPLATES]
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), *files],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
