"""The loopback Azure's tokens, registries and life cycle, through the official clients."""

from __future__ import annotations

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)

from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Fault
from tests.unit.loopback.azure_clients import (
    REGISTRY_SCOPE,
    access_token,
    acr,
    credential,
    raw,
    send,
)
from tests.unit.loopback.azure_estates import (
    ARM,
    ATTESTATION,
    BARE,
    CORNERS,
    MULTI,
    ONE,
    OPEN,
    PROD,
    SBOM,
    SCANNED,
    SIGNATURE,
    SILENT,
    estate,
)


@pytest.fixture(scope="module")
def cloud():
    with AzureLoopback(estate()) as running:
        yield running


class TestEntra:
    def test_the_right_secret_gets_a_token_that_ends(self, cloud):
        token = credential(cloud).get_token(REGISTRY_SCOPE)

        assert token.token.count(".") == 2
        assert token.expires_on > 0

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"client_secret": "wrong"}, "AADSTS7000215"),
            ({"client_id": "00000000-dead-4000-8000-000000000000"}, "AADSTS700016"),
        ],
    )
    def test_a_wrong_principal_is_refused_as_entra_does(self, cloud, change, code):
        with pytest.raises(ClientAuthenticationError, match=code) as refused:
            credential(cloud, **change).get_token(REGISTRY_SCOPE)

        assert cloud.settings()["tenants"][0]["client_secret"] not in str(refused.value)

    def test_another_tenant_is_not_found(self, cloud):
        stranger = credential(cloud, tenant_id="00000000-0000-4000-8000-00000000beef")
        with pytest.raises(ClientAuthenticationError, match="tenant name or GUID"):
            stranger.get_token(REGISTRY_SCOPE)

    def test_a_client_that_does_not_trust_the_ca_gets_nothing(self, cloud):
        endpoint = cloud.settings()["endpoints"]["authority"]
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(endpoint, context=ssl.create_default_context())  # noqa: S310  https, loopback


class TestRegistry:
    def test_repositories_and_manifests_come_in_pages(self, cloud):
        client = acr(cloud, PROD)
        before = Counter(cloud.calls)

        assert list(client.list_repository_names(results_per_page=1)) == ["corners", "team/app"]
        listed = [row.digest for row in client.list_manifest_properties("team/app")]

        assert listed == [image.digest for image in SCANNED]
        # The stock client asks twice for every page: first without a token.
        asked = cloud.calls - before
        assert asked["acr.manifests"] == 2 * 3
        assert asked["acr.catalog"] == 2 * 2
        assert asked["acr.exchange"] == asked["acr.token"] == 3 + 2

    def test_newest_first(self, cloud):
        rows = acr(cloud, PROD).list_manifest_properties("team/app", order_by="timedesc")

        pushed = [row.created_on for row in rows]
        assert pushed == sorted(pushed, reverse=True)
        assert len(pushed) == len(SCANNED)

    def test_a_repository_is_described(self, cloud):
        client = acr(cloud, PROD)

        described = client.get_repository_properties("team/app")
        assert (described.manifest_count, described.tag_count) == (12, 6)
        body = raw(client, "/acr/v1/team%2Fapp").json()
        assert body["createdTime"] == "2026-08-24T02:00:00.1234560Z"
        assert body["imageName"] == "team/app"
        tags = [tag.name for tag in client.list_tag_properties("team/app")]
        assert tags == sorted(tag for image in SCANNED for tag in image.tags)

    def test_rows_say_only_what_the_registry_knows(self, cloud):
        client = acr(cloud, PROD)
        first = raw(client, "/acr/v1/corners/_manifests")
        rest = raw(client, first.headers["Link"].partition(">")[0][1:])
        rows = {row["digest"]: row for row in first.json()["manifests"] + rest.json()["manifests"]}

        assert list(rows) == [image.digest for image in CORNERS]
        assert "Link" not in rest.headers
        assert "tags" not in rows[SILENT.digest]
        assert rows[MULTI.digest]["tags"] == ["multi"]
        assert [one["digest"] for one in rows[MULTI.digest]["references"]] == list(MULTI.children)
        assert {"os", "architecture", "configMediaType"}.isdisjoint(rows[MULTI.digest])
        assert "references" not in rows[SILENT.digest]
        assert rows[ARM.digest]["architecture"] == "arm64"
        assert rows[SIGNATURE.digest]["configMediaType"] == SIGNATURE.artifact_type
        assert rows[SBOM.digest]["configMediaType"] == "application/vnd.oci.empty.v1+json"

    def test_manifests_tell_what_rows_do_not(self, cloud):
        client = acr(cloud, PROD)

        sbom = raw(client, f"/v2/corners/manifests/{SBOM.digest}")
        assert sbom.headers["Docker-Content-Digest"] == SBOM.digest
        body = json.loads(sbom.text())
        assert body["artifactType"] == SBOM.artifact_type
        assert body["subject"]["digest"] == SBOM.subject
        index = raw(client, "/v2/corners/manifests/multi")
        assert index.headers["Content-Type"] == MULTI.media_type
        children = {one["digest"]: one for one in json.loads(index.text())["manifests"]}
        assert children[ARM.digest]["platform"] == {"architecture": "arm64", "os": "linux"}
        mark = children[ATTESTATION.digest]["annotations"]
        assert mark["vnd.docker.reference.type"] == "attestation-manifest"
        assert mark["vnd.docker.reference.digest"] == SILENT.digest

    def test_nonsense_is_refused(self, cloud):
        client = acr(cloud, PROD)

        with pytest.raises(ResourceNotFoundError, match="NAME_UNKNOWN"):
            client.get_repository_properties("team/nothing")
        assert raw(client, "/v2/corners/manifests/nothing").status_code == 404
        assert raw(client, "/acr/v1/corners/_manifests?n=0").status_code == 400
        assert raw(client, "/acr/v1/corners/_manifests?last=sha256:ff").status_code == 400


class TestTokens:
    def test_who_has_no_credential_is_let_in_only_where_that_is_allowed(self, cloud):
        assert list(acr(cloud, OPEN, credential=None).list_repository_names()) == ["public"]
        with pytest.raises(ClientAuthenticationError):
            list(acr(cloud, PROD, credential=None).list_repository_names())

    def test_a_token_is_good_for_its_registry_and_repository_only(self, cloud):
        token = access_token(cloud, PROD, "repository:corners:metadata_read")

        assert send(cloud, PROD, "/acr/v1/corners", token)[0] == 200
        assert send(cloud, PROD, "/acr/v1/team%2Fapp", token)[0] == 401
        assert send(cloud, PROD, "/v2/corners/manifests/multi", token)[0] == 401
        assert send(cloud, OPEN, "/acr/v1/corners", token)[0] == 401
        assert send(cloud, PROD, "/acr/v1/corners", token + "x")[0] == 401
        assert send(cloud, PROD, "/acr/v1/corners", "no.such.token")[0] == 401

    def test_a_token_ends(self):
        time = [1_800_000_000.0]
        with AzureLoopback(estate(), clock=lambda: time[0]) as cloud:
            token = access_token(cloud, PROD, "repository:corners:metadata_read")
            assert send(cloud, PROD, "/acr/v1/corners", token)[0] == 200
            time[0] += 76 * 60

            assert send(cloud, PROD, "/acr/v1/corners", token)[0] == 401


class TestFaults:
    def test_a_denied_registry_is_denied_alone(self):
        with AzureLoopback(estate(Fault("denied", "azure", ONE, registry_id=PROD))) as cloud:
            with pytest.raises(HttpResponseError, match="DENIED") as refused:
                list(acr(cloud, PROD).list_repository_names())

            assert refused.value.status_code == 403
            assert list(acr(cloud, OPEN).list_repository_names()) == ["public"]

    def test_a_broken_page_stays_broken(self):
        fault = Fault("images_page", "azure", ONE, "", PROD, "team/app", page=2)
        with AzureLoopback(estate(fault)) as cloud:
            client = acr(cloud, PROD)
            read: list[object] = []
            for _ in range(2):
                with pytest.raises(HttpResponseError) as broken:
                    read.extend(client.list_manifest_properties("team/app"))
                assert broken.value.status_code == 500
            first = next(client.list_manifest_properties("team/app").by_page())
            assert len(list(first)) == 5
            assert len(list(client.list_manifest_properties("corners"))) == len(CORNERS)


class TestLife:
    def test_another_night_is_shown(self):
        small = estate()
        places = (small.places[1],)
        with AzureLoopback(type(small)("less", small.moment, places, small.tenant)) as cloud:
            assert set(cloud.settings()["endpoints"]["registries"]) == {BARE}
            cloud.show(small)

            assert set(cloud.settings()["endpoints"]["registries"]) == {PROD, OPEN, BARE}
            assert list(acr(cloud, OPEN).list_repository_names()) == ["public"]
            client = acr(cloud, PROD)
            cloud.show(type(small)("less", small.moment, places, small.tenant))
            with pytest.raises(ResourceNotFoundError):
                list(client.list_repository_names())

    def test_nothing_is_left_behind(self):
        threads = set(threading.enumerate())
        with AzureLoopback(estate()) as cloud:
            settings = json.loads(json.dumps(cloud.settings()))
            ca_file = Path(settings["ca_file"])
            assert "PRIVATE KEY" not in ca_file.read_text()

        assert not ca_file.exists()
        assert set(threading.enumerate()) == threads
        with pytest.raises(RuntimeError, match="not running"):
            cloud.settings()
        endpoints = settings["endpoints"]
        for url in (endpoints["resource_manager"], *endpoints["registries"].values()):
            with pytest.raises(urllib.error.URLError, match="refused"):
                urllib.request.urlopen(url)  # noqa: S310  the loopback's https address
