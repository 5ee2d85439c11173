from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings

from audit.store.reader import Warehouse
from providers.loopback.truth import Oracle
from tests.support.compare import balance, differences
from tests.support.staging import commit_estate
from tests.support.strategies import History, histories
from tests.unit.measures.published import assert_measured


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink five nights takes for ever
)
@given(histories(nights=5))
def test_every_night_of_a_random_history_equals_the_truth(history: History):
    oracle = Oracle()
    with TemporaryDirectory() as folder:
        for estate in history.nights:
            commit_estate(Path(folder), estate)
            night = oracle.advance(estate)
            with Warehouse.at(folder).open_run() as run:
                assert differences(run, night) == {}, estate.name
                now_open, by_flow = balance(run)
                assert now_open == by_flow
        with Warehouse.at(folder).open_run() as run:
            assert_measured(run)
