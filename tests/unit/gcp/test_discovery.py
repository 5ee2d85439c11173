"""Projects of an organisation: found, left out, gone, refused; and the words for each."""

from __future__ import annotations

from typing import Any

import pytest

from audit.model.enums import Outcome
from audit.model.scope import Plan
from providers.gcp.settings import GcpSettings
from tests.unit.gcp.organisation import (
    LAB,
    ORGANIZATION,
    PLACES,
    ROOT,
    TEAM,
    organisation,
    place,
)

SEARCH = "cloudasset.assets.searchAllResources"
POLICIES = "cloudasset.assets.searchAllIamPolicies"
FILLED = {("shop", "us"), ("shop", "europe-west1"), ("data", "asia"), ("play", "us")}
MANAGER: dict[str, Any] = {"discovery": {"by": "resource-manager"}}


def tasks(plan: Plan) -> dict[str, str | None]:
    return {task.params["project"]: task.params.get("locations") for task in plan.tasks}


def test_a_search_names_projects_and_where_their_repositories_lie():
    with organisation() as cloud:
        seen = cloud.read()
    assert tasks(seen.plan) == {
        "bare": "",
        "data": "asia",
        "off": "",
        "play": "us",
        "shop": "europe-west1,us",
    }
    assert seen.places() == FILLED
    root = seen.outcomes[ROOT]
    assert (root.outcome, root.listed, root.errors) == (Outcome.COMPLETE, 5, 0)
    assert root.api_calls == seen.calls["SearchAllResources"] == 5, "nine rows, two a page"


def test_only_locations_that_hold_repositories_are_asked():
    """Projects x locations would be hundreds of calls an organisation; here it is four."""
    with organisation(page_size=500) as cloud:
        seen = cloud.read()
    assert seen.calls["SearchAllResources"] == 1
    assert seen.calls["ListRepositories"] == len(FILLED)
    assert seen.calls["ListLocations"] == 0
    judged = {o.ref.account for o in seen.outcomes.values() if o.ref.source}
    assert judged == {"shop", "data", "play"}, "the others have no image to ask about"


@pytest.mark.parametrize("by", ["cloud-asset", "resource-manager"])
def test_api_disabled_permission_denied_and_zero_repositories_are_three_outcomes(by):
    refused = {"artifactregistry.repositories.list", "artifactregistry.locations.list"}
    with organisation() as cloud:
        words = cloud.read(discovery={"by": by}).words()
        assert words["gcp/off"] == "disabled"
        assert words["gcp/bare"] == "complete"
        assert words["gcp/data/asia"] == "complete"
        cloud.server.refused |= refused
        words = cloud.read(discovery={"by": by}).words()
    assert words["gcp/off"] == "disabled", "known before anything of it is asked"
    assert words["gcp/data/asia" if by == "cloud-asset" else "gcp/data"] == "denied"
    assert words["gcp/bare"] == ("complete" if by == "cloud-asset" else "denied")


def test_a_disabled_service_is_not_an_empty_project_though_lists_would_answer():
    """With a quota project whose service is on, a list answers for a project whose own is off."""
    with organisation(place("off", "us", api="disabled")) as cloud:
        seen = cloud.read(**MANAGER)
        assert seen.calls["ListLocations"] == 0
        assert seen.outcomes["gcp/off"].error_code == "SERVICE_DISABLED"


def test_resource_manager_walks_down_the_folders():
    with organisation(page_size=1) as cloud:
        seen = cloud.read(**MANAGER)
    assert tasks(seen.plan) == dict.fromkeys(("bare", "data", "off", "play", "shop"))
    assert seen.places() == FILLED
    assert seen.outcomes[ROOT].exhaustive
    assert seen.calls["SearchAllResources"] == 0
    assert seen.outcomes["gcp/play"].ref.parent_scope_id == ROOT
    assert seen.outcomes["gcp/play/us"].ref.parent_scope_id == "gcp/play"


def test_where_the_search_is_refused_resource_manager_is_asked(caplog):
    with organisation(refused={SEARCH}) as cloud:
        seen = cloud.read()
    assert seen.places() == FILLED
    assert seen.outcomes[ROOT].outcome is Outcome.COMPLETE, "nothing was missed for it"
    assert SEARCH in caplog.text or "PERMISSION_DENIED" in caplog.text


def test_where_only_the_search_may_be_asked_its_refusal_is_the_outcome():
    with organisation(refused={SEARCH}) as cloud:
        plan = cloud.plan(discovery={"by": "cloud-asset"})
        (root,) = plan.outcomes
        assert (root.outcome, root.missing_permission) == (Outcome.DENIED, SEARCH)
        cloud.server.refused.clear()
        cloud.server.switched_off.add("cloudasset.googleapis.com")
        (root,) = cloud.plan(discovery={"by": "cloud-asset"}).outcomes
    assert (root.outcome, root.error_code) == (Outcome.DISABLED, "SERVICE_DISABLED")
    assert not plan.tasks
    assert not root.exhaustive


def test_a_folder_that_may_not_be_listed_makes_the_listing_partial():
    with organisation(refused={f"resourcemanager.projects.list@{LAB}"}) as cloud:
        plan = cloud.plan(**MANAGER)
    (root,) = plan.outcomes
    assert (root.outcome, root.listed) == (Outcome.PARTIAL, 4)
    assert root.missing_permission == "resourcemanager.projects.list"
    assert not root.exhaustive, "play is not gone"
    assert set(tasks(plan)) == {"bare", "data", "off", "shop"}


def test_what_the_identity_may_not_see_is_not_believed_gone():
    """SearchProjects leaves projects out without a word."""
    with organisation(refused={"resourcemanager.projects.get@projects/shop"}) as cloud:
        plan = cloud.plan(discovery={"scopes": ["visible"]})
    (root,) = plan.outcomes
    assert (root.ref.scope_id, root.outcome) == ("gcp/visible", Outcome.COMPLETE)
    assert not root.exhaustive
    assert "shop" not in tasks(plan)


def test_an_index_that_lags_is_not_believed_about_what_is_gone():
    """Cloud Asset follows the truth with a delay: what it lacks and was there is asked for."""
    known = [("data", "asia"), ("data", "us"), ("late", "us")]
    with organisation() as cloud:
        seen = cloud.read(known)
        assert tasks(seen.plan)["data"] == "asia,us", "us is read again to see that it is empty"
        assert seen.words()["gcp/data/us"] == "complete"
        assert seen.outcomes[ROOT].exhaustive, "Resource Manager confirms that late is gone"
        cloud.server.refused.add("resourcemanager.folders.list")
        seen = cloud.read(known)
    assert not seen.outcomes[ROOT].exhaustive
    assert seen.words()[ROOT] == "complete", "what there is was read all the same"


def test_a_project_that_the_index_does_not_hold_yet_is_read():
    others = [one for one in PLACES if one.account != "shop"]
    with organisation(*others, place("shop", "us", unindexed="true")) as cloud:
        assert "shop" not in tasks(cloud.plan())
        seen = cloud.read([("shop", "us")])
    assert tasks(seen.plan)["shop"] is None, "nobody but the project knows its locations"
    assert ("shop", "us") in seen.places()


def test_a_run_without_gone_projects_asks_resource_manager_nothing():
    with organisation() as cloud:
        seen = cloud.read([("data", "asia"), ("shop", "us")])
    assert seen.calls["ListFolders"] == seen.calls["ListProjects"] == 0
    assert not seen.outcomes[ROOT].exhaustive, "nothing is gone that this could be about"


def test_an_organisation_that_lists_no_project_does_not_make_all_of_them_gone():
    with organisation(place("shop", state="ACTIVE", folders="99")) as cloud:
        (root,) = cloud.plan(
            discovery={"scopes": ["folders/98"], "by": "resource-manager"}
        ).outcomes
    assert (root.outcome, root.listed, root.exhaustive) == (Outcome.COMPLETE, 0, False)


@pytest.mark.parametrize("by", ["cloud-asset", "resource-manager"])
@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ({"exclude_projects": ["da*"]}, {"data"}),
        ({"include_projects": ["shop", "d*"]}, {"bare", "off", "play"}),
        ({"exclude_folders": [TEAM]}, {"bare", "data", "off", "play"}),
        ({"exclude_folders": [LAB]}, {"play"}),
        ({"include_folders": [LAB]}, {"bare", "data", "off", "shop"}),
        ({"include_folders": [LAB], "include_projects": ["shop"]}, {"bare", "data", "off"}),
        ({"include_folders": [TEAM], "exclude_projects": ["play"]}, {"play", "shop"}),
    ],
)
def test_a_project_that_is_left_out_is_told_as_such(by, rule, left):
    with organisation() as cloud:
        plan = cloud.plan(discovery={"by": by, **rule})
    root, *others = plan.outcomes
    assert root.outcome is Outcome.COMPLETE
    assert {o.ref.account for o in others} == left
    assert {(o.outcome, o.error_code, o.errors) for o in others} == {
        (Outcome.LEFT_OUT, "LeftOut", 0)
    }
    assert set(tasks(plan)) == {one.account for one in PLACES} - left


def test_folders_that_are_not_told_leave_nothing_out_silently():
    with organisation() as cloud:
        rule = {"scopes": ["visible"], "exclude_folders": [TEAM]}
        outcomes = cloud.plan(discovery=rule).outcomes
    assert {(str(o.outcome), o.error_code) for o in outcomes[1:]} == {("failed", "FolderNotTold")}


@pytest.mark.parametrize("by", ["cloud-asset", "resource-manager"])
def test_a_project_that_is_being_deleted_and_a_state_never_seen(by):
    going = (place("going", state="DELETE_REQUESTED"), place("odd", state="MOLTEN"))
    with organisation(*going, place("shop")) as cloud:
        plan = cloud.plan(discovery={"by": by})
    told = {o.ref.account: (str(o.outcome), o.error_code) for o in plan.outcomes[1:]}
    assert told == {
        "going": ("disabled", "DELETE_REQUESTED"),
        "odd": ("failed", "UnknownState"),
    }


def test_locations_that_are_not_wanted_are_left_out_and_not_gone():
    with organisation() as cloud:
        known = [("shop", "us"), ("play", "eu")]
        seen = cloud.read(known, locations=["us", "europe-west1"])
        manager = cloud.read(known, locations=["us"], **MANAGER)
    assert seen.places() == FILLED - {("data", "asia")}
    words = seen.words()
    assert (words["gcp/data/asia"], words["gcp/play/eu"]) == ("left_out", "left_out")
    assert words["gcp/data"] == "complete"
    assert manager.words()["gcp/play/eu"] == "left_out"
    assert manager.calls["ListLocations"] == 0


def test_a_project_in_two_scopes_is_read_once():
    with organisation() as cloud:
        plan = cloud.plan(discovery={"scopes": [LAB, TEAM, "projects/shop"]})
    assert [o.ref.scope_id for o in plan.outcomes] == [
        "gcp/folders/20",
        "gcp/folders/10",
        "gcp/projects/shop",
    ]
    assert sorted(tasks(plan)) == ["bare", "data", "off", "play", "shop"]
    parents = {task.params["project"]: task.params["root"] for task in plan.tasks}
    assert (parents["play"], parents["data"]) == (LAB, TEAM)


@pytest.mark.parametrize("by", ["cloud-asset", "resource-manager"])
def test_a_domain_scoped_project_is_found_and_read(by):
    with organisation(place("example.com:shop", holds=False)) as cloud:
        seen = cloud.read(discovery={"by": by})
    mine = {name: word for name, word in seen.words().items() if name.startswith("gcp/example")}
    assert set(mine.values()) == {"complete"}
    assert "gcp/example.com:shop/posture" in mine


def test_one_project_is_found_by_either_way():
    with organisation() as cloud:
        for by in ("cloud-asset", "resource-manager"):
            plan = cloud.plan(discovery={"scopes": ["projects/data"], "by": by})
            assert list(tasks(plan)) == ["data"]


def test_the_quota_project_is_charged_for_the_organisations_calls():
    with organisation() as cloud:
        cloud.read()
        assert cloud.server.charged == {None}
        cloud.server.charged.clear()
        cloud.read(quota_project="hub")
    assert cloud.server.charged == {"hub"}


def test_projects_given_and_projects_found_are_not_mixed():
    for given in ({}, {"projects": ["p"], "discovery": {"scopes": [ORGANIZATION]}}):
        with pytest.raises(ValueError, match="projects or discovery"):
            GcpSettings.model_validate(given)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []},
        {"scopes": ["organizations/acme"]},
        {"scopes": [ORGANIZATION, ORGANIZATION]},
        {"scopes": ["visible"], "by": "cloud-asset"},
        {"scopes": [ORGANIZATION], "by": "guess"},
        {"scopes": [ORGANIZATION], "exclude_folders": ["10"]},
    ],
)
def test_wrong_discovery_is_refused(wrong):
    with pytest.raises(ValueError, match="discovery"):
        GcpSettings.model_validate({"discovery": wrong})


def test_posture_policies_come_by_search_where_the_project_did():
    with organisation() as cloud:
        seen = cloud.read()
        assert seen.calls["GetIamPolicy"] == 0
        assert seen.calls["SearchAllIamPolicies"] == 3, "projects that hold repositories"
        cloud.server.refused.add(POLICIES)
        again = cloud.read()
    assert again.calls["GetIamPolicy"] == 4 + 3, "each repository, and each of the projects"
    assert again.rows.tables["registries"] == seen.rows.tables["registries"]
    assert set(again.words().values()) == {"complete", "disabled"}
