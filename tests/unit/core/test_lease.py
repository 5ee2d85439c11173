"""The lock of an object store over time: renewed from a thread, given up only when it is lost."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from audit.clock import SystemClock
from audit.errors import LockHeldError
from audit.store.lease import LOCK, Lease
from tests.support.stores.places import place
from tests.support.stores.recorded import times

SHORT = timedelta(seconds=0.4)


@pytest.fixture
def store(tmp_path, monkeypatch):
    with place("gcs", tmp_path, monkeypatch) as served:
        yield served


def held(store) -> dict[str, Any]:
    content, _ = store.store().look(LOCK)
    return dict(orjson.loads(content))


def lease(store, run_id: str, lifetime: timedelta = SHORT) -> Lease:
    return Lease(store.store(), store.address, run_id, SystemClock(), lifetime)


def wait_until(true, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_is_renewed_while_its_holder_works(store):
    with lease(store, "first"):
        first = held(store)
        wait_until(lambda: held(store)["expires"] > first["expires"])
        assert held(store)["token"] == first["token"]
        with pytest.raises(LockHeldError, match="run first"), lease(store, "second"):
            pass


def test_it_outlives_a_store_that_fails_for_a_while(store, caplog):
    with lease(store, "first") as holder:
        first = held(store)
        store.server.fault = times(1, 403, "write")
        wait_until(lambda: "could not be renewed" in caplog.text)
        wait_until(lambda: held(store)["expires"] > first["expires"])
        holder.renew()


def test_a_renewal_whose_answer_is_lost_is_still_ours(store):
    with lease(store, "first", timedelta(minutes=1)) as holder:
        lost = times(1, 1, "write")
        store.server.lost = lambda what: lost(what) is not None
        holder.renew()
        holder.renew()


def test_one_whose_making_is_answered_late_is_ours(store):
    lost = times(1, 1, "write")
    store.server.lost = lambda what: lost(what) is not None
    with lease(store, "first", timedelta(minutes=1)) as holder:
        holder.renew()


def test_one_that_was_lost_stays_with_its_new_holder(store, caplog):
    with lease(store, "first") as holder:
        content, tag = store.store().look(LOCK)
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()  # noqa: TID251  as the holder
        taken = orjson.dumps(
            {**orjson.loads(content), "token": "x", "owner": "B", "expires": later}
        )
        while store.store().replace(LOCK, taken, tag) is None:
            _, tag = store.store().look(LOCK)
        wait_until(lambda: "was lost to B" in caplog.text)
        with pytest.raises(LockHeldError, match="was lost to B"):
            holder.renew()
    assert held(store)["owner"] == "B"


def test_it_is_given_back_at_the_end_even_of_a_failure(store):
    with pytest.raises(KeyError), lease(store, "first", timedelta(hours=1)):
        raise KeyError
    assert held(store)["released"] is True
    with lease(store, "second", timedelta(hours=1)):
        assert "run second" in held(store)["owner"]
