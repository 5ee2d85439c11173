"""The warehouse equals the estate's own figures, through the real SDKs and protocols."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from audit.store.reader import Warehouse
from providers.loopback.demo_story import two_nights
from providers.loopback.estate import Estate
from providers.loopback.truth import Oracle
from tests.support.cloud_run import nightly_runs
from tests.support.compare import balance, differences
from tests.support.strategies import histories


def assert_equal_to_truth(root: Path, nights: list[Estate]) -> None:
    oracle = Oracle()
    for estate, result in nightly_runs(root, nights):
        night = oracle.advance(estate)
        with Warehouse.at(str(root)).open_run() as run:
            assert differences(run, night) == {}, estate.name
            now_open, by_flow = balance(run)
            assert now_open == by_flow
            scopes = run.rows("SELECT scope_id, outcome FROM scopes WHERE kind = 'inventory'")
        assert {row["scope_id"]: row["outcome"] for row in scopes} == night.scopes
        blind = [w for w in night.assessable() if night.assessments[w].state != "assessed"]
        assert result.unassessed == len(blind)
        assert result.incomplete == bool(blind or set(result.scopes) != {"complete"})


@pytest.mark.slow
def test_both_nights_of_the_demo_equal_the_truth(tmp_path: Path):
    assert_equal_to_truth(tmp_path, list(two_nights()))


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(nights=2))
def test_random_estates_with_random_faults_equal_the_truth(nights: list[Estate]):
    with TemporaryDirectory() as folder:
        assert_equal_to_truth(Path(folder), nights)
