"""What another version of the tool wrote: a later one's is left alone, an earlier one's is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest

from audit.notebook import open_warehouse
from audit.store.compact import compact
from audit.store.reader import Warehouse
from audit.store.sound import check_all
from audit.store.verify import check_published
from providers.loopback.estate import Estate
from providers.loopback.story import first_night, next_night, places
from providers.loopback.truth import Oracle
from tests.support.compare import differences
from tests.support.harm import unknown
from tests.support.staging import commit_estate, run_id
from tests.support.strategies import SMALL
from tests.unit.cli.support import GOOD, Desk, estate, logged

ADDED = {
    "findings": ["native_state", "layer_digest"],
    "exposures": ["kev_added_at", "reopened_count"],
    "placements": ["in_use_count"],
    "scopes": ["missing_permission"],
}
"""Columns that the first night's version did not have yet."""


def told(root: Path) -> dict[str, int]:
    """Return when each file was written; the lock's own do not count."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {str(path): path.stat().st_mtime_ns for path in files if "_lock" not in path.name}


def written_by(desk: Desk, tool: str, versions: dict[str, int]) -> None:
    """Make the newest run one of another version."""
    (part,) = desk.warehouse.glob("runs/run_id=*/part-0.parquet")
    rows = pq.read_table(part, partitioning=None)
    row: dict[str, Any] = rows.to_pylist()[0]
    row["tool_version"] = tool
    row["schema_versions"] = orjson.dumps(orjson.loads(row["schema_versions"]) | versions).decode()
    pq.write_table(rows.from_pylist([row], schema=rows.schema), part)


@pytest.mark.parametrize(
    ("versions", "word"),
    [
        ({"findings": 99}, "holds findings in version 99; this version knows"),
        ({"base_images": 1}, "holds a table base_images, which this version does not know"),
    ],
)
def test_a_warehouse_of_a_later_version_is_not_written_to(
    desk: Desk, versions: dict[str, int], word: str
):
    desk.night(estate(GOOD))
    written_by(desk, "9.1.0", versions)
    before = told(desk.warehouse)
    done = desk.night(estate(GOOD, nights=1))
    assert done.code == 1
    message = logged(done)[-1]["event"]
    assert word in message
    assert "written by registry-audit 9.1.0" in message
    assert "install registry-audit 9.1.0 or later" in message
    assert told(desk.warehouse) == before
    assert desk.do("status").code == 0, "it can still be read"


def test_a_warehouse_of_an_earlier_version_is_written_to(desk: Desk):
    desk.night(estate(GOOD))
    written_by(desk, "0.0.1", {"findings": 0})
    assert desk.night(estate(GOOD, nights=1)).code == 0


@pytest.fixture
def upgraded(tmp_path: Path) -> tuple[Path, list[Estate]]:
    """Two nights, of which an earlier version with fewer columns wrote the first."""
    one = first_night(3, SMALL, places()[:1])
    two = next_night(one, 4, SMALL)
    commit_estate(tmp_path, one)
    for table, columns in ADDED.items():
        part = tmp_path / table / f"run_id={run_id(one)}" / "part-0.parquet"
        pq.write_table(pq.read_table(part, partitioning=None).drop_columns(columns), part)
    commit_estate(tmp_path, two)
    return tmp_path, [one, two]


def test_a_column_that_an_earlier_version_lacked_is_null_there(upgraded):
    root, (one, two) = upgraded
    warehouse = open_warehouse(str(root))
    for table, columns in ADDED.items():
        for column in columns:
            old = warehouse.table(table, run_id(one))
            assert len(old)
            assert old[column].isna().all()
            assert column in warehouse.table(table, run_id(two)).columns
    changes = warehouse.sql("SELECT count(*) AS n FROM exposures_now WHERE kev_added_at IS NULL")
    assert changes["n"].iloc[0] > 0


def test_pandas_reads_each_run_as_it_was_written(upgraded):
    root, (one, two) = upgraded
    for table, columns in ADDED.items():
        old = pd.read_parquet(root / table / f"run_id={run_id(one)}")
        new = pd.read_parquet(root / table / f"run_id={run_id(two)}")
        assert set(columns).isdisjoint(old.columns)
        assert set(columns) <= set(new.columns)
        assert len(pd.read_parquet(root / table)) == len(old) + len(new)


def test_the_run_after_an_upgrade_is_right(upgraded):
    root, nights = upgraded
    oracle = Oracle()
    told = [oracle.advance(estate) for estate in nights]
    with Warehouse.at(str(root)).open_run() as run:
        assert differences(run, told[-1]) == {}


@pytest.mark.parametrize("table", ["coverage", "exposure_images", "control_results"])
def test_a_table_that_an_earlier_version_did_not_know_is_empty_there(tmp_path: Path, table: str):
    one = first_night(3, SMALL, places()[:1])
    two = next_night(one, 4, SMALL)
    oracle = Oracle()
    commit_estate(tmp_path, one)
    unknown(tmp_path, table, run_id(one))
    commit_estate(tmp_path, two)
    nights = [oracle.advance(one), oracle.advance(two)]
    warehouse = Warehouse.at(str(tmp_path))
    check_published(warehouse.layout, warehouse.run_ids())
    assert check_all(warehouse.layout, warehouse.run_ids(), "512MB").faults == []
    for night, count in ((one, 0), (two, len(open_warehouse(str(tmp_path)).table(table)))):
        assert len(open_warehouse(str(tmp_path)).table(table, run_id(night))) == count
    compact(warehouse.layout, warehouse.run_ids())
    with Warehouse.at(str(tmp_path)).open_run() as run:
        assert differences(run, nights[-1]) == {}
