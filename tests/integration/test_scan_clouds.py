"""Real Trivy pulls real images of loopback clouds with the logins that the providers fetch."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from providers.loopback.aws.sts import role_arn
from providers.loopback.scanning import Package, StandImage, stand
from providers.loopback.scanning.stand import IMAGES, many
from tests.support.scanning import oracle
from tests.support.scanning_clouds import HOMES, HOUR, CloudNights, Walking, estate, store

SOME = {name: IMAGES[name] for name in ("shop/web", "edge/node", "clean/debian")}
MENDED = {"shop/web": StandImage(stand.DEBIAN, ((Package("os", "tar-4", "1.36-1"),),))}
"""The image of shop/web built anew, without what was found in it."""


class Aws:
    """ECR: GetAuthorizationToken."""

    name, token, life = "aws", "GetAuthorizationToken", 12
    traced = True

    @contextmanager
    def cloud(self, images: Mapping[str, StandImage], **more: Any):
        held = store(images, MENDED)
        with AwsLoopback(estate("aws", images), store=held, **more) as running:
            yield running

    def deny(self, cloud: AwsLoopback) -> None:
        cloud.gates.options = Options(denied=frozenset({("", "ecr:GetAuthorizationToken")}))

    def pulled(self, cloud: AwsLoopback) -> int:
        return sum(cloud.pulling.pulls.manifests.values())

    def secrets(self, cloud: AwsLoopback) -> list[str]:
        return cloud.pulling.given


CLOUDS = pytest.mark.parametrize("kind", [Aws()], ids=lambda kind: kind.name)


def scans(nights: CloudNights) -> list[Any]:
    return list(nights.table("scopes").query("kind == 'scan'").itertuples())


@CLOUDS
def test_what_is_found_is_what_is_there(kind, tmp_path):
    with kind.cloud(SOME) as cloud:
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
def test_twenty_images_take_one_token_and_none_of_it_is_left_behind(kind, tmp_path, caplog):
    images = many(20)
    with kind.cloud(images) as cloud:
        nights = CloudNights(
            cloud, tmp_path, provider=kind.name, scan={"select": "all", "workers": 2}
        )
        nights.run(0)
        assert (cloud.calls[kind.token], kind.pulled(cloud)) == (1, 20)
        secrets = [one.encode() for one in kind.secrets(cloud)]
    assert secrets
    assert {name: nights.stated(name) for name in images} == oracle(images)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert not [one for one in secrets if one in path.read_bytes()], path
    assert not [one for one in secrets if one.decode() in caplog.text]


@CLOUDS
def test_a_token_that_is_refused_leaves_images_denied_and_closes_nothing(kind, tmp_path):
    with kind.cloud(SOME) as cloud:
        nights = CloudNights(cloud, tmp_path, provider=kind.name, scan={"select": "all"})
        nights.run(0)
        cloud.show(estate(kind.name, SOME, MENDED))
        kind.deny(cloud)
        done = nights.run(1)
    assert (done.outcome, done.unassessed) == ("partial", 1)
    state, reason = nights.states()["shop/web"]
    assert (state, HOMES[kind.name].registry_id in reason) == ("denied", True)
    (scope,) = scans(nights)
    assert (scope.outcome, scope.error_code, scope.listed) == ("partial", "Unauthorised", 2)
    changed = nights.table("exposures")
    assert set(changed["vulnerability_id"]) == {
        one.vulnerability_id for one in oracle(SOME)["shop/web"]
    }
    assert set(changed["event"]) == {"unconfirmed"}
    assert set(changed["reason"]) == {"successor_denied"}


@CLOUDS
def test_nothing_but_refusals_is_a_denied_scope(kind, tmp_path):
    with kind.cloud(SOME) as cloud:
        kind.deny(cloud)
        nights = CloudNights(cloud, tmp_path, provider=kind.name, scan={"select": "all"})
        nights.run(0)
        assert (cloud.calls[kind.token], kind.pulled(cloud)) == (1, 0), "asked once, not by image"
    (scope,) = scans(nights)
    assert (scope.outcome, scope.listed) == ("denied", 0)
    assert {state for state, _ in nights.states().values()} == {"denied"}


@CLOUDS
def test_a_token_is_renewed_before_it_ends(kind, tmp_path, monkeypatch):
    clock = Walking(kind.life * HOUR / 4)
    monkeypatch.setattr("audit.keeping.monotonic", clock)
    images = many(6)
    with kind.cloud(images, clock=lambda: 1_795_000_000.0 + clock.seconds) as cloud:
        nights = CloudNights(cloud, tmp_path, provider=kind.name, scan={"select": "all"})
        done = nights.run(0)
        assert 1 < cloud.calls[kind.token] < len(images)
    assert done.outcome == "complete"
    assert {name: nights.stated(name) for name in images} == oracle(images)


def test_a_role_that_is_excluded_leaves_no_trace_in_ecr(tmp_path):
    kind = Aws()
    with kind.cloud(SOME) as cloud:
        own = role_arn(HOMES["aws"].account)
        cloud.show(estate("aws", SOME, pull_time_exclusions=f"arn:aws:iam::1:role/x,{own}"))
        nights = CloudNights(cloud, tmp_path, provider="aws", scan={"select": "all"})
        nights.run(0)
    assert nights.table("sboms")["pull_traced"].tolist() == [False] * len(SOME)
