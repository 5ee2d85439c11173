"""registry-audit doctor: what it prints and how it ends."""

from __future__ import annotations

import json

import pytest

from audit.app import App
from audit.cli.exits import Exit
from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from tests.unit.loopback.estates import OTHER_ACCOUNT, REGION, small_estate

PLACE = f"aws/{OTHER_ACCOUNT}/{REGION}"


@pytest.fixture
def examined(desk):
    """Run the doctor over the small estate's second account with these actions denied."""

    def run(*words: str, denied: str = "", **more):
        refused = frozenset({("", denied)} if denied else ())
        with AwsLoopback(small_estate(), Options(denied=refused)) as aws:
            settings = aws.settings() | {"regions": [REGION], "max_attempts": 1}
            desk.write({"aws": settings | {"accounts": settings["accounts"][1:]}, **more})
            return desk.do("doctor", *words)

    return run


def test_what_is_allowed_ends_with_0_and_leaves_no_warehouse(examined, desk):
    done = examined()
    assert done.code == Exit.OK, done.err
    lines = done.out.splitlines()
    assert f"ok\t{PLACE}\trequired\tecr:DescribeImages\tecr:DescribeImages" in lines
    assert lines[-1].endswith("; 0 in the way of a run")
    assert not desk.warehouse.exists()
    assert not (desk.folder / "reports").exists()


def test_a_missing_permission_is_named_with_its_cost_and_ends_with_4(examined):
    done = examined(denied="ecr:DescribeImages")
    assert done.code == Exit.INCOMPLETE
    (line,) = [
        one for one in done.out.splitlines() if one.startswith("missing\t" + PLACE + "\treq")
    ]
    assert line.split("\t")[3:6] == [
        *("ecr:DescribeImages", "ecr:DescribeImages"),
        "Images stay as last known, unconfirmed.",
    ]
    assert done.out.splitlines()[-1].endswith("; 1 in the way of a run")


def test_json_is_one_list_of_the_same(examined):
    done = examined("--json", denied="sts:AssumeRole")
    assert done.code == Exit.INCOMPLETE
    (check,) = json.loads(done.out)
    assert (
        check.items()
        >= {
            "provider": "aws",
            "subject": PLACE,
            "what": "sts:AssumeRole",
            "status": "missing",
            "required": True,
        }.items()
    )


def test_a_provider_that_cannot_be_examined_says_so_and_is_not_called_ok(desk, monkeypatch):
    monkeypatch.setattr(App, "providers", lambda *_: {"mute": object()})
    desk.write({"oci": {"registries": [{"host": "registry.example.org"}]}})
    done = desk.do("doctor")
    assert done.code == Exit.OK
    assert done.out.startswith("unknown\tmute\trequired\trights\t")
    assert "cannot be examined" in done.out
    assert "1 unknown; 0 in the way" in done.out
