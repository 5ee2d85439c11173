"""What an analyst imports: lazy, as of a date, filtered where the rows are, bounded."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from audit.errors import PrunedError, UsageError, WarehouseError
from audit.notebook import open_warehouse, questions
from audit.store.catalog import Catalog, measure_names
from audit.store.layout import Layout
from audit.store.prune import Doomed, Keep, PrunePlan, prune
from audit.store.pruned import SNAPSHOTS
from audit.store.reader import Warehouse
from providers.loopback.story import FIRST_NIGHT, first_night, next_night
from tests.support.staging import commit_estate
from tests.support.strategies import SMALL

FIRST, SECOND = (f"{FIRST_NIGHT + timedelta(days=n):%Y%m%dT%H%M%SZ}" for n in range(2))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("notebook") / "wa[re]house, it's"
    first = first_night(3, SMALL)
    commit_estate(root, first)
    commit_estate(root, next_night(first, 4, SMALL))
    return root


@pytest.fixture
def root(built, tmp_path):
    """A copy to damage."""
    return shutil.copytree(built, tmp_path / "copy")


def test_nothing_is_read_to_open_a_warehouse(built, monkeypatch):
    made: list[str] = []
    monkeypatch.setattr(Catalog, "_make", lambda _, name: made.append(name))
    with open_warehouse(str(built)).run() as run:
        assert made == []
        with pytest.raises(duckdb.CatalogException):
            run.sql("SELECT count(*) FROM placements")
        assert made == ["placements"]


def test_a_table_comes_as_pandas_arrow_or_relation(built):
    warehouse = open_warehouse(str(built))
    frame, arrow = warehouse.table("findings"), warehouse.arrow("findings")
    with warehouse.run() as run:
        relation = run.relation("findings")
        assert isinstance(frame, pd.DataFrame)
        assert isinstance(arrow, pa.Table)
        assert isinstance(relation, duckdb.DuckDBPyRelation)
        assert len(frame) == arrow.num_rows == len(relation.fetchall()) > 0
    with pytest.raises(UsageError, match="no table 'wheather'"):
        warehouse.table("wheather")


@pytest.mark.parametrize("name", ["findings", "images", "exposures"])
def test_the_joined_tables_are_those_of_the_flat_files(built, name):
    flat = pd.read_parquet(built / f"current/{name}.parquet")
    with open_warehouse(str(built)).run() as run:
        ours = getattr(run, name)().to_arrow_table().to_pandas()
    assert set(ours.columns) == set(flat.columns)
    assert rows(ours[flat.columns]) == rows(flat)


def rows(frame: pd.DataFrame) -> list[str]:
    plain = frame.map(lambda cell: list(cell) if hasattr(cell, "tolist") else cell)
    return sorted(map(repr, plain.astype(object).where(frame.notna(), None).values.tolist()))


def test_filters_take_a_value_a_list_or_nothing(built):
    with open_warehouse(str(built)).run() as run:
        every = run.findings().to_arrow_table().to_pandas()
        some = run.findings(severity=["CRITICAL", "HIGH"], provider="aws")
        some = some.to_arrow_table().to_pandas()
        wanted = every[every["severity"].isin(["CRITICAL", "HIGH"]) & (every["provider"] == "aws")]
        assert len(some) == len(wanted) > 0
        assert len(run.findings(severity=[]).fetchall()) == 0
        assert len(run.findings(location=None).fetchall()) == every["location"].isna().sum()
        assert len(run.findings(title="it's; DROP").fetchall()) == 0
        pushed = every["pushed_at"].dropna().iloc[0].to_pydatetime()
        assert len(run.images(pushed_at=pushed).fetchall()) > 0
        with pytest.raises(UsageError, match="no column 'colour'"):
            run.findings(colour="red")


@pytest.mark.parametrize(
    ("moment", "run_id"),
    [
        (f"{FIRST_NIGHT:%Y-%m-%d}", FIRST),
        (FIRST_NIGHT.date(), FIRST),
        (FIRST_NIGHT, FIRST),
        (FIRST_NIGHT + timedelta(hours=23), FIRST),
        (f"{FIRST_NIGHT + timedelta(days=1):%Y-%m-%d}", SECOND),
        (f"{FIRST_NIGHT + timedelta(days=1):%Y-%m-%d}T01:00:00", FIRST),
        (f"{FIRST_NIGHT + timedelta(days=1):%Y-%m-%d}T03:00:00+02:00", FIRST),
        ("2099-01-01", SECOND),
    ],
)
def test_as_of_a_moment_is_the_newest_run_up_to_it(built, moment, run_id):
    with open_warehouse(str(built)).as_of(moment) as run:
        assert run.run_id == run_id
        assert run.table("runs")["run_id"].tolist() == [run_id]
        assert run.table("exposures_history")["run_id"].max() == run_id


@pytest.mark.parametrize(
    "moment", ["2001-01-01", date(2001, 1, 1), datetime(2001, 1, 1, tzinfo=UTC)]
)
def test_before_the_first_run_there_is_nothing_to_tell(built, moment):
    with pytest.raises(UsageError, match="no run at or before 2001-01-01"):
        open_warehouse(str(built)).as_of(moment)


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", ""])
def test_what_is_no_moment_is_refused(built, moment):
    with pytest.raises(UsageError, match="is no moment"):
        open_warehouse(str(built)).as_of(moment)


def test_a_pruned_run_still_answers_from_the_history(root):
    layout = Layout(root)
    doomed = Doomed(FIRST, tuple(layout.part(table, FIRST) for table in SNAPSHOTS), 0)
    prune(layout, PrunePlan((SECOND,), (doomed,), ()), Keep(1, 0), FIRST_NIGHT)
    with open_warehouse(str(root)).as_of(FIRST_NIGHT) as run:
        assert len(run.question("open_over_time")) > 0
        assert run.question("time_to_fix")["owner"].isna().all()
        with pytest.raises(PrunedError, match=f"run {FIRST} was pruned on .*{SECOND}"):
            run.findings()
        for name, values in (("two_opinions", {}), ("package_holders", {"package": "tar"})):
            with pytest.raises(PrunedError):
                run.question(name, **values)
    with open_warehouse(str(root)).run() as run:
        assert set(run.table("findings_snapshots")["run_id"]) == {SECOND}


def test_the_measures_are_those_of_the_reports(built):
    with open_warehouse(str(built)).run() as run, Warehouse.at(str(built)).open_run() as stored:
        for name in measure_names():
            query = f'SELECT * FROM "{name}" ORDER BY ALL'
            rows = run.relation(query).fetchall()
            assert repr(rows) == repr(stored.query(query).fetchall()), name
        assert len(run.table("flow")) > 0


def test_a_lost_history_is_damage(root):
    shutil.rmtree(root / "exposures" / f"run_id={FIRST}")
    with open_warehouse(str(root)).run() as run, pytest.raises(WarehouseError):
        run.question("open_now")


def test_a_question_says_what_it_takes(built):
    warehouse = open_warehouse(str(built))
    assert questions()["name"].iloc[0] == "open_now"
    with pytest.raises(UsageError, match="no question 'wheather'"):
        warehouse.question("wheather")
    with pytest.raises(UsageError, match="carriers needs vulnerability"):
        warehouse.question("carriers")
    with pytest.raises(UsageError, match="open_now does not take days"):
        warehouse.question("open_now", days=3)
    assert len(warehouse.question("oldest_fixable", rows=1)) == 1


def test_the_changes_since_a_date_are_those_of_the_runs_after_it(built):
    warehouse = open_warehouse(str(built))
    newest = warehouse.question("changes", since=FIRST_NIGHT)
    pd.testing.assert_frame_equal(newest, warehouse.question("changes"))
    everything = warehouse.question("changes", since="2001-01-01")
    assert everything["changes"].sum() > newest["changes"].sum() > 0


def test_an_engine_takes_no_more_memory_than_it_may(built):
    with open_warehouse(str(built), memory="64MB").run() as run:
        limit = run.sql("SELECT current_setting('memory_limit') AS held")["held"].iloc[0]
        assert limit.startswith("61.0 MiB")
        with pytest.raises(duckdb.OutOfMemoryException):
            run.sql("SELECT list(range) FROM range(30_000_000)")
