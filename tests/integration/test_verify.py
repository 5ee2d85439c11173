"""verify finds every kind of damage, names the file and says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
import pyarrow as pa
import pytest

from audit.store.pruned import SNAPSHOTS
from audit.store.reader import Warehouse
from audit.store.sound import check_all
from audit.tables import TABLES
from providers.loopback.estate import Fault
from providers.loopback.story import first_night, next_night
from tests.support.harm import cut, forge, part
from tests.support.staging import commit_estate, run_id
from tests.support.strategies import SMALL
from tests.support.year import Year, a_year, configured

Harm = Callable[[Path, str], None]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return a_year(tmp_path_factory.mktemp("three"), (0, 1, 2))


@pytest.fixture
def year(three: Year, tmp_path: Path) -> Year:
    """Three runs to damage."""
    shutil.copytree(three.root, tmp_path / "warehouse")
    return configured(Year(tmp_path, three.nights))


def runs(year: Year) -> list[str]:
    return [run_id(night) for night in year.nights]


def faults(year: Year, *more: str) -> list[list[str]]:
    """Return the faults that verify names as [where, what, cure]."""
    done = year.do("verify", *more)
    found = [line.split("\t")[1:] for line in done.out.splitlines() if line.startswith("fault")]
    assert done.code == (1 if found else 0)
    return found


def test_a_sound_warehouse_is_said_to_be_sound_and_what_was_looked_at(three: Year):
    done = three.do("verify")
    assert (done.code, done.out.splitlines()[-1]) == (0, "sound")
    lines = [line.split("\t") for line in done.out.splitlines() if line.startswith("checked")]
    counted = {line[2]: int(line[1]) for line in lines}
    assert counted["runs in the chain"] == counted["manifests"] == counted["snapshots"] == 3
    assert counted["files"] == 3 * (len(TABLES) - 1)
    assert counted["tables with unique keys"] == 3 * len(SNAPSHOTS) + len(TABLES) - len(SNAPSHOTS)
    sizes = [path.stat().st_size for path in three.root.glob("*/run_id=*/*.parquet")]
    runs_rows = [path.stat().st_size for path in three.root.glob("runs/run_id=*/*.parquet")]
    assert counted["bytes"] == sum(sizes) - sum(runs_rows)
    changes = pd.read_parquet(three.root / "exposures")
    assert counted["changes of exposures"] == len(changes) > 0
    assert counted["exposures"] == changes["exposure_id"].nunique()


def test_a_warehouse_of_random_nights_with_faults_is_sound(tmp_path: Path):
    night = first_night(11, SMALL)
    for number in range(4):
        place = night.places[number]
        faulty = (Fault("denied", place.provider, place.account, place.region),)
        night = next_night(night, number, SMALL, faulty if number % 2 else ())
        commit_estate(tmp_path, night)
    warehouse = Warehouse.at(str(tmp_path))
    found = check_all(warehouse.layout, warehouse.run_ids(), "512MB")
    assert found.faults == []
    assert found.counts["snapshots"] == 4


def test_nothing_published_is_not_sound(tmp_path: Path):
    done = configured(Year(tmp_path, ())).do("verify")
    assert done.code == 2
    assert "no published run yet" in done.err


@pytest.mark.parametrize("table", sorted(TABLES))
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_lost_partition_is_named(year: Year, table: str, number: int):
    run = runs(year)[number]
    shutil.rmtree(part(year.root, table, run).parent)
    told = " ".join(" ".join(fault) for fault in faults(year))
    assert f"{table}/run_id={run}/part-0.parquet" in told
    assert "restore" in told


@pytest.mark.parametrize("table", ["findings", "exposures", "runs"])
def test_a_cut_file_is_named(year: Year, table: str):
    run = runs(year)[1]
    cut(part(year.root, table, run))
    named = [fault[0] for fault in faults(year)]
    assert f"{table}/run_id={run}/part-0.parquet" in named


def test_a_changed_manifest_is_named(year: Year):
    path = year.root / "_manifests" / f"{runs(year)[0]}.json"
    path.write_bytes(path.read_bytes() + b" ")
    ((where, *told),) = faults(year)
    assert where == f"_manifests/{path.name}"
    assert told == [
        *("is missing or is not the one that was published", "restore it from a backup")
    ]


def test_a_run_that_is_missing_from_the_middle_breaks_the_chain(year: Year):
    gone = runs(year)[1]
    for path in [*year.root.glob(f"*/run_id={gone}"), year.root / f"_manifests/{gone}.json"]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (fault,) = [fault for fault in faults(year) if fault[0] == "runs"]
    assert f"the chain of runs is broken at {runs(year)[2]}" in fault[1]


def test_rows_of_no_published_run_are_named(year: Year):
    stray = year.root / "findings" / "run_id=20300101T000000Z"
    shutil.copytree(part(year.root, "findings", runs(year)[0]).parent, stray)
    found = [["findings/run_id=20300101T000000Z", "belongs to no published run", "delete it"]]
    assert faults(year) == found


def doubled(rows: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, rows.slice(0, 1)])


def without_first(rows: pa.Table) -> pa.Table:
    return rows.slice(1)


def never_opened(rows: pa.Table) -> pa.Table:
    events = pa.array(["changed"] * rows.num_rows)
    return rows.set_column(rows.schema.get_field_index("event"), "event", events)


def merged_into_nothing(rows: pa.Table) -> pa.Table:
    place = rows.schema.get_field_index("merged_into")
    return rows.set_column(place, "merged_into", pa.array(["nothing"] * rows.num_rows))


def elsewhere(rows: pa.Table) -> pa.Table:
    place = rows.schema.get_field_index("scope_id")
    return rows.set_column(place, "scope_id", pa.array(["elsewhere"] * rows.num_rows))


@pytest.mark.parametrize(
    ("table", "change", "where", "what"),
    [
        ("findings", doubled, "findings/", "holds 1 keys more than once, such as"),
        ("exposures", doubled, "exposures", "holds 1 keys more than once, such as"),
        ("placements", without_first, "assessments/", "rows without one in placements"),
        ("placements", without_first, "placements/", "images that the run read of scope aws/"),
        ("images", without_first, "placements/", "rows without one in images"),
        ("placements", elsewhere, "placements/", "rows without one in scopes"),
        ("exposures", never_opened, "exposures/", "has changes and was never opened"),
        ("exposures", merged_into_nothing, "exposures/", "merged into nothing, which does not"),
    ],
)
def test_what_contradicts_itself_is_named_though_every_hash_is_right(
    year: Year, table: str, change: Callable[[pa.Table], pa.Table], where: str, what: str
):
    newest = runs(year)[-1]
    if table == "exposures":  # of the first run, in which all are opened
        year = a_year(year.folder / "one", (0,))
        (newest,) = runs(year)
    forge(year.root, table, newest, change)
    found = faults(year)
    assert [fault for fault in found if fault[0].startswith(where) and what in fault[1]], found


def test_a_pruning_is_accounted_for(year: Year):
    year.config.write_text(year.config.read_text().replace("daily: 10", "daily: 1"))
    keep = [run_id(night) for night in year.nights]
    stone = {"pruned_on": "2026-11-25", "policy": "by hand"}
    told = {"runs": {keep[1]: stone}, "pending": []}
    for table in SNAPSHOTS:
        part(year.root, table, keep[1]).unlink()
    assert len(faults(year)) == len(SNAPSHOTS), "nothing says that they were thinned out"
    (year.root / "_pruned.json").write_bytes(orjson.dumps(told))
    assert faults(year) == []
    left = part(year.root, "images", keep[1])
    shutil.copy(part(year.root, "images", keep[0]), left)
    (fault,) = faults(year)
    assert fault[1:] == ["is there although its run was thinned out", "delete it"]
    (year.root / "_pruned.json").write_bytes(orjson.dumps(told | {"pending": [keep[1]]}))
    (fault,) = faults(year)
    assert fault[1:] == ["is left over from a pruning that died", "registry-audit prune --yes"]
    left.unlink()
    (year.root / "_pruned.json").write_bytes(
        orjson.dumps({"runs": {"20200101T000000Z": stone, keep[1]: stone}, "pending": []})
    )
    (fault,) = faults(year)
    assert fault[1] == "names run 20200101T000000Z, which is not published"


def test_one_run_or_the_newest_can_be_checked_alone(year: Year):
    first, _, newest = runs(year)
    cut(part(year.root, "findings", first))
    assert faults(year, "--quick") == []
    assert faults(year, "--run", newest) == []
    assert [fault[0] for fault in faults(year, "--run", first)] == [
        f"findings/run_id={first}/part-0.parquet"
    ]
    assert year.do("verify", "--run", "20200101T000000Z").code == 2
    assert year.do("verify", "--run", first, "--quick").code == 2
