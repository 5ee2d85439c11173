"""A run is not built on a damaged warehouse: what is missing must not read as nothing."""

import shutil
from pathlib import Path

import pytest

from audit.errors import WarehouseError
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.verify import check_published
from audit.tables import TABLES
from providers.loopback.story import first_night, next_night, places
from tests.support.staging import commit_estate, run_id
from tests.support.strategies import SMALL

ONE = first_night(3, SMALL, places()[:1])
TWO = next_night(ONE, 4, SMALL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    for estate in (ONE, TWO):
        commit_estate(root, estate)
    return root


@pytest.fixture
def two_runs(whole, tmp_path):
    """Two runs to damage."""
    root = shutil.copytree(whole, tmp_path / "warehouse")
    return Layout(root), [run_id(ONE), run_id(TWO)]


def folder(layout: Layout, table: str, run_id: str) -> Path:
    return Path(layout.address) / layout.partition(table, run_id)


def test_a_whole_warehouse_passes(two_runs):
    check_published(*two_runs)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_lost_partition_of_the_newest_run_is_named(two_runs, table):
    layout, runs = two_runs
    shutil.rmtree(folder(layout, table, runs[-1]))
    with pytest.raises(WarehouseError, match=f"{table}/run_id="):
        check_published(layout, runs)


@pytest.mark.parametrize("table", ["scopes", "exposures", "vulnerabilities"])
def test_a_lost_partition_of_the_history_is_named(two_runs, table):
    layout, runs = two_runs
    shutil.rmtree(folder(layout, table, runs[0]))
    with pytest.raises(WarehouseError, match=f"{table}/run_id={runs[0]}"):
        check_published(layout, runs)
    with pytest.raises(WarehouseError):
        Warehouse(layout).open_run()


def test_an_altered_file_is_named(two_runs):
    layout, runs = two_runs
    path = layout.files.local(layout.part("findings", runs[-1]))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(WarehouseError, match="findings"):
        check_published(layout, runs)


@pytest.mark.parametrize("harm", ["{{{", None])
def test_an_altered_or_lost_manifest_is_named(two_runs, harm):
    layout, runs = two_runs
    manifest = layout.files.local(layout.manifest(runs[-1]))
    manifest.unlink()
    if harm:
        manifest.write_text(harm)
    with pytest.raises(WarehouseError, match="_manifests"):
        check_published(layout, runs)


def test_a_folder_that_is_no_run_or_holds_no_row_is_passed_over(two_runs):
    layout, runs = two_runs
    folder(layout, "runs", "zzz").mkdir()
    folder(layout, "runs", "20991231T000000Z").mkdir()
    assert Warehouse(layout).run_ids() == runs
