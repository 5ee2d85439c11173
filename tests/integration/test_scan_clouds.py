"""Real Trivy pulls real images of loopback clouds with the logins that the providers fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from providers.loopback.aws.sts import role_arn
from providers.loopback.azure import AzureLoopback
from providers.loopback.gcp import GcpLoopback
from providers.loopback.oci import Store
from providers.loopback.scanning import Package, StandImage, stand
from providers.loopback.scanning.stand import IMAGES, many
from tests.support.scanning import oracle
from tests.support.scanning_clouds import HOMES, HOUR, CloudNights, Walking, estate, store

SOME = {name: IMAGES[name] for name in ("shop/web", "edge/node", "clean/debian")}
MENDED = {"shop/web": StandImage(stand.DEBIAN, ((Package("os", "tar-4", "1.36-1"),),))}
"""The image of shop/web built anew, without what was found in it."""


class Kind(Protocol):
    """A cloud.

    Attributes:
        token: The operation that gives what is logged in with.
        hours: How long that is kept.
        traced: Whether a pull moves the time of the last pull.
    """

    name: str
    token: str
    hours: float
    traced: bool

    def cloud(self, images: Mapping[str, StandImage], store: Store, **more: Any) -> Any: ...

    def credentials(self, cloud: Any, folder: Path) -> Mapping[str, str]:
        """What of the environment tells who we are."""

    def deny(self, cloud: Any) -> None:
        """Refuse that operation."""

    def pulled(self, cloud: Any) -> int:
        """How many manifests were pulled."""

    def secrets(self, cloud: Any) -> Sequence[str]:
        """Every token that was given out."""


class Aws:
    name, token, hours, traced = "aws", "GetAuthorizationToken", 12.0, True

    def cloud(self, images: Mapping[str, StandImage], store: Store, **more: Any) -> AwsLoopback:
        return AwsLoopback(estate("aws", images), store=store, **more)

    def credentials(self, *_: Any) -> Mapping[str, str]:
        return {}

    def deny(self, cloud: AwsLoopback) -> None:
        cloud.gates.options = Options(denied=frozenset({("", "ecr:GetAuthorizationToken")}))

    def pulled(self, cloud: AwsLoopback) -> int:
        return cloud.pulling.pulls.manifests.total()

    def secrets(self, cloud: AwsLoopback) -> Sequence[str]:
        return cloud.pulling.given


class Azure:
    name, token, hours, traced = "azure", "acr.exchange", 1.0, False

    def cloud(self, images: Mapping[str, StandImage], store: Store, **more: Any) -> AzureLoopback:
        return AzureLoopback(estate("azure", images), store=store, **more)

    def credentials(self, *_: Any) -> Mapping[str, str]:
        return {}

    def deny(self, cloud: AzureLoopback) -> None:
        cloud.trouble.no_exchange = True

    def pulled(self, cloud: AzureLoopback) -> int:
        return cloud.pulls.manifests.total()

    def secrets(self, cloud: AzureLoopback) -> Sequence[str]:
        return cloud.issued


class Gcp:
    name, token, hours, traced = "gcp", "sts.token", 1.0, True

    def cloud(self, images: Mapping[str, StandImage], store: Store, **more: Any) -> GcpLoopback:
        return GcpLoopback(estate("gcp", images), store=store, **more)

    def credentials(self, cloud: GcpLoopback, folder: Path) -> Mapping[str, str]:
        file = cloud.pulling.write_credentials(folder, cloud.docker_url)
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}

    def deny(self, cloud: GcpLoopback) -> None:
        cloud.pulling.closed = True

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


def known(kind: Kind, cloud: Any, root: Path, **scan: Any) -> CloudNights:
    """Nights, of which the first one lists the cloud and scans nothing."""
    nights = CloudNights(
        cloud, root, provider=kind.name, scan={"select": "all", **scan}, scanners=False
    )
    nights.run(0)
    nights.scanners = True
    cloud.calls.clear()
    return nights


@CLOUDS
def test_what_is_found_is_what_is_there(kind, opened, tmp_path):
    cloud = opened(kind, SOME)
    nights = CloudNights(cloud, tmp_path, provider=kind.name, scan={"select": "all"})
    done = nights.run(0)
    assert done.outcome == "complete"
    assert {state for state, _ in nights.states().values()} == {"assessed"}
    assert {name: nights.stated(name) for name in SOME} == oracle(SOME)
    home = HOMES[kind.name].registry_id
    sboms = nights.table("sboms")
    assert set(sboms["pulled_from"]) == {f"{home}/{name}" for name in SOME}
    assert sboms["pull_traced"].tolist() == [kind.traced] * len(SOME)


@CLOUDS
def test_twenty_images_take_one_token_and_none_of_it_is_left_behind(kind, opened, tmp_path, caplog):
    images = many(20)
    cloud = opened(kind, images)
    nights = known(kind, cloud, tmp_path, workers=2)
    nights.rescan(1)
    assert (cloud.calls[kind.token], kind.pulled(cloud)) == (1, 20)
    assert {name: nights.stated(name) for name in images} == oracle(images)
    secrets = [one.encode() for one in kind.secrets(cloud)]
    assert secrets
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert not [one for one in secrets if one in path.read_bytes()], path
    assert not [one for one in secrets if one.decode() in caplog.text]


@CLOUDS
def test_a_token_that_is_refused_leaves_images_denied_and_closes_nothing(kind, opened, tmp_path):
    cloud = opened(kind, SOME, MENDED)
    nights = CloudNights(cloud, tmp_path, provider=kind.name, scan={"select": "all"})
    nights.run(0)
    cloud.show(estate(kind.name, SOME, MENDED))
    nights.scanners = False
    nights.run(1)
    nights.scanners = True
    pulled = kind.pulled(cloud)
    kind.deny(cloud)
    done = nights.rescan(2)
    assert kind.pulled(cloud) == pulled
    assert (done.outcome, done.unassessed) == ("partial", 1)
    state, reason = nights.states()["shop/web"]
    assert (state, HOMES[kind.name].registry_id in reason) == ("denied", True)
    (scope,) = nights.table("scopes").query("kind == 'scan'").itertuples()
    assert (scope.outcome, scope.error_code, scope.listed) == ("partial", "Unauthorised", 2)
    stands = nights.standing("shop/web")
    assert stands == dict.fromkeys(
        {one.vulnerability_id for one in oracle(SOME)["shop/web"]}, "unconfirmed"
    )


@CLOUDS
def test_nothing_but_refusals_is_a_denied_scope(kind, opened, tmp_path):
    cloud = opened(kind, SOME)
    nights = known(kind, cloud, tmp_path)
    kind.deny(cloud)
    nights.rescan(1)
    assert (cloud.calls[kind.token], kind.pulled(cloud)) == (1, 0), "asked once, not by image"
    (scope,) = nights.table("scopes").query("kind == 'scan'").itertuples()
    assert (scope.outcome, scope.listed) == ("denied", 0)
    assert {state for state, _ in nights.states().values()} == {"denied"}


@CLOUDS
def test_a_token_is_renewed_before_it_ends(kind, opened, tmp_path, monkeypatch):
    clock = Walking(kind.hours * HOUR / 4)
    monkeypatch.setattr("audit.keeping.monotonic", clock)
    images = many(6)
    cloud = opened(kind, images, clock=lambda: 1_795_000_000.0 + clock.seconds)
    nights = known(kind, cloud, tmp_path)
    done = nights.rescan(1)
    assert 1 < cloud.calls[kind.token] < len(images)
    assert done.outcome == "complete"
    assert {name: nights.stated(name) for name in images} == oracle(images)


def test_a_role_that_is_excluded_leaves_no_trace_in_ecr(opened, tmp_path):
    cloud = opened(Aws(), SOME)
    own = role_arn(HOMES["aws"].account)
    cloud.show(estate("aws", SOME, pull_time_exclusions=f"arn:aws:iam::1:role/x,{own}"))
    nights = CloudNights(cloud, tmp_path, provider="aws", scan={"select": "all"})
    nights.run(0)
    assert nights.table("sboms")["pull_traced"].tolist() == [False] * len(SOME)
