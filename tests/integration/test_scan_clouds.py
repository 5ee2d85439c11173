"""Real Trivy pulls real images of loopback clouds with the logins that the providers fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from providers.loopback.aws.sts import role_arn
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Fault
from providers.loopback.gcp import GcpLoopback
from providers.loopback.oci import Store
from providers.loopback.scanning import Package, StandImage, stand
from providers.loopback.scanning.stand import IMAGES, many
from tests.support.scanning import oracle
from tests.support.scanning_clouds import HOMES, HOUR, CloudNights, Walking, estate, store

SOME = {name: IMAGES[name] for name in ("shop/web", "edge/node", "clean/debian")}
ONE = {"edge/node": IMAGES["edge/node"]}
MENDED = {"shop/web": StandImage(stand.DEBIAN, ((Package("os", "tar-4", "1.36-1"),),))}
"""The image of shop/web built anew, without what was found in it."""


class Kind(Protocol):
    """A cloud.

    Attributes:
        token: The operation that gives what is logged in with.
        hours: How long that is kept.
        traced: Whether a pull moves the time of the last pull.
        many: Images that one token has to do for.
        listing: How often a token is asked for without a pull.
    """

    name: str
    token: str
    hours: float
    traced: bool
    many: int
    listing: int

    def cloud(self, images: Mapping[str, StandImage], store: Store, **more: Any) -> Any: ...

    def credentials(self, cloud: Any, folder: Path) -> Mapping[str, str]:
        """What of the environment tells who we are."""

    def deny(self, cloud: Any, *, no: bool = False) -> None:
        """Refuse that operation, or no longer."""

    def pulled(self, cloud: Any) -> int:
        """How many manifests were pulled."""

    def secrets(self, cloud: Any) -> Sequence[str]:
        """Every token that was given out."""


class Aws:
    name, token, hours, traced = "aws", "GetAuthorizationToken", 12.0, True
    many, listing = 20, 0

    def cloud(self, images: Mapping[str, StandImage], store: Store, **more: Any) -> AwsLoopback:
        return AwsLoopback(estate("aws", images), store=store, **more)

    def credentials(self, *_: Any) -> Mapping[str, str]:
        return {}

    def deny(self, cloud: AwsLoopback, *, no: bool = False) -> None:
        denied = frozenset({("", "ecr:GetAuthorizationToken")})
        cloud.gates.options = Options(denied=frozenset() if no else denied)

    def pulled(self, cloud: AwsLoopback) -> int:
        return cloud.pulling.pulls.manifests.total()

    def secrets(self, cloud: AwsLoopback) -> Sequence[str]:
        return cloud.pulling.given


class Azure:
    name, token, hours, traced = "azure", "acr.exchange", 1.0, False
    many, listing = 3, 1

    def cloud(self, images: Mapping[str, StandImage], store: Store, **more: Any) -> AzureLoopback:
        return AzureLoopback(estate("azure", images), store=store, **more)

    def credentials(self, *_: Any) -> Mapping[str, str]:
        return {}

    def deny(self, cloud: AzureLoopback, *, no: bool = False) -> None:
        cloud.trouble.no_exchange = not no

    def pulled(self, cloud: AzureLoopback) -> int:
        return cloud.pulls.manifests.total()

    def secrets(self, cloud: AzureLoopback) -> Sequence[str]:
        return cloud.issued


class Gcp:
    name, token, hours, traced = "gcp", "sts.token", 1.0, True
    many, listing = 3, 0

    def cloud(self, images: Mapping[str, StandImage], store: Store, **more: Any) -> GcpLoopback:
        return GcpLoopback(estate("gcp", images), store=store, **more)

    def credentials(self, cloud: GcpLoopback, folder: Path) -> Mapping[str, str]:
        file = cloud.pulling.write_credentials(folder, cloud.docker_url)
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}

    def deny(self, cloud: GcpLoopback, *, no: bool = False) -> None:
        cloud.pulling.closed = not no

    def pulled(self, cloud: GcpLoopback) -> int:
        return cloud.pulling.pulls.manifests.total()

    def secrets(self, cloud: GcpLoopback) -> Sequence[str]:
        return list(cloud.pulling.given)


CLOUDS = pytest.mark.parametrize("kind", [Aws(), Azure(), Gcp()], ids=lambda kind: kind.name)


@pytest.fixture
def opened(tmp_path_factory, monkeypatch):
    """Start a cloud, with credentials for it in the environment."""
    with ExitStack() as stack:

        def start(kind: Kind, images: Mapping[str, StandImage], *later: Any, **more: Any) -> Any:
            cloud = stack.enter_context(kind.cloud(images, store(images, *later), **more))
            folder = tmp_path_factory.mktemp("credentials")
            for name, value in kind.credentials(cloud, folder).items():
                monkeypatch.setenv(name, value)
            return cloud

        yield start


@CLOUDS
def test_what_is_found_is_what_is_there_and_a_refusal_closes_none_of_it(kind, opened, tmp_path):
    cloud, home = opened(kind, SOME, MENDED), HOMES[kind.name].registry_id
    nights = CloudNights(cloud, tmp_path, provider=kind.name, scan={"select": "all"})
    assert nights.run(0).outcome == "complete"
    assert {state for state, _ in nights.states().values()} == {"assessed"}
    assert {name: nights.stated(name) for name in SOME} == oracle(SOME)
    sboms = nights.table("sboms")
    assert set(sboms["pulled_from"]) == {f"{home}/{name}" for name in SOME}
    assert sboms["pull_traced"].tolist() == [kind.traced] * len(SOME)

    cloud.show(estate(kind.name, SOME, MENDED))
    nights.scanners = False
    nights.run(1)
    nights.scanners = True
    kind.deny(cloud)
    done = nights.rescan(2)
    assert kind.pulled(cloud) == len(SOME)
    assert (done.outcome, done.unassessed) == ("partial", 1)
    state, reason = nights.states()["shop/web"]
    assert (state, home in reason) == ("denied", True)
    (scope,) = nights.table("scopes").query("kind == 'scan'").itertuples()
    assert (scope.outcome, scope.error_code, scope.listed) == ("partial", "Unauthorised", 2)
    stated = {one.vulnerability_id for one in oracle(SOME)["shop/web"]}
    assert nights.standing("shop/web") == dict.fromkeys(stated, "unconfirmed")


@CLOUDS
def test_many_images_take_one_token_and_none_of_it_is_left_behind(kind, opened, tmp_path, caplog):
    images, scan = many(kind.many), {"select": "all", "workers": 2}
    cloud = opened(kind, images)
    nights = CloudNights(cloud, tmp_path, provider=kind.name, scan=scan, scanners=False)
    nights.run(0)
    nights.scanners = True
    cloud.calls.clear()
    kind.deny(cloud)
    nights.rescan(1)
    assert (cloud.calls[kind.token], kind.pulled(cloud)) == (1, 0), "asked once, not by image"
    (scope,) = nights.table("scopes").query("kind == 'scan'").itertuples()
    assert (scope.outcome, scope.listed) == ("denied", 0)
    assert {state for state, _ in nights.states().values()} == {"denied"}

    kind.deny(cloud, no=True)
    nights.rescan(2)
    assert (cloud.calls[kind.token], kind.pulled(cloud)) == (2, kind.many)
    assert {name: nights.stated(name) for name in images} == oracle(images)
    secrets = [one.encode() for one in kind.secrets(cloud)]
    assert secrets
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert not [one for one in secrets if one in path.read_bytes()], path
    assert not [one for one in secrets if one.decode() in caplog.text]


@CLOUDS
def test_a_token_is_renewed_before_it_ends(kind, opened, tmp_path, monkeypatch):
    clock = Walking(kind.hours * HOUR / 3)
    monkeypatch.setattr("audit.keeping.monotonic", clock)
    images = many(4)
    cloud = opened(kind, images, clock=lambda: 1_795_000_000.0 + clock.seconds)
    nights = CloudNights(cloud, tmp_path, provider=kind.name, scan={"select": "all"})
    done = nights.run(0)
    assert 1 < cloud.calls[kind.token] - kind.listing < len(images)
    assert done.outcome == "complete"
    assert {name: nights.stated(name) for name in images} == oracle(images)


def test_a_role_that_is_excluded_leaves_no_trace_in_ecr(opened, tmp_path):
    cloud = opened(Aws(), ONE)
    own = role_arn(HOMES["aws"].account)
    cloud.show(estate("aws", ONE, pull_time_exclusions=f"arn:aws:iam::1:role/x,{own}"))
    nights = CloudNights(cloud, tmp_path, provider="aws", scan={"select": "all"})
    nights.run(0)
    assert nights.table("sboms")["pull_traced"].tolist() == [False]


def test_a_registry_of_azure_whose_access_is_by_repository_is_pulled_from_alike(opened, tmp_path):
    cloud = opened(Azure(), ONE)
    cloud.show(estate("azure", ONE, role_assignment_mode="AbacRepositoryPermissions"))
    nights = CloudNights(cloud, tmp_path, provider="azure", scan={"select": "all"})
    nights.run(0)
    assert {name: nights.stated(name) for name in ONE} == oracle(ONE)


def test_a_registry_of_azure_that_no_tenant_shows_is_pulled_from_by_anyone(opened, tmp_path):
    cloud = opened(Azure(), ONE)
    unseen = (Fault("invisible", "azure", "sub-1"),)
    cloud.show(replace(estate("azure", ONE, anonymous_pull_enabled="true"), faults=unseen))
    name = {"anonymous_registries": [HOMES["azure"].registry_id]}
    nights = CloudNights(cloud, tmp_path, provider="azure", scan={"select": "all"}, settings=name)
    nights.run(0)
    assert {name: nights.stated(name) for name in ONE} == oracle(ONE)
    assert cloud.calls["acr.exchange"] == 0
