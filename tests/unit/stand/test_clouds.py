"""Real Trivy pulls from the loopback ECR, ACR and Artifact Registry, as the estate lists them."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from providers.loopback import demo_images, scans
from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.sts import role_arn
from providers.loopback.azure import AzureLoopback
from providers.loopback.azure.acr_tokens import NOBODY
from providers.loopback.demo import LoopbackDemo
from providers.loopback.estate import Estate, Fault, Place, Registry, Repository
from providers.loopback.gcp import GcpLoopback
from providers.loopback.gcp.pulling import USER
from providers.loopback.oci import Store
from providers.loopback.scanning import TrivyDatabase, expected, push, stand
from providers.loopback.scanning.listed import listed, stated
from tests.support.trivy import OFFLINE, scan, trivy
from tests.unit.loopback.estates import ACCOUNT, LOCATION, PROJECT, REGION, TENANT
from tests.unit.loopback.sdk import aws_client, code_of

MOMENT = datetime(2026, 11, 22, 2, tzinfo=UTC)
WEB = stand.IMAGES["shop/web"]
DIGEST = WEB.built().digest
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ACR = "loopback.azurecr.io"
GAR = f"{LOCATION}-docker.pkg.dev/{PROJECT}/apps"


def estate(provider: str, account: str, region: str, registry_id: str, *faults: Fault) -> Estate:
    """One registry with an index, a chart and an image that its own scanner has looked at."""
    pushed = MOMENT - timedelta(days=3)
    settings = {
        "aws": {"scan_type": "ENHANCED"},
        "azure": {"defender_plan": "Standard"},
        "gcp": {"api": "enabled"},
    }[provider]
    place = Place(provider, account, region, (), settings)
    source = scans.source_of(place)
    known = scans.assessed(source, MOMENT, stated(WEB, stand.ADVISORIES, source))
    repositories = (
        Repository("shop/web", pushed, listed(WEB, pushed, ("1.0", "latest"), (known,))),
        Repository("shop/multi", pushed, listed(stand.INDEX, pushed, ("1",))),
        Repository("charts/web", pushed, listed(stand.CHART, pushed, ("0.1",))),
    )
    registry = Registry(registry_id, registry_id, pushed, repositories)
    return Estate("pulled", MOMENT, (replace(place, registries=(registry,)),), TENANT, faults)


@pytest.fixture
def store():
    store = Store()
    push(store, "shop/web", WEB)
    push(store, "shop/multi", stand.INDEX)
    push(store, "charts/web", stand.CHART)
    return store


NOTHING: dict[str, str] = {}


def login(user: str, password: str) -> dict[str, str]:
    return {"TRIVY_USERNAME": user, "TRIVY_PASSWORD": password}


@pytest.fixture
def ecr(store):
    with AwsLoopback(estate("aws", ACCOUNT, REGION, ECR), store=store) as running:
        yield running


def ecr_login(server: AwsLoopback) -> tuple[Any, dict[str, str]]:
    (told,) = aws_client(server, "ecr").get_authorization_token()["authorizationData"]
    user, _, token = base64.b64decode(told["authorizationToken"]).decode().partition(":")
    assert (user, told["proxyEndpoint"]) == ("AWS", server.url)
    return told, login(user, token)


def test_ecr_is_pulled_from_with_the_token_that_it_gives(ecr, fresh):
    told, env = ecr_login(ecr)
    assert told["expiresAt"] > MOMENT
    host = urlsplit(told["proxyEndpoint"]).netloc
    said = scan(fresh(), f"{host}/shop/web@{DIGEST}", env=env)
    assert said.findings == expected(WEB, stand.ADVISORIES)
    assert ecr.pulling.pulls.manifests == {DIGEST: 1}
    assert ecr.calls["pull.layer"] == ecr.calls["pull.blob"] == 3, "by a redirect each"
    for child, image in zip(stand.INDEX.built().children, stand.INDEX.images, strict=False):
        said = scan(fresh(), f"{host}/shop/multi@{child.digest}", env=env)
        assert said.findings == expected(image, stand.ADVISORIES)


def test_what_inspector_states_agrees_with_trivy(ecr, fresh):
    _, env = ecr_login(ecr)
    ours = scan(fresh(), f"{urlsplit(ecr.url).netloc}/shop/web@{DIGEST}", env=env).findings
    theirs = aws_client(ecr, "inspector2").list_findings()["findings"]
    told = {
        (one["packageVulnerabilityDetails"]["vulnerabilityId"], package["name"])
        for one in theirs
        for package in one["packageVulnerabilityDetails"]["vulnerablePackages"]
    }
    assert told == {(one.vulnerability_id, one.package) for one in ours}
    (image,) = aws_client(ecr, "ecr").describe_images(repositoryName="shop/web")["imageDetails"]
    assert (image["imageDigest"], image["imageSizeInBytes"]) == (DIGEST, WEB.built().size)


@pytest.mark.parametrize("excluded", [False, True])
def test_a_pull_moves_the_pull_time_unless_who_pulls_is_excluded(store, fresh, excluded):
    told = estate("aws", ACCOUNT, REGION, ECR)
    (place,) = told.places
    (registry,) = place.registries
    settings = {"pull_time_exclusions": role_arn(ACCOUNT)} if excluded else {}
    registry = replace(registry, settings=settings)
    told = replace(told, places=(replace(place, registries=(registry,)),))
    with AwsLoopback(told, store=store) as ecr:
        _, env = ecr_login(ecr)
        reference = f"{urlsplit(ecr.url).netloc}/shop/web@{DIGEST}"
        assert scan(fresh(), reference, env=env).findings
        ecr.show(replace(told, moment=MOMENT + timedelta(days=1)))
        (image,) = aws_client(ecr, "ecr").describe_images(repositoryName="shop/web")["imageDetails"]
    assert image.get("lastRecordedPullTime") == (None if excluded else MOMENT)


def test_a_manifest_that_ecr_gives_is_the_one_that_was_pushed(ecr):
    found = aws_client(ecr, "ecr").batch_get_image(
        repositoryName="shop/web", imageIds=[{"imageTag": "latest"}]
    )["images"]
    assert [one["imageManifest"].encode() for one in found] == [WEB.built().manifest.body]


def test_ecr_refuses_who_has_no_token_or_a_wrong_or_an_ended_one(ecr, fresh):
    _, env = ecr_login(ecr)
    reference = f"{urlsplit(ecr.url).netloc}/shop/web@{DIGEST}"
    ecr.pulling.forget()
    for given in (NOTHING, login("AWS", "wrong"), login("root", env["TRIVY_PASSWORD"]), env):
        said = scan(fresh(), reference, env=given)
        assert (said.code, "401" in said.error) == (1, True), said.error
    assert not ecr.pulling.pulls.blobs


def test_ecr_refuses_a_pull_that_iam_denies(store, fresh):
    fault = Fault("posture_denied", "aws", ACCOUNT, REGION, operation="ecr:GetDownloadUrlForLayer")
    with AwsLoopback(estate("aws", ACCOUNT, REGION, ECR, fault), store=store) as ecr:
        _, env = ecr_login(ecr)
        said = scan(fresh(), f"{urlsplit(ecr.url).netloc}/shop/web@{DIGEST}", env=env)
    assert (said.code, "DENIED" in said.error) == (1, True)


def test_a_token_of_ecr_opens_the_registry_of_its_own_region_alone(ecr):
    _, env = ecr_login(ecr)
    elsewhere = aws_client(ecr, "ecr", region="us-east-1").get_authorization_token()
    other = elsewhere["authorizationData"][0]["authorizationToken"]
    own = base64.b64encode(f"AWS:{env['TRIVY_PASSWORD']}".encode()).decode()
    asked = {
        token: requests.get(
            f"{ecr.url}/v2/shop/web/manifests/latest",
            headers={"Authorization": f"Basic {token}"},
            timeout=10,
        ).status_code
        for token in (own, other)
    }
    assert asked == {own: 200, other: 404}


def test_layers_of_ecr_are_not_given_without_the_signed_address(ecr):
    layer = WEB.built().layers[0].digest
    answer = requests.get(f"{ecr.url}/layers/{layer}/guessed", timeout=10)
    assert answer.status_code == 403
    assert code_of(aws_client(ecr, "ecr").get_download_url_for_layer, repositoryName="shop/web",
                   layerDigest=layer)[0] == "UnknownOperationException"  # fmt: skip


@pytest.fixture
def acr(store):
    with AzureLoopback(estate("azure", "sub-1", "", ACR), store=store) as running:
        yield running


def acr_refresh_token(server: AzureLoopback) -> tuple[str, str, str]:
    """Log in to Entra and trade the token, as ``az acr login --expose-token`` does."""
    settings = server.settings()
    tenant, verify = settings["tenants"][0], settings["ca_file"]
    entra = requests.post(
        f"{settings['endpoints']['authority']}/{tenant['tenant_id']}/oauth2/v2.0/token",
        {
            "grant_type": "client_credentials",
            "client_id": tenant["client_id"],
            "client_secret": tenant["client_secret"],
            "scope": "https://containerregistry.azure.net/.default",
        },
        verify=verify,
        timeout=10,
    ).json()
    url = settings["endpoints"]["registries"][ACR]
    form = {"grant_type": "access_token", "service": ACR, "access_token": entra["access_token"]}
    exchanged = requests.post(f"{url}/oauth2/exchange", form, verify=verify, timeout=10).json()
    return urlsplit(url).netloc, exchanged["refresh_token"], verify


def test_acr_is_pulled_from_with_a_refresh_token(acr, fresh):
    host, token, _ = acr_refresh_token(acr)
    said = scan(fresh(), f"{host}/shop/web@{DIGEST}", env=login(NOBODY, token))
    assert said.findings == expected(WEB, stand.ADVISORIES)
    assert acr.pulls.manifests == {DIGEST: 1}
    assert (acr.calls["acr.token"], acr.calls["acr.exchange"]) == (1, 1)
    assert acr.calls["acr.blob"] == 3


@pytest.mark.parametrize("by", ["environment", "option"])
def test_acr_is_pulled_from_with_the_certificate_of_its_authority(acr, fresh, by):
    """Without it the same pull fails, after eight seconds of tries (measured, not waited for)."""
    host, token, ca_file = acr_refresh_token(acr)
    words = ("image", *OFFLINE, "--image-src", "remote", "--scanners", "vuln", "--format", "json")
    reference, env = f"{host}/shop/web@{DIGEST}", login(NOBODY, token)
    if by == "environment":
        said = trivy(fresh(), *words, reference, env={**env, "SSL_CERT_FILE": ca_file})
    else:
        said = trivy(fresh(), *words, "--cacert", ca_file, reference, env=env)
    assert said.findings == expected(WEB, stand.ADVISORIES)


@pytest.mark.parametrize("user", [NOBODY, "somebody"])
def test_acr_refuses_another_password(acr, fresh, user):
    host, token, _ = acr_refresh_token(acr)
    given = login(user, token if user != NOBODY else "wrong")
    said = scan(fresh(), f"{host}/shop/web@{DIGEST}", env=given)
    assert (said.code, "UNAUTHORIZED" in said.error) == (1, True), said.error
    assert not acr.pulls.manifests


def test_acr_refuses_a_pull_where_its_data_plane_is_denied(store, fresh):
    fault = Fault("denied", "azure", "sub-1", registry_id=ACR)
    with AzureLoopback(estate("azure", "sub-1", "", ACR, fault), store=store) as acr:
        host, token, _ = acr_refresh_token(acr)
        said = scan(fresh(), f"{host}/shop/web@{DIGEST}", env=login(NOBODY, token))
    assert (said.code, "DENIED" in said.error) == (1, True), said.error


@pytest.fixture
def gcp(store):
    with GcpLoopback(estate("gcp", PROJECT, LOCATION, GAR), store=store) as running:
        yield running


def test_artifact_registry_is_pulled_from_with_an_access_token(gcp, fresh):
    reference = f"{urlsplit(gcp.docker_url).netloc}/{PROJECT}/apps/shop/web@{DIGEST}"
    said = scan(fresh(), reference, env=login(USER, gcp.pulling.access_token()))
    assert said.findings == expected(WEB, stand.ADVISORIES)
    assert gcp.pulling.pulls.manifests == {DIGEST: 1}


def test_artifact_registry_refuses_who_has_no_token_and_who_may_not(gcp, fresh):
    reference = f"{urlsplit(gcp.docker_url).netloc}/{PROJECT}/apps/shop/web@{DIGEST}"
    for given in (NOTHING, login(USER, "wrong"), login("root", gcp.pulling.access_token())):
        said = scan(fresh(), reference, env=given)
        assert (said.code, "UNAUTHORIZED" in said.error) == (1, True), said.error
    gcp.refused.add("artifactregistry.repositories.downloadArtifacts")
    said = scan(fresh(), reference, env=login(USER, gcp.pulling.access_token()))
    assert (said.code, "DENIED" in said.error) == (1, True), said.error
    assert not gcp.pulling.pulls.manifests


def test_the_demo_serves_its_real_images(fresh):
    with LoopbackDemo() as demo:
        aws = demo._clouds["aws"]
        assert isinstance(aws, AwsLoopback)
        _, env = ecr_login(aws)
        reference = f"{urlsplit(aws.url).netloc}/{demo_images.WEB}:latest"
        cache = fresh()
        TrivyDatabase(stand.ADVISORIES, MOMENT).write(cache)
        assert scan(cache, reference, env=env).findings == expected(WEB, stand.ADVISORIES)
