"""The doctor says beforehand what a run would lack, by harmless calls alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit.ports import Check, CheckStatus, Doctor
from providers.gcp.permissions import PERMISSIONS, Where
from tests.unit.gcp.organisation import ROOT, Cloud, organisation, place

OK, MISSING, UNKNOWN = CheckStatus.OK, CheckStatus.MISSING, CheckStatus.UNKNOWN
SHOP = "gcp/shop"
ON_PROJECTS = [
    one
    for one in PERMISSIONS  # the summary takes the permission of ListOccurrences
    if one.where is Where.PROJECT and not one.operation.endswith("Summary")
]
NAMED: dict[str, Any] = {"discovery": None, "projects": ["shop"]}


def examined(cloud: Cloud, **more: Any) -> dict[tuple[str, str], Check]:
    checks = list(cloud.provider(**more).examine())
    found = {(check.subject, check.what): check for check in checks}
    assert len(found) == len(checks), "each thing is said once"
    return found


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with organisation(place("shop")) as found:
        yield found


def blocking(checks: dict[tuple[str, str], Check]) -> set[tuple[str, str]]:
    bad = {CheckStatus.MISSING, CheckStatus.UNREACHABLE}
    return {key for key, check in checks.items() if check.required and check.status in bad}


def test_the_provider_can_be_examined(cloud):
    assert isinstance(cloud.provider(), Doctor)


def test_nothing_is_missing_where_nothing_is(cloud):
    checks = examined(cloud)
    assert {check.status for check in checks.values()} == {OK}
    assert {check.provider for check in checks.values()} == {"gcp"}
    operations = {what for _, what in checks if ":" in what}
    apart = {"SearchProjects", "GetProject", "ListLocations"}
    assert operations == {
        one.operation
        for one in PERMISSIONS
        if one.operation.partition(":")[2] not in apart and one.where is not Where.SCANNED
    }, "those of other ways to find projects are not asked"


def test_a_named_project_is_examined_without_anything_above_it(cloud):
    checks = examined(cloud, **NAMED)
    assert {subject for subject, _ in checks} == {SHOP}
    above = {one.operation for one in PERMISSIONS if one.where is Where.ABOVE}
    assert not above & {what for _, what in checks}


def test_it_asks_one_page_of_each_and_writes_nothing(cloud):
    before = cloud.server.calls.copy()
    examined(cloud, **NAMED)
    made = cloud.server.calls - before
    assert set(made.values()) == {1} | ({2} & set(made.values()))
    assert made["GetIamPolicy"] == 2, "a repository's and the project's"
    assert {
        name for name in made if not name.startswith(("List", "Get", "Batch", "Search"))
    } == set()


@pytest.mark.parametrize("one", ON_PROJECTS, ids=lambda one: one.operation)
def test_each_refused_permission_is_named_with_what_it_costs(cloud, one):
    ways = {} if one.operation.startswith("cloudasset:") else NAMED
    cloud.server.refused.add(one.name)
    checks = examined(cloud, **ways)
    check = checks[SHOP, one.operation]
    assert (check.status, check.permission, check.costs) == (MISSING, one.name, one.costs)
    assert check.required is not one.optional
    assert ((SHOP, one.operation) in blocking(checks)) is not one.optional
    assert one.name in check.told


def test_what_cannot_be_tried_is_unknown_and_never_ok():
    with organisation(place("shop", holds=False)) as cloud:
        checks = examined(cloud, **NAMED)
    assert checks[SHOP, "artifactregistry:ListDockerImages"].status is UNKNOWN
    assert checks[SHOP, "artifactregistry:GetIamPolicy"].told == "no repository to try it on"


@pytest.mark.parametrize(
    ("setting", "service", "required"),
    [
        ({"api": "disabled"}, "artifactregistry.googleapis.com", True),
        ({"scanning": "DISABLED"}, "containerscanning.googleapis.com", False),
    ],
)
def test_a_service_that_is_off_is_missing(setting, service, required):
    with organisation(place("shop", **setting)) as cloud:
        check = examined(cloud, **NAMED)[SHOP, f"{service} is switched on"]
    assert (check.status, check.required) == (MISSING, required)


def test_a_service_of_which_nothing_is_known_is_unknown(cloud):
    cloud.server.refused.add("serviceusage.services.get")
    checks = examined(cloud, **NAMED)
    switches = [check for (_, what), check in checks.items() if what.endswith("switched on")]
    assert {check.status for check in switches} == {UNKNOWN}


@pytest.mark.parametrize(
    ("refused", "found"),
    [
        ({"cloudasset.assets.searchAllResources"}, OK),
        ({"resourcemanager.folders.list"}, OK),
        ({"resourcemanager.folders.list", "cloudasset.assets.searchAllResources"}, MISSING),
    ],
)
def test_one_way_of_finding_projects_is_enough(cloud, refused, found):
    cloud.server.refused |= refused
    checks = examined(cloud)
    assert checks[ROOT, "projects are found"].status is found
    assert ((ROOT, "projects are found") in blocking(checks)) is (found is MISSING)


@pytest.mark.parametrize(
    ("scope", "operation"),
    [
        ("visible", "cloudresourcemanager:SearchProjects"),
        ("projects/shop", "cloudresourcemanager:GetProject"),
    ],
)
def test_every_way_of_finding_projects_is_tried_as_a_run_would(cloud, scope, operation):
    found = {"scopes": [scope], "by": "resource-manager"}
    checks = examined(cloud, discovery=found)
    assert {what for subject, what in checks if subject == f"gcp/{scope}"} == {
        operation,
        "projects are found",
    }
    assert checks[SHOP, "artifactregistry:ListLocations"].status is OK


def test_a_project_that_is_left_out_is_not_examined():
    with organisation(place("shop"), place("play"), place("going", state="MOLTEN")) as cloud:
        checks = examined(cloud, discovery={"exclude_projects": ["play"]})
    assert not [subject for subject, _ in checks if "play" in subject]
    assert checks["gcp/going", "the project can be read"].status is UNKNOWN


def test_a_cloud_that_is_not_there_is_unreachable():
    with organisation(place("shop")) as cloud:
        provider = cloud.provider(**NAMED, max_attempts=1)
    statuses = {check.status for check in provider.examine()}
    assert statuses == {CheckStatus.UNREACHABLE, UNKNOWN}
