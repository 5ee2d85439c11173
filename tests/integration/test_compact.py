"""Merged copies change no answer, are never believed when damaged or stale, and may be deleted."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest

from audit.log import LOGGER
from audit.notebook import open_warehouse
from audit.store.files import LocalFiles
from audit.store.merged import INDEX
from audit.store.parquet import sha256_of
from audit.tables import HISTORY
from providers.loopback.story import next_night
from tests.support.harm import cut, part
from tests.support.staging import commit_estate, run_id
from tests.support.strategies import SMALL
from tests.support.year import Year, a_year, configured

QUERIES = [
    *(f"SELECT * FROM {table}_history ORDER BY ALL" for table in HISTORY),
    *(f"SELECT * FROM {view} ORDER BY ALL" for view in ("exposures_now", "exposures_before")),
    *(f"SELECT * FROM {view} ORDER BY ALL" for view in ("exposure_changes", "all_runs")),
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return a_year(tmp_path_factory.mktemp("plain"), (0, 1, 2, 9, 35))


@pytest.fixture(scope="module")
def expected(plain: Year) -> dict[str, list[pd.DataFrame]]:
    return answers(plain)


@pytest.fixture
def year(plain: Year, tmp_path: Path) -> Year:
    shutil.copytree(plain.root, tmp_path / "warehouse")
    year = configured(Year(tmp_path, plain.nights))
    assert year.do("compact").code == 0
    return year


def answers(year: Year, *chosen: str) -> dict[str, list[pd.DataFrame]]:
    """Return the answer to every query as of every run, or of those chosen."""
    warehouse = open_warehouse(str(year.root))
    found = {}
    for run in chosen or warehouse.runs:
        with warehouse.run(run) as opened:
            found[run] = [opened.sql(query) for query in QUERIES]
    return found


def same(one: dict[str, list[pd.DataFrame]], two: dict[str, list[pd.DataFrame]]) -> bool:
    return one.keys() == two.keys() and all(
        left.equals(right) and list(left.columns) == list(right.columns)
        for run in one
        for left, right in zip(one[run], two[run], strict=True)
    )


def copies(year: Year) -> list[Path]:
    return sorted(year.root.glob("_compact/*/*.parquet"))


def test_every_answer_is_what_it_was(year: Year, plain: Year, expected: Any):
    assert len(copies(year)) == len(HISTORY)
    assert same(answers(year), expected)
    assert any(len(frame) > 20 for frame in expected[run_id(plain.nights[-1])])
    newest = run_id(plain.nights[-1])
    assert year.report(newest) == plain.report(newest)
    untouched = {path: body for path, body in year.files().items() if "_compact" not in path}
    assert untouched == plain.files()


def test_the_copies_are_what_is_read(year: Year, expected: Any):
    """With the older partitions gone, the copies alone can have answered."""
    for table in HISTORY:
        for night in year.nights[:-2]:
            if table != "runs":
                part(year.root, table, run_id(night)).unlink()
    newest = run_id(year.nights[-1])
    with open_warehouse(str(year.root)).run(newest) as run:
        now = run.sql("SELECT count(*) AS n FROM exposures_now")["n"].iloc[0]
    assert now == len(expected[newest][len(HISTORY)])
    assert year.do("verify").code == 1, "the originals are the truth"


def test_deleting_the_copies_is_safe(year: Year, expected: Any):
    shutil.rmtree(year.root / "_compact")
    assert same(answers(year), expected)


def test_runs_after_it_are_read_beside_it_and_merged_the_next_time(
    year: Year, plain: Year, tmp_path: Path
):
    shutil.copytree(plain.root, tmp_path / "other" / "warehouse")
    other = configured(Year(tmp_path / "other", plain.nights))
    later = next_night(plain.nights[-1], 5, SMALL)
    between = replace(later, moment=plain.nights[3].moment + timedelta(days=4))
    for estate in (later, between):
        for each in (year, other):
            commit_estate(each.root, estate)
    without = {path: body for path, body in year.files().items() if "_compact" not in path}
    assert without == other.files(), "the runs themselves do not depend on it"
    touched = [run_id(night) for night in (plain.nights[3], between, later)]
    right = answers(other, *touched)
    assert same(answers(year, *touched), right)
    old = copies(year)
    assert year.do("compact").code == 0
    assert len(copies(year)) == len(HISTORY)
    assert set(copies(year)).isdisjoint(old)
    assert same(answers(year, *touched), right)
    assert year.do("verify").out.splitlines()[-1] == "sound"


def cut_one(year: Year) -> None:
    cut(next(path for path in copies(year) if path.parent.name == "exposures"))


def lose_one(year: Year) -> None:
    next(path for path in copies(year) if path.parent.name == "exposures").unlink()


def empty_one(year: Year) -> None:
    path = next(path for path in copies(year) if path.parent.name == "exposures")
    pq.write_table(pq.read_table(path).slice(0, 0), path)


def of_other_runs(year: Year) -> None:
    path = year.root / INDEX
    told = orjson.loads(path.read_bytes())
    path.write_bytes(orjson.dumps(told | {"manifest_sha256": "0" * 64}))


def no_index(year: Year) -> None:
    (year.root / INDEX).write_bytes(b"[1")


def another_index(year: Year) -> None:
    (year.root / INDEX).write_bytes(b'{"files": {"exposures": {"path": "x"}}}')


HARMS = [cut_one, lose_one, empty_one, of_other_runs, no_index, another_index]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_what_is_damaged_or_stale_is_left_aside_with_a_warning(
    year: Year, expected: Any, harm: Callable[[Year], None], caplog: pytest.LogCaptureFixture
):
    harm(year)
    logging.getLogger(LOGGER).propagate = True
    newest = run_id(year.nights[-1])
    with caplog.at_level(logging.WARNING, LOGGER):
        assert same(answers(year, newest), {newest: expected[newest]})
    assert "it is not used, and answers do not depend on it" in caplog.text
    done = year.do("verify")
    assert done.code == 1
    assert "deleting _compact is safe too" in done.out
    assert year.do("compact").code == 0
    assert year.do("verify").code == 0


def test_verify_finds_a_copy_that_holds_something_else(year: Year):
    """Its hash is right and it is of the right runs: only the rows tell."""
    path = next(path for path in copies(year) if path.parent.name == "coverage")
    rows = pq.read_table(path)
    place = rows.schema.get_field_index("placements")
    pq.write_table(rows.set_column(place, "placements", [[9] * rows.num_rows]), path)
    index = year.root / INDEX
    told = orjson.loads(index.read_bytes())
    told["files"]["coverage"]["sha256"] = sha256_of(path)
    index.write_bytes(orjson.dumps(told))
    done = year.do("verify")
    assert done.code == 1
    assert "does not hold what its partitions hold" in done.out


def test_a_damaged_partition_is_not_merged(plain: Year, tmp_path: Path):
    shutil.copytree(plain.root, tmp_path / "warehouse")
    year = configured(Year(tmp_path, plain.nights))
    harmed = part(year.root, "exposures", run_id(plain.nights[1]))
    cut(harmed)
    done = year.do("compact")
    assert done.code == 1
    assert (
        f"{harmed.relative_to(year.root)} is missing or altered; restore it from a backup"
        in done.err
    )
    assert copies(year) == []


@pytest.mark.parametrize("fatal", range(9))
def test_a_crash_while_merging_changes_no_answer(
    plain: Year, expected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fatal: int
):
    shutil.copytree(plain.root, tmp_path / "warehouse")
    year = configured(Year(tmp_path, plain.nights))
    put, count = LocalFiles.put, 0

    def dying(self: Any, path: str, source: Path) -> None:
        nonlocal count
        if count == fatal:
            raise KeyboardInterrupt
        count += 1
        put(self, path, source)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFiles, "put", dying)
        assert year.do("compact").code == 1
    newest = run_id(plain.nights[-1])
    with open_warehouse(str(year.root)).run() as run:
        assert [run.sql(query) for query in QUERIES[-4:]]
        for query, right in zip(QUERIES, expected[newest], strict=True):
            assert run.sql(query).equals(right)
    assert year.do("compact").code == 0


def test_one_run_is_nothing_to_merge(tmp_path: Path):
    year = a_year(tmp_path, (0,))
    assert year.do("compact").out == "fewer than two runs: nothing to merge\n"
    assert copies(year) == []
