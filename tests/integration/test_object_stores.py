"""A warehouse on S3, Azure Blob and Cloud Storage: the same bytes, whatever the store does.

S3 is moto's. Azure Blob and Cloud Storage are servers of ours that keep the conditions of a write;
Microsoft's emulator is used too where it is installed (npm's azurite). gcp-storage-emulator lets
every conditional write through, so it can prove nothing here.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest

from audit.errors import LockHeldError, WarehouseError
from audit.store.lease import LIFETIME, LOCK
from audit.store.lock import writer_lock
from audit.store.publish import recover
from audit.store.reader import Warehouse
from audit.store.verify import check_published
from audit.tables import TABLES
from providers.loopback.story import first_night, next_night, places
from tests.support.staging import commit_estate, run_id
from tests.support.stores.gcs import CloudStorage
from tests.support.stores.places import KINDS, Place, place
from tests.support.stores.recorded import Asked, times
from tests.support.strategies import SMALL

ONE = first_night(3, SMALL, places()[:1])
TWO = next_night(ONE, 4, SMALL)
THREE = next_night(TWO, 5, SMALL)
ASKED_ANEW = ("/_pruned.json", "/_compact/index.json")
"""What says which files stand in for others, or are gone: it may change, so no copy is believed."""
RUNS = [run_id(ONE), run_id(TWO)]


@pytest.fixture(params=KINDS)
def store(request, tmp_path, monkeypatch):
    with place(request.param, tmp_path, monkeypatch) as served:
        yield served


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The same two nights in a local folder."""
    root = tmp_path_factory.mktemp("local")
    for estate in (ONE, TWO):
        commit_estate(root, estate)
    return root


def publish(store: Place, estate, machine: str = "one") -> None:
    """Do what a run does: lock, recover, check, commit."""
    layout = store.layout(machine)
    with writer_lock(layout, run_id(estate)):
        recover(layout)
        check_published(layout, Warehouse(layout).run_ids())
        commit_estate(layout, estate)


def in_store(store: Place, folder: str) -> list[str]:
    return sorted(found.path for found in store.inside.objects(folder))


def same_as(local: Path, store: Place, runs: list[str]) -> None:
    """Every file of these runs has the bytes that a local warehouse has, and no other is there."""
    layout = store.layout("reader")
    assert Warehouse(layout).run_ids() == runs
    for table in TABLES:
        assert in_store(store, table) == [layout.part(table, run) for run in runs]
        for run in runs:
            path = layout.part(table, run)
            assert layout.files.local(path).read_bytes() == local.joinpath(path).read_bytes()
    for run in runs:
        path = layout.manifest(run)
        assert layout.files.read(path) == local.joinpath(path).read_bytes()
    for path in in_store(store, "current"):
        assert layout.files.local(path).read_bytes() == local.joinpath(path).read_bytes()
    assert in_store(store, "_staging") == []


def test_two_nights_are_the_bytes_of_a_local_warehouse(store, local):
    for machine, estate in (("one", ONE), ("two", TWO)):
        publish(store, estate, machine)
    same_as(local, store, RUNS)
    layout = store.layout("reader")
    manifest = orjson.loads(layout.files.read(layout.manifest(RUNS[1])))
    assert {file["path"] for file in manifest["files"]} == {
        layout.part(table, RUNS[1]) for table in TABLES if table != "runs"
    }
    with Warehouse(layout).open_run() as there, Warehouse.at(str(local)).open_run() as here:
        for question in ("FROM findings", "FROM exposures_now", "FROM previous_images"):
            rows = f"SELECT * {question} ORDER BY ALL"
            assert there.rows(rows) == here.rows(rows) != []


def test_pyarrow_reads_a_table_as_it_lies_there(store, local):
    for estate in (ONE, TWO):
        publish(store, estate)
    folder = f"{store.address.partition('://')[2]}/findings"
    table = pq.read_table(folder, filesystem=store.file_system())
    assert table.num_rows == pq.read_table(local / "findings").num_rows > 0
    assert set(table["run_id"].to_pylist()) == set(RUNS)


def test_a_published_file_is_fetched_once_and_runs_alone_is_listed(store):
    for estate in (ONE, TWO):
        publish(store, estate)
    store.server.asked.clear()
    with Warehouse(store.layout("reader")).open_run() as run:
        run.rows("SELECT * FROM findings")
    assert len(store.server.paths("list")) == 1
    assert "/runs" in store.server.paths("list")[0]
    read = [path for path in store.server.paths("read") if not path.endswith(ASKED_ANEW)]
    assert all(name.endswith("/part-0.parquet") for name in read)
    calls = 2 if store.kind == "s3" else 1  # pyarrow asks S3 for the size first
    assert len(read) == calls * len(set(read))
    store.server.asked.clear()
    with Warehouse(store.layout("reader")).open_run() as run:
        run.rows("SELECT * FROM findings")
    assert len(store.server.paths("list")) == 1
    assert all(path.endswith(ASKED_ANEW) for path in store.server.paths("read"))
    assert store.server.paths("write") == []


def test_publishing_lists_runs_and_what_is_pending_only(store):
    publish(store, ONE)
    store.server.asked.clear()
    publish(store, TWO)
    listed = {path.removeprefix("audits/prod/").strip("/") for path in store.server.paths("list")}
    assert listed == {"runs", "_staging"}
    assert len(store.server.paths("list")) <= 5


def test_a_copy_is_not_believed_of_a_store_that_was_filled_anew(store):
    publish(store, ONE)
    reader = store.layout("reader")
    with Warehouse(reader).open_run() as run:
        before = run.rows("SELECT count(*) AS n FROM findings")
    for folder in (*TABLES, "_manifests", "current"):
        for path in in_store(store, folder):
            store.inside.delete(path)
    other = first_night(8, SMALL, places()[1:2])
    assert run_id(other) == run_id(ONE)
    publish(store, other, "two")
    with Warehouse(store.layout("reader")).open_run() as run:
        assert run.rows("SELECT count(*) AS n FROM findings") != before


def test_throttling_is_waited_out(store, local, monkeypatch):
    waits = "azure.core.pipeline.transport.HttpTransport.sleep"
    monkeypatch.setattr(waits, lambda _, seconds: time.sleep(min(seconds, 0.05)))
    status = 429 if store.kind == "gcs" else 503  # S3 and Azure Blob say Slow Down and Server Busy
    publish(store, ONE)
    faults = [times(1, status, kind) for kind in ("write", "read", "list", "delete")]
    faults.append(times(2, 503, "write", f"findings/run_id={RUNS[1]}"))
    store.server.fault = lambda asked: next(filter(None, (fault(asked) for fault in faults)), None)
    publish(store, TWO)
    store.server.fault = lambda _: None
    same_as(local, store, RUNS)


def test_an_upload_that_fails_publishes_nothing_and_the_next_run_finishes_it(store, local):
    publish(store, ONE)
    store.server.fault = times(1000, 403, "write", "/findings/")
    with pytest.raises(WarehouseError, match=f"{store.address}.*findings"):
        publish(store, TWO)
    store.server.fault = lambda _: None
    layout = store.layout("reader")
    assert Warehouse(layout).run_ids() == RUNS[:1]
    with Warehouse(layout).open_run() as run:
        assert run.run_id == RUNS[0]
    layout = store.layout("one")
    with writer_lock(layout, "next"):
        assert recover(layout) == RUNS[1:]
    same_as(local, store, RUNS)


@pytest.mark.slow
def test_a_connection_lost_at_any_write_loses_no_night(tmp_path, monkeypatch, local):
    """The process dies at its n-th write; the next run is on the same machine or on another."""
    with place("gcs", tmp_path, monkeypatch) as store:
        publish(store, ONE)
        server = store.server.handler
        assert isinstance(server, CloudStorage)
        bucket = server.bucket
        before, deaths = dict(bucket.objects), 0
        for fatal in range(0, 1000, 5):
            bucket.objects = dict(before)
            store.server.fault = dead_from(fatal)
            try:
                publish(store, TWO, f"first {fatal}")
            except WarehouseError:
                deaths += 1
            else:
                break
            finally:
                store.server.fault = lambda _: None
            assert set(Warehouse(store.layout(f"reader {fatal}")).run_ids()) <= set(RUNS)
            store.clock.pass_by(minutes=4)
            go_on(store, f"{'first' if fatal % 2 else 'other'} {fatal}")
            same_as(local, store, RUNS)
        assert deaths > 5


def dead_from(fatal: int) -> Callable[[Asked], int | None]:
    """Refuse every write but the first ``fatal``."""
    written = itertools.count()
    return lambda what: 403 if what.kind == "write" and next(written) >= fatal else None


def go_on(store: Place, machine: str) -> None:
    """Do what the next run does, up to its own night where the broken one is not finished."""
    layout = store.layout(machine)
    with writer_lock(layout, run_id(TWO)):
        recover(layout)
        if run_id(TWO) not in Warehouse(layout).run_ids():
            commit_estate(layout, TWO)


def test_what_another_machine_left_half_put_is_taken_back(store, local, caplog):
    publish(store, ONE)
    store.server.fault = times(1000, 403, "write", "/runs/")
    with pytest.raises(WarehouseError):
        publish(store, TWO, "lost")
    store.server.fault = lambda _: None
    assert f"findings/run_id={RUNS[1]}/part-0.parquet" in in_store(store, "findings")
    publish(store, TWO, "two")
    assert f"took back run {RUNS[1]}" in caplog.text
    same_as(local, store, RUNS)


def test_a_machine_that_comes_back_does_not_publish_what_was_overtaken(store, caplog):
    publish(store, ONE)
    store.server.fault = times(1000, 403, "write", "/findings/")
    with pytest.raises(WarehouseError):
        publish(store, TWO, "lost")
    store.server.fault = lambda _: None
    publish(store, THREE, "two")
    layout = store.layout("lost")
    with writer_lock(layout, "next"):
        assert recover(layout) == []
    assert f"dropped run {RUNS[1]}" in caplog.text
    assert Warehouse(store.layout("reader")).run_ids() == [RUNS[0], run_id(THREE)]


def test_a_committed_run_whose_machine_died_is_finished_by_another(store, local):
    publish(store, ONE)
    store.server.fault = times(1000, 403, "write", "audits/prod/current/")
    with pytest.raises(WarehouseError):
        publish(store, TWO, "lost")
    store.server.fault = lambda _: None
    assert Warehouse(store.layout("reader")).run_ids() == RUNS
    layout = store.layout("two")
    with writer_lock(layout, "next"):
        assert recover(layout) == RUNS[1:]
    same_as(local, store, RUNS)


def test_a_commit_whose_answer_is_lost_is_one_commit(store, local):
    publish(store, ONE)
    lost = times(1, 1, "write", "/runs/")
    store.server.lost = lambda what: lost(what) is not None
    publish(store, TWO)
    same_as(local, store, RUNS)


def test_of_two_writers_at_once_one_is_refused_and_the_other_whole(store, local):
    start, ended = threading.Barrier(2), []

    def write(machine: str) -> None:
        start.wait()
        try:
            publish(store, ONE, machine)
            ended.append("published")
        except LockHeldError as error:
            ended.append(str(error).partition(", process")[0])

    writers = [threading.Thread(target=write, args=(name,)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    refused = f"{store.address} is being written by run {RUNS[0]}"
    assert set(ended) == {"published", refused}
    publish(store, TWO, "three")
    same_as(local, store, RUNS)


def test_two_that_both_believe_they_hold_it_cannot_both_commit(store):
    """The condition on the row is a second fence: it holds without any lock."""
    commit_estate(store.layout("one"), ONE)
    other = first_night(8, SMALL, places()[1:2])
    with pytest.raises(LockHeldError, match="another process published"):
        commit_estate(store.layout("two"), other)
    assert Warehouse(store.layout("reader")).run_ids() == RUNS[:1]


def test_a_lock_is_taken_over_after_it_expired_and_not_before(store, caplog):
    with writer_lock(store.layout("one"), "first"):
        store.clock.pass_by(seconds=LIFETIME.total_seconds() - 1)
        with (
            pytest.raises(LockHeldError, match=r"run first, process .* until 2026-11-24T02:03:00"),
            writer_lock(store.layout("two"), "second"),
        ):
            pass
        store.clock.pass_by(seconds=1)
        with writer_lock(store.layout("two"), "second"):
            assert "took over the lock of run first" in caplog.text


def test_who_lost_the_lock_publishes_nothing(store, local):
    publish(store, ONE)
    slow, fast = store.layout("slow"), store.layout("fast")
    with writer_lock(slow, "slow"):
        store.clock.pass_by(minutes=10)
        with writer_lock(fast, "fast"):
            recover(fast)
            with pytest.raises(LockHeldError, match="was lost to run fast"):
                commit_estate(slow, THREE)
            assert Warehouse(store.layout("reader")).run_ids() == RUNS[:1]
            recover(fast)
            commit_estate(fast, TWO)
    same_as(local, store, RUNS)


def test_a_lock_given_back_is_free_at_once_and_a_torn_one_is_held(store):
    with writer_lock(store.layout("one"), "first"):
        pass
    with writer_lock(store.layout("two"), "second"):
        pass
    store.inside.delete(LOCK)
    assert store.inside.create(LOCK, b"{") is not None
    with (
        pytest.raises(LockHeldError, match="until it is deleted"),
        writer_lock(store.layout("two"), "third"),
    ):
        pass


def test_a_bucket_that_is_not_there_is_no_empty_warehouse(store):
    store.address = store.address.replace("://bucket", "://nobucket")
    store.address = store.address.replace("://container", "://nocontainer")
    with pytest.raises(WarehouseError, match=store.address):
        Warehouse(store.layout()).run_ids()


def test_a_lost_partition_is_no_empty_table(store):
    publish(store, ONE)
    store.inside.delete(f"findings/run_id={RUNS[0]}/part-0.parquet")
    with pytest.raises(WarehouseError, match="findings/run_id="):
        Warehouse(store.layout("reader")).open_run()
    with pytest.raises(WarehouseError, match="findings/run_id="):
        publish(store, TWO, "two")


def test_an_altered_file_is_not_built_on(store):
    publish(store, ONE)
    layout = store.layout("one")
    path = layout.part("scopes", RUNS[0])
    altered = store.folder / "altered.parquet"
    pq.write_table(pq.read_table(layout.files.local(path)).slice(0, 0), altered)
    store.inside.upload(path, altered)
    with pytest.raises(WarehouseError, match=r"scopes/run_id=.* is missing or altered"):
        publish(store, TWO, "two")
