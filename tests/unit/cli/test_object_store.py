"""The commands over a warehouse on an object store."""

from __future__ import annotations

import pytest

from audit.cli.exits import Exit
from audit.store.lock import writer_lock
from tests.support.stores.places import EMULATOR_KEY, place
from tests.unit.cli.support import GOOD, estate, logged


@pytest.fixture(params=["s3", "azure", "gcs"])
def store(request, tmp_path, monkeypatch):
    with place(request.param, tmp_path, monkeypatch) as served:
        yield served


def test_two_nights_a_status_and_a_report(desk, store):
    where = {"warehouse": store.address, "store": store.block}
    for nights in (0, 1):
        done = desk.night(estate(GOOD, nights=nights), **where)
        assert done.code == Exit.OK, done.err
        assert logged(done)[-1]["warehouse"] == store.address
        for secret in (EMULATOR_KEY, "not-a-secret"):
            assert secret not in done.err
    status = desk.do("status")
    assert status.out.startswith(f"{store.address}: 2 published runs\n")
    assert desk.do("report").code == Exit.OK
    assert desk.do("gate").code == Exit.OK


def test_5_when_another_machine_holds_it(desk, store):
    desk.write({}, warehouse=store.address, store=store.block)
    layout = store.layout("elsewhere")
    layout.files._clock.pass_by(days=365)  # held until then
    with writer_lock(layout, "other"):
        done = desk.do("run")
        assert done.code == Exit.LOCKED
        assert f"{store.address} is being written by run other, process" in done.err
        assert desk.do("status").code == Exit.OK, "reading takes no lock"


def test_a_store_that_cannot_be_reached_stops_the_run(desk, store):
    store.server.fault = lambda _: 403
    desk.write({}, warehouse=store.address, store=store.block)
    done = desk.do("run")
    assert done.code == Exit.UNEXPECTED
    assert f"{store.address}: cannot write _lock" in logged(done)[-1]["event"]
