"""Snapshots are thinned out; the history, every kept report and the next run are what they were."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.errors import PrunedError
from audit.notebook import open_warehouse
from audit.store.files import LocalFiles
from audit.store.prune import moment_of
from audit.store.pruned import SNAPSHOTS, read_pruned
from audit.tables import HISTORY
from providers.loopback.story import next_night
from tests.support.staging import commit_estate, run_id
from tests.support.strategies import SMALL
from tests.support.year import Year, a_year, configured

GONE_DAYS = {9, 90, 324, 325, 326, 344}
"""Worked out by hand for ten days, five weeks from Monday to Sunday, then months."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """A year that is left alone."""
    return a_year(tmp_path_factory.mktemp("year"))


@pytest.fixture
def year(whole: Year, tmp_path: Path) -> Year:
    """A year of one's own to prune."""
    shutil.copytree(whole.root, tmp_path / "warehouse")
    return configured(Year(tmp_path, whole.nights))


@pytest.fixture(scope="module")
def pruned(whole: Year, tmp_path_factory: pytest.TempPathFactory) -> Year:
    """A year that was pruned."""
    folder = tmp_path_factory.mktemp("pruned")
    shutil.copytree(whole.root, folder / "warehouse")
    year = configured(Year(folder, whole.nights))
    assert year.do("prune", "--yes").code == 0
    return year


def snapshots(year: Year) -> set[str]:
    return {path.parent.name[7:] for path in year.root.glob("placements/*/*.parquet")}


def test_it_says_first_what_it_would_delete(year: Year):
    before = year.files()
    done = year.do("prune")
    assert done.code == 0
    assert year.files() == before
    *lines, total = done.out.splitlines()
    gone = [line.split("\t") for line in lines]
    assert {line[3] for line in gone} == {"would be deleted"}
    paths = [f"{table}/run_id={run}/part-0.parquet" for run, *_ in gone for table in SNAPSHOTS]
    size = sum(len(before[path]) for path in paths)
    kept = len(year.nights) - len(gone)
    assert total == (
        f"would be deleted: {len(gone)} runs, {len(paths)} files, {size} bytes; "
        f"{kept} runs keep theirs; --yes deletes"
    )
    assert sum(int(line[2].split()[0]) for line in gone) == size
    done = year.do("prune", "--yes")
    assert done.out.splitlines()[-1].startswith(f"deleted: {len(gone)} runs, {len(paths)} files")
    after = year.files()
    assert before.keys() - after.keys() == set(paths)
    assert after.keys() - before.keys() == {"_pruned.json"}
    assert all(after[path] == before[path] for path in before.keys() & after.keys())
    assert year.do("prune", "--yes").out.startswith("nothing to delete")


def test_the_runs_kept_are_those_of_the_rule(whole: Year, pruned: Year):
    first = moment_of(run_id(whole.nights[0]))
    gone = {(moment_of(run) - first).days for run in snapshots(whole) - snapshots(pruned)}
    assert gone == GONE_DAYS


def test_the_history_and_the_manifests_of_every_run_stay(whole: Year, pruned: Year):
    for folder in (*HISTORY, "_manifests", "current"):
        assert {path: body for path, body in whole.files().items() if path.startswith(folder)} == {
            path: body for path, body in pruned.files().items() if path.startswith(folder)
        }


def test_the_report_of_a_kept_run_is_the_same_to_the_byte(whole: Year, pruned: Year):
    """Of the oldest and the newest, and of each whose forerunner is gone; of one of the others."""
    kept, runs = snapshots(pruned), sorted(snapshots(whole))
    bereft = [run for before, run in itertools.pairwise(runs) if before not in kept and run in kept]
    assert len(bereft) > 3
    for run in (runs[0], *bereft, runs[-2], runs[-1]):
        assert pruned.report(run) == whole.report(run), run


def test_the_next_run_is_the_same_to_the_byte(whole: Year, pruned: Year, tmp_path: Path):
    later = next_night(whole.nights[-1], 9, SMALL)
    for year, name in ((whole, "whole"), (pruned, "pruned")):
        shutil.copytree(year.root, tmp_path / name)
        commit_estate(tmp_path / name, later)
    made = [
        {
            str(path.relative_to(tmp_path / name)): path.read_bytes()
            for path in files(tmp_path, name)
        }
        for name in ("whole", "pruned")
    ]
    assert made[0] == made[1]
    assert len(made[0]) > len(HISTORY) + len(SNAPSHOTS)


def files(folder: Path, name: str) -> list[Path]:
    newest = max(path.name for path in (folder / name / "runs").iterdir())
    published = sorted((folder / name).glob(f"*/{newest}/*.parquet"))
    flat = sorted((folder / name / "current").iterdir())
    return [*published, *flat, folder / name / "_manifests" / f"{newest[7:]}.json"]


def test_a_pruned_run_says_so_and_names_the_nearest_kept_ones(whole: Year, pruned: Year):
    gone = max(snapshots(whole) - snapshots(pruned))
    before = max(run for run in snapshots(pruned) if run < gone)
    after = min(run for run in snapshots(pruned) if run > gone)
    word = f"run {gone} was pruned on 20"
    for command in (["report", "--run", gone], ["gate", "--run", gone]):
        done = pruned.do(*command)
        assert done.code == 2
        assert word in done.err
        assert "under daily 10 days, weekly 5 weeks, then monthly" in done.err
        assert f"the nearest kept runs: {before}, {after}" in done.err
    warehouse = open_warehouse(str(pruned.root))
    for table in SNAPSHOTS:
        with pytest.raises(PrunedError, match=f"nearest kept runs: {before}, {after}"):
            warehouse.table(table, gone)
    with pytest.raises(PrunedError, match=gone):
        warehouse.sql("SELECT count(*) FROM findings JOIN placements USING (digest)", gone)
    with pytest.raises(PrunedError, match=f"images: run {gone} was pruned"):
        warehouse.sql("SELECT count(*) FROM previous_images WHERE kind = 'image'", after)


def test_what_the_history_tells_of_a_pruned_run_can_still_be_asked(whole: Year, pruned: Year):
    query = "FROM exposures_now ORDER BY exposure_id"
    one, two = open_warehouse(str(whole.root)), open_warehouse(str(pruned.root))
    for run in one.runs:
        assert one.sql(query, run).equals(two.sql(query, run)), run


def test_the_machines_clock_has_no_say(year: Year, pruned: Year):
    done = year.do("prune", "--yes", "--run-at", "2066-01-01T00:00:00Z")
    assert done.code == 0
    assert snapshots(year) == snapshots(pruned)


@pytest.mark.parametrize("fatal", [0, 1, 7, 30])
def test_a_pruning_that_died_is_finished_by_the_next(
    year: Year, pruned: Year, monkeypatch: pytest.MonkeyPatch, fatal: int
):
    count = 0
    delete = LocalFiles.delete

    def dying(self: Any, path: str) -> None:
        nonlocal count
        if count == fatal:
            raise KeyboardInterrupt
        count += 1
        delete(self, path)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFiles, "delete", dying)
        assert year.do("prune", "--yes").code == 1
    left = read_pruned(year.warehouse.layout)
    assert set(left.pending) == set(left.runs) == set(read_pruned(pruned.warehouse.layout).runs)
    assert year.report(max(snapshots(year))) == pruned.report(max(snapshots(year)))
    done = year.do("prune")
    assert "left over from a pruning that was not finished" in done.out
    assert year.do("prune", "--yes").code == 0
    assert year.files().keys() == pruned.files().keys()
    assert read_pruned(year.warehouse.layout).pending == ()


def test_a_damaged_warehouse_is_not_pruned(year: Year):
    newest = max(snapshots(year))
    (year.root / "findings" / f"run_id={newest}" / "part-0.parquet").unlink()
    before = year.files()
    done = year.do("prune", "--yes")
    assert done.code == 1
    assert f"findings/run_id={newest}" in done.err
    assert year.files() == before


def test_a_later_night_thins_further_and_keeps_what_it_must(pruned: Year, tmp_path: Path):
    shutil.copytree(pruned.root, tmp_path / "warehouse")
    year = configured(Year(tmp_path, pruned.nights))
    later = replace(pruned.nights[-1], moment=pruned.nights[-1].moment + timedelta(days=200))
    commit_estate(year.root, later)
    assert year.do("prune", "--yes").code == 0
    kept = sorted(snapshots(year))
    assert kept[0] == run_id(pruned.nights[0])
    assert kept[-2:] == [run_id(pruned.nights[-1]), run_id(later)]
    months = [run[:6] for run in kept[1:-1]]
    assert len(months) == len(set(months))
    assert {run[:6] for run in snapshots(pruned)} <= {run[:6] for run in kept}
