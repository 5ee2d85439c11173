from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import artifactregistry_v1

from providers.loopback.gcp import GcpLoopback
from tests.unit.loopback.estates import (
    LOCATION,
    MOMENT,
    OCI_INDEX,
    OTHER_LOCATION,
    OTHER_PROJECT,
    PROJECT,
    digest,
    small_estate,
)
from tests.unit.loopback.gcp_clients import (
    DISCOVERY,
    HOST,
    PARENT,
    REGISTRY,
    VULNERABILITY,
    Clients,
    broken,
)


@pytest.fixture
def server():
    with GcpLoopback(small_estate()) as running:
        yield running


@pytest.fixture
def clients(server):
    made = Clients(server)
    yield made
    made.channel.close()


def test_locations_are_those_of_the_project(clients):
    answer = clients.registry.list_locations({"name": f"projects/{PROJECT}"})
    assert [one.location_id for one in answer.locations] == [LOCATION, OTHER_LOCATION]
    assert answer.locations[0].name == PARENT


def test_repositories_carry_their_configuration(clients):
    (apps,) = clients.registry.list_repositories(parent=PARENT)
    kinds = artifactregistry_v1.Repository
    assert apps.name == REGISTRY
    assert apps.format_ is kinds.Format.DOCKER
    assert apps.mode is kinds.Mode.STANDARD_REPOSITORY
    assert apps.docker_config.immutable_tags
    assert apps.kms_key_name == "projects/p/keys/k"
    assert apps.cleanup_policy_dry_run
    assert len(apps.cleanup_policies) == 1
    scanning = apps.vulnerability_scanning_config.enablement_state
    assert scanning is kinds.VulnerabilityScanningConfig.EnablementState.SCANNING_ACTIVE
    (plain,) = clients.registry.list_repositories(
        parent=f"projects/{PROJECT}/locations/{OTHER_LOCATION}"
    )
    assert not plain.docker_config.immutable_tags
    assert not plain.cleanup_policies
    assert not plain.kms_key_name
    nowhere = f"projects/{PROJECT}/locations/asia-east1"
    assert not list(clients.registry.list_repositories(parent=nowhere))


def test_images_come_in_pages_no_longer_than_the_estate_allows(clients):
    pages = list(clients.images(page_size=1000).pages)
    assert [len(page.docker_images) for page in pages] == [3, 3]
    listed = [one.uri.rpartition("@")[2] for page in pages for one in page.docker_images]
    assert listed == [digest(n) for n in (300, 301, 302, 303, 310, 311)]
    assert len(next(iter(clients.images(page_size=2).pages)).docker_images) == 2


def test_an_image_row_names_the_image_in_two_ways(clients):
    index, child, *_, web, _ = clients.images()
    assert index.name == f"{REGISTRY}/dockerImages/team%2Fapp@{digest(300)}"
    assert f"https://{index.uri}" == f"{HOST}/team/app@{digest(300)}"
    assert list(index.tags) == ["v1", "latest"]
    assert index.media_type == OCI_INDEX
    assert [(one.architecture, one.digest) for one in index.image_manifests] == [
        ("amd64", digest(301)),
        ("arm64", digest(302)),
        ("unknown", digest(303)),
    ]
    assert child.upload_time == MOMENT - timedelta(hours=301)
    assert child.build_time < child.upload_time
    assert child.image_size_bytes == 1301
    assert not child.tags
    assert not child.image_manifests
    assert web.name == f"{REGISTRY}/dockerImages/web@{digest(310)}"


def test_tokens_of_another_listing_or_night_are_refused(server, clients):
    token = next(iter(clients.images().pages)).next_page_token
    with pytest.raises(exceptions.InvalidArgument):
        clients.images(page_token="garbled")  # noqa: S106 - a page token, no password
    with pytest.raises(exceptions.InvalidArgument):
        clients.occurrences(DISCOVERY, page_token=token)
    server.show(replace(small_estate(), name="second night"))
    with pytest.raises(exceptions.InvalidArgument):
        clients.images(page_token=token)


def test_what_does_not_exist_or_is_not_a_name_is_refused(clients):
    with pytest.raises(exceptions.NotFound):
        clients.images(f"{PARENT}/repositories/gone")
    with pytest.raises(exceptions.InvalidArgument):
        clients.images("apps")
    with pytest.raises(exceptions.PermissionDenied):
        clients.registry.list_repositories(parent="projects/stranger/locations/us")
    with pytest.raises(exceptions.MethodNotImplemented):
        clients.registry.get_repository(name=REGISTRY)


def test_a_disabled_api_says_so_in_its_error_details(clients):
    name = f"projects/{OTHER_PROJECT}"
    registry = clients.registry
    for call, request in (
        (registry.list_locations, {"name": name}),
        (registry.list_repositories, {"parent": f"{name}/locations/{LOCATION}"}),
    ):
        with pytest.raises(exceptions.PermissionDenied) as caught:
            call(request=request)
        assert caught.value.reason == "SERVICE_DISABLED"
        assert caught.value.metadata == {"service": "artifactregistry.googleapis.com"}


def test_denied_refuses_that_location_and_no_other():
    with broken("denied", region=LOCATION) as clients:
        with pytest.raises(exceptions.PermissionDenied) as caught:
            clients.registry.list_repositories(parent=PARENT)
        assert caught.value.reason == "IAM_PERMISSION_DENIED"
        other = f"projects/{PROJECT}/locations/{OTHER_LOCATION}"
        assert len(list(clients.registry.list_repositories(parent=other))) == 1
        assert clients.registry.list_locations({"name": f"projects/{PROJECT}"}).locations


def test_a_page_of_images_fails_every_time():
    name = f"{LOCATION}-docker.pkg.dev/{PROJECT}/apps"
    with broken("images_page", region=LOCATION, registry_id=name, page=2) as clients:
        first = next(iter(clients.images().pages))
        assert len(first.docker_images) == 3
        for _ in range(2):
            with pytest.raises(exceptions.InternalServerError):
                clients.images(page_token=first.next_page_token)


# The server itself


def test_calls_are_counted_by_method_also_when_they_are_refused(server, clients):
    list(clients.images())
    with pytest.raises(exceptions.InvalidArgument):
        clients.occurrences("")
    assert server.calls == {"ListDockerImages": 2, "ListOccurrences": 1}


def test_show_swaps_the_estate(server, clients):
    estate = small_estate()
    server.show(replace(estate, places=estate.places[:3] + estate.places[4:]))
    assert not list(clients.occurrences(VULNERABILITY))


def test_settings_can_be_written_as_json(server):
    settings = json.loads(json.dumps(server.settings()))
    assert settings["projects"] == [PROJECT, OTHER_PROJECT]
    assert settings["endpoints"]["grafeas"] == f"http://{server.target}"


def test_no_thread_is_left_and_the_port_is_closed():
    before = {thread.name for thread in threading.enumerate()}
    with GcpLoopback(small_estate()) as server:
        clients = Clients(server)
        assert list(clients.images())
        target = server.target
        clients.channel.close()
    assert {thread.name for thread in threading.enumerate()} == before
    with grpc.insecure_channel(target) as channel, pytest.raises(grpc.FutureTimeoutError):
        grpc.channel_ready_future(channel).result(timeout=0.3)
