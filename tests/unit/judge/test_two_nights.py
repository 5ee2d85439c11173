from pathlib import Path

from audit.store.reader import Warehouse
from providers.loopback.demo_story import two_nights
from providers.loopback.truth import Oracle
from tests.support.compare import balance, differences
from tests.support.staging import commit_estate


def test_both_nights_equal_the_truth(tmp_path: Path):
    oracle = Oracle()
    for estate in two_nights():
        commit_estate(tmp_path, estate)
        night = oracle.advance(estate)
        with Warehouse.at(str(tmp_path)).open_run() as run:
            assert differences(run, night) == {}
            now_open, by_flow = balance(run)
            assert now_open == by_flow > 0
