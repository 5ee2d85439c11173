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

from audit.store import commit, files, publish, sync
from audit.store.layout import Layout
from audit.store.publish import recover
from audit.store.reader import Warehouse
from audit.tables import TABLES
from providers.loopback.demo import LoopbackDemo
from providers.loopback.estate import Estate
from providers.loopback.story import first_night, next_night, places
from providers.loopback.truth import Oracle
from tests.support.command_line import registry_audit
from tests.support.compare import differences
from tests.support.staging import commit_estate, run_id
from tests.support.strategies import SMALL

Seen = dict[tuple[object, ...], dict[str, int]]
"""What a table's folder gave when it held exactly these files: each state is read once."""


def read_everything(root: Path, seen: Seen) -> dict[str, int]:
    """Read every published partition with pandas and with DuckDB; return rows by run and table."""
    found = {}
    published = Warehouse.at(str(root)).run_ids()
    for table in TABLES:
        held = contents(root / table)
        if not held:
            continue
        state = (table, *held.items())
        if state not in seen:
            seen[state] = rows_by_run(root / table)
        for run in published:
            found[f"{table} {run}"] = seen[state].get(run, 0)
    return found


def rows_by_run(folder: Path) -> dict[str, int]:
    by_pandas = pd.read_parquet(folder)["run_id"].astype(str).value_counts().to_dict()
    relation = duckdb.read_parquet(str(folder / "*" / "*.parquet"), hive_partitioning=True)
    by_duckdb = dict(relation.aggregate("run_id, count(*)").fetchall())
    assert by_pandas == by_duckdb
    return by_duckdb


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file but the lock's by its path in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("_lock")
    }


@pytest.mark.slow
def test_kill_at_random_moments_of_a_real_run(tmp_path: Path):
    root, chance = tmp_path / "warehouse", random.Random(7)
    nights = [first_night(3, SMALL)]
    for number in range(4):
        nights.append(next_night(nights[-1], 50 + number, SMALL))
    oracle, longest, seen = Oracle(), 6.0, Seen()
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
            words = ["run", "--config", str(config), "--quiet", "--run-at", shown.moment]
            before = read_everything(root, seen)
            kill_after([sys.executable, "-m", "audit", *words], chance.uniform(0.3, longest))
            assert before.items() <= read_everything(root, seen).items()
            started = time.monotonic()
            code = registry_audit(*words).code
            longest = min(longest, time.monotonic() - started + START)
            assert code in {0, 2, 4}, "2: the killed run had already been published"
            night = oracle.advance(estate)
            with Warehouse.at(str(root)).open_run() as run:
                assert run.run_id == run_id(estate)
                assert differences(run, night) == {}


START = 1.5
"""Seconds more that a process takes than a command in this one, and some to spare."""


def kill_after(command: list[str], seconds: float) -> None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)


def test_a_crash_at_every_step_of_publishing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """After each, the warehouse is whole; the next run finds it as before the night or after it."""
    one = first_night(3, SMALL, places()[:1])
    two = next_night(one, 9, SMALL)
    oracle, seen = Oracle(), Seen()
    oracle.advance(one)
    base, staged, right = tmp_path / "base", tmp_path / "staged", tmp_path / "right"
    commit_estate(base, one)
    shutil.copytree(base, right)
    with monkeypatch.context() as patched:
        steps = die_at(patched, None)
        commit_estate(right, two)
    with Warehouse.at(str(right)).open_run() as run:
        assert differences(run, oracle.advance(two)) == {}
    stage_alone(base, staged, two, monkeypatch)
    before, after = read_everything(base, seen), read_everything(right, seen)
    untouched, published = contents(base), contents(right)
    ends = []
    for fatal in range(steps()):
        root = shutil.copytree(staged, tmp_path / str(fatal))
        with monkeypatch.context() as patched:
            die_at(patched, fatal)
            with pytest.raises(KeyboardInterrupt):
                seal_and_publish(Layout(root), run_id(two))
        assert read_everything(root, seen) in (before, after), "a run is published whole"
        recover(Layout(root))
        assert list(Layout(root).staging.iterdir()) == []
        ends.append(contents(root) == published)
        assert ends[-1] or contents(root) == untouched
        shutil.rmtree(root)
    assert len(ends) > 40, "publishing has that many steps that a crash can fall between"
    assert ends == sorted(ends), "once a run is sealed it is published, wherever it broke off"
    assert 20 < sum(ends) < len(ends) - 20
    seal_and_publish(Layout(staged), run_id(two))
    assert contents(staged) == published, "what was tried is what a run does"


def stage_alone(base: Path, staged: Path, estate: Estate, patch: pytest.MonkeyPatch) -> None:
    """Do what a run does up to the first step that must last."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    shutil.copytree(base, staged)
    with patch.context() as patched:
        patched.setattr(commit, "seal", stop)
        with pytest.raises(KeyboardInterrupt):
            commit_estate(staged, estate)


def seal_and_publish(layout: Layout, run: str) -> None:
    publish.seal(layout, run)
    publish.publish(layout, run)


def die_at(patched: pytest.MonkeyPatch, fatal: int | None) -> Callable[[], int]:
    """Make the process die before the ``fatal``-th durable step; return what counts the steps."""
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
    return lambda: count
