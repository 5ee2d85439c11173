"""Whatever goes wrong around a run, published answers stay right or the tool says what is wrong."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.store.files import LocalFiles
from audit.store.reader import Warehouse
from providers.loopback.estate import Estate
from providers.loopback.story import first_night, next_night, places
from providers.loopback.truth import Oracle
from tests.support.command_line import Done, registry_audit
from tests.support.compare import differences
from tests.support.gated_cloud import Barrier, GatedAws
from tests.support.harm import cut, part
from tests.support.staging import commit_estate, run_id
from tests.support.strategies import SMALL

ONE = first_night(5, SMALL, places()[:4])
TWO = next_night(ONE, 6, SMALL)
THREE = next_night(TWO, 7, SMALL)
HELD = ("222222222222", "eu-west-1")


class Desk:
    """A warehouse on which one night has passed, and the second night's cloud."""

    def __init__(self, folder: Path, cloud: GatedAws) -> None:
        self.folder, self.cloud = folder, cloud
        self.root = folder / "warehouse"
        self.config = folder / "registry-audit.yaml"
        self.write()

    def write(self, **more: Any) -> None:
        document = {
            "version": 1,
            "warehouse": str(self.root),
            "out": str(self.folder / "reports"),
            "reports": ["posture-html"],
            "languages": ["en"],
            "collect": {"workers": 1},
            "providers": {"aws": {**self.cloud.settings(), "max_attempts": 1}},
            **more,
        }
        self.config.write_text(yaml.safe_dump(document))

    def run(self, night: Estate) -> Done:
        self.cloud.show(night)
        at = night.moment.isoformat()
        return registry_audit("run", "--config", self.config, "--run-at", at)

    def command(self, night: Estate) -> list[str]:
        command = [sys.executable, "-m", "audit", "run", "--config", str(self.config)]
        return [*command, "--run-at", night.moment.isoformat(), "--quiet"]

    def published(self) -> dict[str, bytes]:
        """Return every published file by its path in the warehouse."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and path.relative_to(self.root).parts[0][:5] not in {"_lock", "_stag"}
        }

    def runs(self) -> list[str]:
        return Warehouse.at(str(self.root)).run_ids()

    def must_equal_the_truth(self, *nights: Estate) -> None:
        oracle = Oracle()
        told = [oracle.advance(night) for night in nights]
        with Warehouse.at(str(self.root)).open_run() as run:
            assert run.run_id == run_id(nights[-1])
            assert differences(run, told[-1]) == {}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that the first night's real run left."""
    folder = tmp_path_factory.mktemp("settled")
    with GatedAws(ONE) as cloud:
        assert Desk(folder, cloud).run(ONE).code == 4
    return folder / "warehouse"


@pytest.fixture
def desk(settled: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(settled, tmp_path / "warehouse")
    with GatedAws(TWO) as cloud:
        yield Desk(tmp_path, cloud)


# --- full disk

ON_A_SMALL_DISK = """
set -e
spare=$1 disk=$2 settled=$3 after=$4
shift 4
mount -t tmpfs -o size=64m none "$disk"
cp -a "$settled/." "$disk"
used=$(df -k --output=used "$disk" | tail -n 1)
mount -o "remount,size=$((used + spare))k" "$disk"
code=0
"$@" || code=$?
cp -a "$disk" "$after"
exit "$code"
"""


def can_mount() -> bool:
    asked = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(shutil.which("unshare")) and subprocess.run(asked, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="no disk of its own can be had here")
@pytest.mark.parametrize("spare", [4, 24, 100])
def test_a_full_disk_while_a_run_is_made(desk: Desk, settled: Path, spare: int):
    """The warehouse lies on a disk with so many kilobytes to spare; afterwards it is copied off."""
    after = desk.folder / "after"
    done = subprocess.run(
        [
            *("unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, "sh"),
            *(str(spare), str(desk.root), str(settled), str(after), *desk.command(TWO)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    before = desk.published()
    assert done.returncode == 1, done.stderr
    assert "No space left on device" in done.stderr
    assert "what was published before is whole; make room and run again" in done.stderr
    assert "Traceback" not in done.stderr
    shutil.rmtree(desk.root)
    shutil.copytree(after, desk.root)
    assert desk.published() == before
    assert desk.run(TWO).code == 4
    desk.must_equal_the_truth(ONE, TWO)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from audit.cli import main
main(sys.argv[2:])
"""


@pytest.mark.parametrize("limit", [100, 9000])
def test_a_file_that_cannot_grow_while_a_run_is_made(desk: Desk, limit: int):
    before = desk.published()
    command = [sys.executable, "-c", LIMITED, str(limit), *desk.command(TWO)[3:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert os.strerror(errno.EFBIG) in done.stderr
    assert "make room and run again" in done.stderr
    assert "Traceback" not in done.stderr
    assert desk.published() == before
    assert desk.run(TWO).code == 4
    desk.must_equal_the_truth(ONE, TWO)


@pytest.mark.parametrize("fatal", [0, 16, 17])
def test_a_full_disk_while_a_run_is_published(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fatal: int
):
    """It was sealed before: the next run publishes it and makes its own."""
    before, count, put = desk.published(), 0, LocalFiles.put

    def full(self: LocalFiles, path: str, source: Path) -> None:
        nonlocal count
        if count == fatal:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        count += 1
        put(self, path, source)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFiles, "put", full)
        done = desk.run(TWO)
    assert done.code == 1
    assert "No space left on device" in done.err
    assert desk.runs() == [run_id(ONE)] or fatal == 17
    assert {path: desk.published()[path] for path in before if path[:7] != "current"} == {
        path: body for path, body in before.items() if path[:7] != "current"
    }
    assert desk.run(THREE).code == 4
    assert desk.runs() == [run_id(ONE), run_id(TWO), run_id(THREE)]
    desk.must_equal_the_truth(ONE, TWO, THREE)


# --- lost connection


def test_a_connection_lost_in_the_middle_fails_the_scope_and_closes_nothing(desk: Desk):
    calls = 0

    def broken_off(where: tuple[str, str]) -> None:
        nonlocal calls
        calls += where == HELD
        if where == HELD and calls > 2:
            raise ConnectionResetError("the line is cut")

    desk.cloud.gate = broken_off
    assert desk.run(TWO).code == 4
    assert calls > 2, "the line was cut while the scope was being read"
    with Warehouse.at(str(desk.root)).open_run() as run:
        scope = {"scope": f"aws/{HELD[0]}/{HELD[1]}"}
        here = "scope_id = $scope"
        (row,) = run.rows(f"SELECT outcome, error_code FROM scopes WHERE {here}", scope)
        assert row["outcome"] in {"failed", "partial"}
        assert row["error_code"]
        closed = f"SELECT * FROM exposures WHERE {here} AND state = 'closed'"
        assert run.rows(closed, scope) == []
        of_state = "SELECT count(*) AS n FROM {} WHERE {} AND state IN ({})"
        still = of_state.format("exposures_now", here, "'open', 'unconfirmed'")
        before = of_state.format("exposures_before", here, "'open', 'unconfirmed'")
        unseen = of_state.format("exposures_now", here, "'unconfirmed'")
        assert run.rows(still, scope)[0]["n"] >= run.rows(before, scope)[0]["n"] > 0
        assert run.rows(unseen, scope)[0]["n"] > 0, "what nobody could read is unconfirmed"


# --- two runs at once


def test_of_two_runs_at_once_the_second_is_turned_away_and_the_first_is_right(desk: Desk):
    barrier = desk.cloud.gate = Barrier(HELD)
    with ExitStack() as stack:
        first = stack.enter_context(
            subprocess.Popen(desk.command(TWO), stderr=subprocess.PIPE, text=True)
        )
        stack.callback(barrier.open.set)
        assert barrier.reached.wait(60)
        second = registry_audit(
            *("run", "--config", desk.config, "--run-at"),
            (TWO.moment + timedelta(minutes=5)).isoformat(),
        )
        assert second.code == 5
        assert f"is being written by run {run_id(TWO)}, process {first.pid}" in second.err
        pruning = registry_audit("prune", "--yes", "--config", desk.config)
        assert pruning.code == 5
        assert desk.runs() == [run_id(ONE)]
        barrier.open.set()
        assert first.wait(60) == 4
    assert desk.runs() == [run_id(ONE), run_id(TWO)]
    desk.must_equal_the_truth(ONE, TWO)


# --- a clock that jumps back


def test_a_clock_that_stands_before_the_newest_run_stops_the_run(desk: Desk):
    before = desk.published()
    desk.cloud.asked.clear()
    for back in (timedelta(0), timedelta(seconds=1), timedelta(days=400)):
        done = registry_audit(
            *("run", "--config", desk.config, "--run-at"), (ONE.moment - back).isoformat()
        )
        assert done.code == 2
        assert f"is not later than the newest run {run_id(ONE)}" in done.err
        assert "check the clock" in done.err
    assert desk.published() == before
    assert not desk.cloud.asked, "no cloud was asked"
    assert desk.run(TWO).code == 4
    desk.must_equal_the_truth(ONE, TWO)


# --- truncated file, deleted partition


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("long") / "warehouse"
    for night in (ONE, TWO):
        commit_estate(root, night)
    return root


@pytest.fixture
def damaged(long: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(long, tmp_path / "warehouse")
    with GatedAws(THREE) as cloud:
        yield Desk(tmp_path, cloud)


def lost(path: Path) -> None:
    shutil.rmtree(path.parent)


HARMS = pytest.mark.parametrize("harm", [cut, lost], ids=["cut", "lost"])


def ask(desk: Desk, *words: object) -> Done:
    return registry_audit(*words, "--config", desk.config)


@HARMS
@pytest.mark.parametrize("table", ["findings", "exposures", "scopes"])
def test_damage_in_the_newest_run_stops_the_next_and_spares_the_one_before(
    damaged: Desk, table: str, harm: Any
):
    path = part(damaged.root, table, run_id(TWO))
    harm(path)
    before = damaged.published()
    done = damaged.run(THREE)
    assert done.code == 1
    assert str(path.relative_to(damaged.root)) in done.err
    assert "restore it from a backup" in done.err
    assert damaged.published() == before
    verified = ask(damaged, "verify")
    assert verified.code == 1
    assert f"fault\t{path.relative_to(damaged.root)}\t" in verified.out
    assert ask(damaged, "report", "--run", run_id(ONE)).code == 0


@HARMS
@pytest.mark.parametrize("table", ["findings", "placements"])
def test_damage_in_the_snapshot_of_an_older_run_touches_nothing_else(
    damaged: Desk, table: str, harm: Any
):
    path = part(damaged.root, table, run_id(ONE))
    harm(path)
    verified = ask(damaged, "verify")
    assert verified.code == 1
    assert f"fault\t{path.relative_to(damaged.root)}\t" in verified.out
    assert ask(damaged, "verify", "--quick").code == 0
    assert damaged.run(THREE).code == 4
    damaged.must_equal_the_truth(ONE, TWO, THREE)
    assert ask(damaged, "report", "--run", run_id(TWO)).code == 0


@HARMS
def test_damage_in_the_history_of_an_older_run_stops_the_next(damaged: Desk, harm: Any):
    path = part(damaged.root, "exposures", run_id(ONE))
    harm(path)
    before = damaged.published()
    done = damaged.run(THREE)
    assert done.code == 1
    assert str(path.relative_to(damaged.root)) in done.err
    assert "Traceback" not in done.err
    assert damaged.published() == before
    verified = ask(damaged, "verify")
    assert f"fault\t{path.relative_to(damaged.root)}\t" in verified.out
