"""Settings beside the inventory: what they are, and that none of them ever costs an image."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud import artifactregistry_v1 as ar

from audit.model.enums import Outcome
from providers.gcp.parse_registry import registry_of
from providers.loopback.estate import Place, Registry
from tests.unit.gcp.organisation import Cloud, Seen, organisation
from tests.unit.gcp.parts import raw, repository
from tests.unit.loopback import estates

POSTURE = "gcp/shop/posture"
PUBLIC = json.dumps([{"role": "roles/artifactregistry.reader", "members": ["allUsers"]}])
BOUND = json.dumps(
    [
        {
            "role": "roles/artifactregistry.reader",
            "members": ["allUsers"],
            "condition": {"title": "for a while", "expression": "true"},
        }
    ]
)
ACCESS = ("anonymous_access", "external_accounts", "writers", "policy_present")


def row_of(**fields: Any) -> dict[str, Any]:
    return registry_of(raw(repository(**fields))).row


def shop(*settings: dict[str, str], **project: str) -> Place:
    """Return a project with one repository for each of ``settings``."""
    registries = []
    for number, given in enumerate(settings):
        base = estates.gcp_registry("us", "shop")
        name = given.pop("name", f"r{number}")
        registries.append(
            replace(
                base,
                registry_id=f"us-docker.pkg.dev/shop/{name}",
                native_id=f"projects/shop/locations/us/repositories/{name}",
                settings=given,
            )
        )
    return Place("gcp", "shop", "us", tuple(registries), {"api": "enabled", **project})


def rows(seen: Seen) -> dict[str, dict[str, Any]]:
    return {row["registry_id"].rpartition("/")[2]: row for row in seen.rows.tables["registries"]}


def both_ways(cloud: Cloud, **more: Any) -> list[Seen]:
    """Read with the project found by search, and with it named by the configuration."""
    return [cloud.read(**more), cloud.read(projects=["shop"], discovery=None, **more)]


# --- of the message


def test_scanning_is_told_with_its_setting_and_its_reason():
    config = ar.Repository.VulnerabilityScanningConfig(
        enablement_config=2,
        enablement_state=2,
        enablement_state_reason="Disabled by the user.",
        last_enable_time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    row = row_of(vulnerability_scanning_config=config)
    assert (row["scanning_enabled"], row["scan_type"]) == (False, "SCANNING_DISABLED")
    assert (row["scanning_config"], row["scanning_reason"]) == ("DISABLED", "Disabled by the user.")
    assert row["scanning_enabled_at"] == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "enabled"), [(3, True), (2, False), (1, None), (0, None), (9, None)]
)
def test_only_a_known_state_of_scanning_is_an_answer(state, enabled):
    message = raw(repository())
    message.vulnerability_scanning_config.enablement_state = state
    row = registry_of(message).row
    assert row["scanning_enabled"] is enabled
    assert any(n.startswith("scanning_enabled: ") for n in row["unread"]) == (enabled is None)


def test_a_number_nobody_has_seen_stays_a_number():
    message = raw(repository())
    message.vulnerability_scanning_config.enablement_config = 9
    message.cleanup_policies["odd"].action = 9
    row = registry_of(message).row
    assert (row["scanning_config"], row["retention_rules"]) == ("9", ["odd=9"])
    assert row["retention_enabled"] is None


def test_no_key_named_is_googles_own():
    assert (row_of()["kms_key"], row_of()["key_manager"]) == ("", "none")
    key = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
    row = row_of(kms_key_name=key)
    assert (row["kms_key"], row["key_manager"]) == (key, "CUSTOMER")


@pytest.mark.parametrize(("dry", "enabled"), [(True, False), (False, True)])
def test_a_dry_run_of_clean_up_deletes_nothing(dry, enabled):
    policies = {"old": ar.CleanupPolicy(action=1), "keep": ar.CleanupPolicy(action=2)}
    row = row_of(cleanup_policies=policies, cleanup_policy_dry_run=dry)
    assert row["retention_rules"] == ["keep=KEEP", "old=DELETE"]
    assert (row["retention_enabled"], row["retention_dry_run"]) == (enabled, dry)


REMOTE = ar.RemoteRepositoryConfig
HUB = REMOTE.DockerRepository(public_repository=1)
CUSTOM = REMOTE.DockerRepository(custom_repository={"uri": "https://ghcr.io"})
LOGIN = {"username_password_credentials": {"username": "u", "password_secret_version": "s"}}


@pytest.mark.parametrize(
    ("config", "rules", "anonymous"),
    [
        ({"docker_repository": HUB}, ["*=DOCKER_HUB"], ["*"]),
        ({"docker_repository": CUSTOM, "upstream_credentials": LOGIN}, ["*=https://ghcr.io"], []),
        ({"common_repository": {"uri": "https://quay.io"}}, ["*=https://quay.io"], ["*"]),
        ({"maven_repository": {"public_repository": 1}}, ["*=maven_repository"], ["*"]),
        ({"docker_repository": {}}, None, ["*"]),
        ({}, None, ["*"]),
    ],
)
def test_a_remote_repository_tells_its_upstream_and_never_a_password(config, rules, anonymous):
    row = row_of(mode=3, remote_repository_config=REMOTE(**config))
    assert (row["pull_through_rules"], row["pull_through_anonymous"]) == (rules, anonymous)
    assert any("upstream" in note for note in row["unread"]) == (rules is None)


def test_what_is_input_only_is_not_taken_for_an_answer():
    """Artifact Registry never gives disable_upstream_validation back: false would be no news."""
    row = row_of(mode=3, remote_repository_config=REMOTE(docker_repository=HUB))
    assert not [column for column in row if "validation" in column]


def test_a_standard_repository_has_no_upstream():
    row = row_of()
    assert row.get("pull_through_rules") is None
    assert row["virtual_upstreams"] == []


def test_a_virtual_repository_tells_what_it_shows_and_has_no_images_of_its_own():
    shown = [
        ar.UpstreamPolicy(id="b", repository="projects/p/locations/us/repositories/b", priority=20),
        ar.UpstreamPolicy(
            id="a", repository="projects/p/locations/us/repositories/a", priority=100
        ),
    ]
    message = raw(
        repository(
            mode=2, virtual_repository_config=ar.VirtualRepositoryConfig(upstream_policies=shown)
        )
    )
    registry = registry_of(message)
    assert registry.row["virtual_upstreams"] == [
        "20=projects/p/locations/us/repositories/b",
        "100=projects/p/locations/us/repositories/a",
    ]
    assert not registry.holds_images


@pytest.mark.parametrize(
    ("name", "host"), [("gcr.io", "gcr.io"), ("eu.gcr.io", "eu.gcr.io"), ("gcr", None)]
)
def test_a_repository_that_answers_for_a_host_that_was_shut_down(name, host):
    assert row_of(name=f"projects/p/locations/us/repositories/{name}")["legacy_host"] == host


# --- over the wire


def test_both_ways_of_reading_policies_tell_the_same():
    place = shop(
        {"iam": PUBLIC},
        {},
        {"iam": BOUND},
        iam=BOUND,
        redirection="REDIRECTION_FROM_GCR_IO_FINALIZED",
    )
    with organisation(place) as cloud:
        searched, explicit = both_ways(cloud, domains=["acme.com"])
    assert searched.calls["SearchAllIamPolicies"] > 0 == explicit.calls["SearchAllIamPolicies"]
    assert searched.rows.tables["registries"] == explicit.rows.tables["registries"]
    found = rows(explicit)
    public, plain, bound = found["r0"], found["r1"], found["r2"]
    assert (public["anonymous_pull_enabled"], public["policy_present"]) == (True, True)
    assert (plain["anonymous_pull_enabled"], plain["policy_present"]) == (None, False)
    assert bound["anonymous_access"] is None, "the binding under a condition is seen"
    assert {row["legacy_redirection"] for row in found.values()} == {
        "REDIRECTION_FROM_GCR_IO_FINALIZED"
    }
    assert {row["scanning_service_enabled"] for row in found.values()} == {True}
    assert searched.words()[POSTURE] == explicit.words()[POSTURE] == "complete"


def test_a_project_whose_scanning_service_is_off():
    with organisation(shop({}, scanning="DISABLED")) as cloud:
        seen = cloud.read()
    assert rows(seen)["r0"]["scanning_service_enabled"] is False


def test_a_state_of_a_service_never_seen_is_not_known():
    with organisation(shop({}, scanning="MOLTEN")) as cloud:
        row = rows(cloud.read())["r0"]
    assert row["scanning_service_enabled"] is None
    assert any("MOLTEN" in note for note in row["unread"])


DENIALS = {
    "serviceusage.services.get": ("scanning_service_enabled",),
    "artifactregistry.projectsettings.get": ("legacy_redirection",),
    "artifactregistry.repositories.getIamPolicy": ACCESS,
    "resourcemanager.projects.getIamPolicy": ("anonymous_access",),
}


@pytest.mark.parametrize("permission", DENIALS)
def test_a_setting_that_may_not_be_read_costs_no_image(permission):
    with organisation(shop({}, {})) as cloud:
        _, whole = both_ways(cloud)
        cloud.server.refused.add(permission)
        _, seen = both_ways(cloud)
    assert seen.rows.tables["placements"] == whole.rows.tables["placements"] != []
    assert seen.rows.tables["assessments"] == whole.rows.tables["assessments"]
    scope = seen.outcomes[POSTURE]
    assert (scope.outcome, scope.missing_permission) == (Outcome.PARTIAL, permission)
    others = {name: word for name, word in seen.words().items() if name != POSTURE}
    assert set(others.values()) == {"complete"}
    for row in rows(seen).values():
        for column in DENIALS[permission]:
            assert row[column] is None
            assert any(note.startswith(f"{column}: ") for note in row["unread"]), column


def test_a_repository_whose_policy_alone_is_refused():
    name = "projects/shop/locations/us/repositories/r0"
    refused = f"artifactregistry.repositories.getIamPolicy@{name}"
    with organisation(shop({}, {}), refused={refused}) as cloud:
        _, seen = both_ways(cloud)
    found = rows(seen)
    assert found["r0"]["policy_present"] is None
    assert found["r1"]["policy_present"] is False
    assert seen.outcomes[POSTURE].errors == 1


def test_a_virtual_repository_is_not_counted_twice():
    shown = "projects/shop/locations/us/repositories/r0"
    with organisation(shop({}, {"mode": "VIRTUAL_REPOSITORY", "shows": shown})) as cloud:
        seen = cloud.read()
    assert {row["registry_id"] for row in seen.rows.tables["placements"]} == {
        "us-docker.pkg.dev/shop/r0"
    }
    assert rows(seen)["r1"]["virtual_upstreams"] == [f"0={shown}"]


def test_a_remote_repository_is_a_cache_with_images_of_its_own():
    with organisation(shop({"mode": "REMOTE_REPOSITORY", "upstream": "DOCKER_HUB"})) as cloud:
        seen = cloud.read()
    assert rows(seen)["r0"]["pull_through_rules"] == ["*=DOCKER_HUB"]
    assert len(seen.rows.tables["placements"]) == 6


def test_gcr_io_left_overs_are_the_same_images_by_either_host():
    """An image of the repository gcr.io is placed under the host that can be pulled from."""
    with organisation(shop({"name": "gcr.io"})) as cloud:
        seen = cloud.read()
    assert {row["legacy_host"] for row in seen.rows.tables["registries"]} == {"gcr.io"}
    assert {row["registry_id"] for row in seen.rows.tables["placements"]} == {
        "us-docker.pkg.dev/shop/gcr.io"
    }


def test_without_posture_nothing_of_it_is_asked():
    with organisation(shop({})) as cloud:
        _, seen = both_ways(cloud, posture=False)
    assert POSTURE not in seen.outcomes
    asked = {"GetIamPolicy", "GetProjectSettings", "BatchGetServices", "SearchAllIamPolicies"}
    assert not asked & {name for name, calls in seen.calls.items() if calls}
    row = rows(seen)["r0"]
    assert row["writers"] is row["legacy_redirection"] is row["scanning_service_enabled"] is None
    assert "writers: posture is switched off" in row["unread"]


def test_a_project_with_its_service_off_is_asked_for_nothing_more():
    registry: Registry = estates.gcp_registry("us", "shop")
    place = Place("gcp", "shop", "us", (registry,), {"api": "disabled"})
    with organisation(place) as cloud:
        _, seen = both_ways(cloud)
    assert seen.words()[POSTURE] == "complete", "what there is to know is known"
    assert seen.words()["gcp/shop"] == "disabled"
    assert seen.calls["GetIamPolicy"] == seen.calls["ListLocations"] == 0
