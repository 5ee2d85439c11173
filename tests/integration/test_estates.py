"""The warehouse equals the estate's own figures, through the real SDKs and protocols."""

from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from audit.store.parquet import sha256_of
from audit.store.reader import Warehouse
from audit.tables import TABLES
from providers.loopback.demo_story import two_nights
from providers.loopback.estate import Estate
from providers.loopback.story import first_night
from providers.loopback.truth import Oracle
from tests.support.cloud_run import nightly_runs
from tests.support.compare import balance, differences
from tests.support.report_compare import report_differences
from tests.support.strategies import SMALL, History, histories


def assert_equal_to_truth(root: Path, nights: list[Estate]) -> None:
    oracle, before = Oracle(), None
    for estate, result in nightly_runs(root, nights):
        night = oracle.advance(estate)
        with Warehouse.at(str(root)).open_run() as run:
            assert differences(run, night) == {}, estate.name
            now_open, by_flow = balance(run)
            assert now_open == by_flow
            assert report_differences(run, night, before) == {}, estate.name
            scopes = run.rows("SELECT scope_id, outcome FROM scopes WHERE kind = 'inventory'")
        assert {row["scope_id"]: row["outcome"] for row in scopes} == night.scopes
        blind = [w for w in night.assessable() if night.assessments[w].state != "assessed"]
        assert result.unassessed == len(blind)
        assert result.incomplete == bool(blind or set(result.scopes) != {"complete"})
        before = night


@pytest.mark.slow
def test_both_nights_of_the_demo_equal_the_truth(tmp_path: Path):
    assert_equal_to_truth(tmp_path, list(two_nights()))


@pytest.mark.slow
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking whole runs takes minutes
)
@given(histories(nights=2))
def test_random_estates_with_random_faults_equal_the_truth(history: History):
    with TemporaryDirectory() as folder:
        assert_equal_to_truth(Path(folder), history.nights)


def test_the_same_estate_makes_the_same_bytes(tmp_path: Path):
    estate = first_night(11, SMALL)
    listings = []
    for folder in ("one", "two"):
        for _, result in nightly_runs(tmp_path / folder, [estate]):
            manifest = tmp_path / folder / "_manifests" / f"{result.run_id}.json"
            listings.append(orjson.loads(manifest.read_bytes())["files"])
    assert listings[0] == listings[1]
    assert len(listings[0]) == len(TABLES) - 1, "every table but runs, which names the manifest"


def test_files_hold_what_the_manifest_says(tmp_path: Path):
    for _, result in nightly_runs(tmp_path, [first_night(11, SMALL)]):
        manifest = tmp_path / "_manifests" / f"{result.run_id}.json"
        for file in orjson.loads(manifest.read_bytes())["files"]:
            assert sha256_of(tmp_path / file["path"]) == file["sha256"]
            assert pq.read_metadata(tmp_path / file["path"]).num_rows == file["rows"]
        with Warehouse.at(str(tmp_path)).open_run() as run:
            assert run.rows("SELECT manifest_sha256 FROM runs")[0] == {
                "manifest_sha256": sha256_of(manifest)
            }
