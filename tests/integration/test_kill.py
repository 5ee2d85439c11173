"""kill -9 at any moment: what was published stays readable, and the next run is right."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml

from audit.store import files, publish, sync
from audit.store.layout import Layout
from audit.store.publish import recover
from audit.store.reader import Warehouse
from audit.tables import TABLES
from providers.loopback.demo import LoopbackDemo
from providers.loopback.story import first_night, next_night, places
from providers.loopback.truth import Oracle
from tests.support.compare import differences
from tests.support.staging import commit_estate, run_id
from tests.support.strategies import SMALL


def read_everything(root: Path) -> dict[str, int]:
    """Read every published partition with pandas and with DuckDB; return rows by run and table."""
    found = {}
    published = Warehouse.at(str(root)).run_ids()
    for table in TABLES:
        if not (root / table).exists():
            continue
        frame = pd.read_parquet(root / table)
        glob = str(root / table / "*" / "*.parquet")
        relation = duckdb.read_parquet(glob, hive_partitioning=True)
        by_duckdb = dict(relation.aggregate("run_id, count(*)").fetchall())
        for run in published:
            rows = int((frame["run_id"].astype(str) == run).sum())
            assert rows == by_duckdb.get(run, 0)
            found[f"{table} {run}"] = rows
    return found


@pytest.mark.slow
def test_kill_at_random_moments_of_a_real_run(tmp_path: Path):
    root, chance = tmp_path / "warehouse", random.Random(7)
    nights = [first_night(3, SMALL)]
    for number in range(7):
        nights.append(next_night(nights[-1], 50 + number, SMALL))
    oracle, longest = Oracle(), 6.0
    with LoopbackDemo(tuple(nights)) as clouds:
        config = tmp_path / "registry-audit.yaml"
        document = {
            "version": 1,
            "warehouse": str(root),
            "out": str(tmp_path / "reports"),
            "reports": ["posture-xlsx"],
            "languages": ["en"],
            "providers": dict(clouds.providers()),
        }
        config.write_text(yaml.safe_dump(document))
        for estate, shown in zip(nights, clouds.nights(), strict=True):
            command = [sys.executable, "-m", "audit", "run", "--config", str(config), "--quiet"]
            command += ["--run-at", shown.moment]
            before = read_everything(root) if root.exists() else {}
            kill_after(command, chance.uniform(0.3, longest))
            after = read_everything(root) if root.exists() else {}
            assert before.items() <= after.items()
            started = time.monotonic()
            code = finish(command)
            longest = min(longest, time.monotonic() - started + 0.5)
            assert code in {0, 2, 4}, "2: the killed run had already been published"
            night = oracle.advance(estate)
            with Warehouse.at(str(root)).open_run() as run:
                assert run.run_id == run_id(estate)
                assert differences(run, night) == {}


def kill_after(command: list[str], seconds: float) -> None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)


def finish(command: list[str]) -> int:
    return subprocess.run(command, stderr=subprocess.DEVNULL, timeout=120, check=False).returncode


def test_a_crash_at_every_step_of_publishing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one = first_night(3, SMALL, places()[:1])
    two = next_night(one, 9, SMALL)
    oracle, base = Oracle(), tmp_path / "base"
    oracle.advance(one)
    night = oracle.advance(two)
    commit_estate(base, one)
    before = read_everything(base)
    for fatal in range(200):
        root = tmp_path / str(fatal)
        shutil.copytree(base, root)
        with monkeypatch.context() as patched:
            die_at(patched, fatal)
            try:
                commit_estate(root, two)
            except KeyboardInterrupt:
                pass
            else:
                break
        assert before.items() <= read_everything(root).items()
        recover(Layout(root))
        if run_id(two) not in Warehouse.at(str(root)).run_ids():
            commit_estate(root, two)
        with Warehouse.at(str(root)).open_run() as run:
            assert differences(run, night) == {}
        assert list(Layout(root).staging.iterdir()) == []
    assert fatal > 20, "publishing has that many steps that a crash can fall between"


def die_at(patched: pytest.MonkeyPatch, fatal: int) -> None:
    """Make the process die before the ``fatal``-th durable step of publishing."""
    count = 0

    def dying(step: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> None:
            nonlocal count
            if count == fatal:
                raise KeyboardInterrupt
            count += 1
            step(*arguments, **options)

        return wrapped

    for module in (publish, files, sync):
        patched.setattr(module, "sync", dying(sync.sync))
    patched.setattr(Path, "replace", dying(Path.replace))
