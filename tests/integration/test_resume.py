"""A run killed while collecting is gone on with: what it had read is not read again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.store.layout import Layout
from audit.store.reader import Warehouse
from providers.loopback.estate import Estate
from providers.loopback.story import first_night, places
from tests.support.command_line import Done, registry_audit
from tests.support.gated_cloud import Barrier, GatedAws, Where
from tests.support.staging import run_id
from tests.support.strategies import SMALL

NIGHT: Estate = first_night(3, SMALL, places()[:4])
READ_BEFORE: list[Where] = [("", "eu-west-1"), ("", "us-east-1")]
HELD: Where = ("222222222222", "eu-west-1")


@pytest.fixture(scope="module")
def serving() -> Iterator[GatedAws]:
    with GatedAws(NIGHT) as running:
        yield running


@pytest.fixture
def cloud(serving: GatedAws) -> GatedAws:
    """The cloud as if nobody had asked it anything yet."""
    serving.gate, serving.asked = lambda _: None, Counter()
    return serving


@dataclass(frozen=True)
class Undisturbed:
    """What a run leaves that nobody killed: its files, its row, and what each place was asked."""

    files: dict[str, bytes]
    row: list[dict[str, Any]]
    asked: Counter[Where]


@pytest.fixture(scope="module")
def undisturbed(serving: GatedAws, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    serving.asked = Counter()
    config = configure(tmp_path_factory.mktemp("undisturbed"), serving)
    assert run(config, timedelta(0)).code == 4
    return Undisturbed(published(config), ledger(config), serving.asked)


def configure(folder: Path, cloud: GatedAws, **collect: Any) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "registry-audit.yaml"
    document = {
        "version": 1,
        "warehouse": str(folder / "warehouse"),
        "out": str(folder / "reports"),
        "reports": ["posture-xlsx"],
        "languages": ["en"],
        "collect": {"workers": 1, **collect},
        "providers": {"aws": cloud.settings()},
    }
    path.write_text(yaml.safe_dump(document))
    return path


def kill_in_the_middle(config: Path, cloud: GatedAws) -> Counter[Where]:
    """Kill a run when it begins with its third task; return what each place had been asked."""
    barrier = cloud.gate = Barrier(HELD)
    command = [sys.executable, "-m", "audit", "run", "--config", str(config)]
    with subprocess.Popen(
        [*command, "--run-at", NIGHT.moment.isoformat()], stderr=subprocess.DEVNULL
    ) as process:
        assert barrier.reached.wait(60)
        os.kill(process.pid, signal.SIGKILL)
    barrier.open.set()
    cloud.gate = lambda _: None
    asked, cloud.asked = cloud.asked, Counter()
    assert all(asked[place] for place in READ_BEFORE)
    assert Warehouse.at(str(config.parent / "warehouse")).run_ids() == []
    return asked


def run(config: Path, later: timedelta, *more: str) -> Done:
    return registry_audit(
        *("run", "--config", config, "--run-at", (NIGHT.moment + later).isoformat()), *more
    )


def ledger(config: Path) -> list[dict[str, Any]]:
    """Return the rows of ``runs`` but for the time of publication, which is a later one."""
    with Warehouse.at(str(config.parent / "warehouse")).open_run() as opened:
        return opened.rows("SELECT * EXCLUDE (finished_at) FROM runs")


def published(config: Path) -> dict[str, bytes]:
    """Return every published file of a warehouse by its name, the row of the ledger left out."""
    root = config.parent / "warehouse"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("_lock") and "runs" not in path.parts
    }


def test_a_killed_run_is_gone_on_with_and_ends_as_if_it_had_not_been_killed(
    undisturbed: Undisturbed, cloud: GatedAws, tmp_path: Path
):
    config = configure(tmp_path / "killed", cloud)
    kill_in_the_middle(config, cloud)
    done = run(config, timedelta(hours=3))
    assert done.code == 4
    assert f"going on with the broken run {run_id(NIGHT)}" in done.err
    assert [cloud.asked[place] for place in READ_BEFORE] == [0, 0]
    left = {place: count for place, count in undisturbed.asked.items() if place not in READ_BEFORE}
    assert dict(cloud.asked) == left
    assert len(left) == 2
    assert published(config) == undisturbed.files
    assert ledger(config) == undisturbed.row


@pytest.mark.parametrize(
    ("later", "more", "collect"),
    [
        (timedelta(hours=13), [], {}),
        (timedelta(hours=3), ["--fresh"], {}),
        (timedelta(hours=3), [], {"workers": 2}),
        (timedelta(hours=-1), [], {}),
    ],
    ids=["too old", "told not to", "another configuration", "the clock stands before it"],
)
def test_a_broken_run_that_does_not_fit_is_cleared(
    cloud: GatedAws, tmp_path: Path, later: timedelta, more: list[str], collect: dict[str, Any]
):
    config = configure(tmp_path / "killed", cloud)
    asked = kill_in_the_middle(config, cloud)
    config = configure(tmp_path / "killed", cloud, **collect)
    assert run(config, later, *more).code == 4
    assert [cloud.asked[place] for place in READ_BEFORE] == [asked[place] for place in READ_BEFORE]
    warehouse = Warehouse.at(str(tmp_path / "killed" / "warehouse"))
    assert warehouse.run_ids() == [f"{NIGHT.moment + later:%Y%m%dT%H%M%SZ}"]
    assert list(warehouse.layout.staging.iterdir()) == []


def test_never_means_never(cloud: GatedAws, tmp_path: Path):
    config = configure(tmp_path / "killed", cloud, resume_within_hours=0)
    kill_in_the_middle(config, cloud)
    assert run(config, timedelta(0)).code == 4
    assert all(cloud.asked[place] for place in READ_BEFORE)


@pytest.mark.parametrize("harm", ["cut", "lost", "torn note", "another question"])
def test_what_is_not_whole_is_read_again(
    undisturbed: Undisturbed, cloud: GatedAws, tmp_path: Path, harm: str
):
    """Of the two tasks that were finished one is damaged: it alone is read again."""
    config = configure(tmp_path / "killed", cloud)
    kill_in_the_middle(config, cloud)
    raw = Layout(tmp_path / "killed" / "warehouse").staged(run_id(NIGHT)) / "raw"
    names = {path.stem for path in (raw / "placements").iterdir()}
    note = min(path for path in (raw / "_tasks").iterdir() if path.stem in names)
    rows = raw / "placements" / f"{note.stem}.parquet"
    if harm == "cut":
        rows.write_bytes(rows.read_bytes()[:-9])
    elif harm == "lost":
        rows.unlink()
    elif harm == "torn note":
        note.write_bytes(note.read_bytes()[:50])
    else:
        note.write_bytes(note.read_bytes().replace(b'"fingerprint":"', b'"fingerprint":"0'))
    assert run(config, timedelta(hours=1)).code == 4
    assert sorted(bool(cloud.asked[place]) for place in READ_BEFORE) == [False, True]
    assert published(config) == undisturbed.files
    assert ledger(config) == undisturbed.row
