"""Every exit code, produced for real."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import permutations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.cli.exits import Exit, gravest
from audit.tables import TABLES
from tests.support.command_line import registry_audit
from tests.unit.cli.support import DENIED, FOUND, GOOD, PENDING, estate, logged

HOLD = """
import sys, time
from pathlib import Path
from audit.store.layout import Layout
from audit.store.lock import writer_lock
with writer_lock(Layout(Path(sys.argv[1])), "20261121T000000Z"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held(desk):
    """Another process holds the warehouse."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(desk.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder


def test_0_when_everything_was_looked_at(settled):
    assert settled.do("status").code == Exit.OK
    assert settled.do("gate").code == Exit.OK


def test_1_when_the_warehouse_contradicts_itself(desk):
    desk.night(estate(GOOD))
    (part,) = desk.warehouse.glob("runs/run_id=*/part-0.parquet")
    pq.write_table(TABLES["runs"].schema.empty_table(), part)
    done = desk.do("report")
    assert done.code == Exit.UNEXPECTED
    assert "has no row in the table runs" in logged(done)[-1]["event"]


def test_1_when_something_breaks_that_nobody_thought_of(desk):
    """As a process, because nothing catches it."""
    desk.night(estate(GOOD))
    (part,) = desk.warehouse.glob("scopes/run_id=*/part-0.parquet")
    rows = pq.read_table(part, partitioning=None)
    place = rows.schema.get_field_index("outcome")
    pq.write_table(rows.set_column(place, "outcome", pa.array([[1]] * rows.num_rows)), part)
    done = subprocess.run(
        [sys.executable, "-m", "audit", "gate", "--config", str(desk.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.UNEXPECTED
    assert '"level":"critical"' in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["run", "--no-such-option"],
        ["run", "--config"],
        ["gate", "--min-assessed", "101"],
        ["gate", "--fail-on", "AWFUL"],
        ["import"],
        ["schema", "unasked"],
    ],
)
def test_2_when_the_command_line_is_wrong(words):
    done = registry_audit(*words)
    assert done.code == Exit.USAGE
    assert done.err


def test_2_when_the_configuration_is_wrong(desk):
    desk.write({}, warehose="x")
    done = desk.do("run")
    assert done.code == Exit.USAGE
    (line,) = logged(done)
    assert line["exit_code"] == Exit.USAGE
    assert line["event"].startswith(f"{desk.path}: warehose: unknown key, did you mean 'warehouse'")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gate"], "no published run yet"),
        (["report"], "no published run yet"),
        (["rebuild"], "no published run yet"),
        (["verify"], "no published run yet"),
        (["verify", "--quick"], "no published run yet"),
        (["gate", "--run", "20200101T000000Z"], "no published run 20200101T000000Z"),
    ],
)
def test_2_when_there_is_nothing_to_ask(desk, words, told):
    desk.write({})
    done = desk.do(*words)
    assert done.code == Exit.USAGE
    assert told in logged(done)[-1]["event"]


def test_3_when_policy_is_breached(settled):
    gate = settled.do("gate", "--fail-on", "high")
    assert gate.code == Exit.POLICY
    assert "1 open exposures of severity HIGH or above" in gate.out


def test_4_when_an_image_was_not_looked_at(desk):
    done = desk.night(estate(GOOD, PENDING))
    assert done.code == Exit.INCOMPLETE
    assert logged(done)[-1]["images_not_assessed"] == 1
    assert desk.do("gate").code == Exit.INCOMPLETE


def test_4_when_a_scope_was_not_looked_at(desk):
    done = desk.night(estate(GOOD, faults=[DENIED]))
    assert done.code == Exit.INCOMPLETE
    assert desk.do("gate").code == Exit.INCOMPLETE


def test_4_when_a_scope_was_not_looked_at_whatever_the_share(desk):
    """A share is of the images that are known, and a denied scope's are not."""
    seen = estate(GOOD, faults=[replace(DENIED, region="europe-west1")])
    (place,) = seen.places
    desk.night(replace(seen, places=(place, replace(place, region="europe-west1", registries=()))))
    gate = desk.do("gate", "--min-assessed", "50")
    assert gate.out.endswith("1 of 1 images assessed, 1 scopes not complete\n")
    assert gate.code == Exit.INCOMPLETE
    assert desk.do("gate", "--min-assessed", "0").code == Exit.OK


def test_4_when_there_was_nothing_to_look_at(desk):
    """No provider is configured: that nothing was found means nothing."""
    desk.write({})
    assert desk.do("run").code == Exit.INCOMPLETE
    assert desk.do("gate").code == Exit.INCOMPLETE


def test_4_outweighs_3(desk):
    desk.night(estate(FOUND, PENDING))
    assert desk.do("gate", "--fail-on", "HIGH").code == Exit.INCOMPLETE
    assert desk.do("gate", "--fail-on", "HIGH", "--min-assessed", "0").code == Exit.POLICY
    assert desk.do("gate", "--fail-on", "HIGH", "--min-assessed", "50").code == Exit.POLICY


@pytest.mark.parametrize("words", [["run"], ["import", "report.json"]])
def test_5_when_another_process_holds_the_warehouse(desk, held, words):
    desk.write({})
    done = desk.do(*words)
    assert done.code == Exit.LOCKED
    (line,) = logged(done)
    assert f"run 20261121T000000Z, process {held.pid} on " in line["event"]
    assert line["exit_code"] == Exit.LOCKED


def test_a_warehouse_that_is_being_written_can_be_read(desk, held):
    desk.write({})
    assert held.poll() is None
    assert desk.do("status").code == Exit.OK


def test_the_lock_of_a_process_that_died_is_free(desk, held):
    held.kill()
    held.wait()
    assert desk.night(estate(GOOD)).code == Exit.OK


def test_the_gravest_code_wins_in_any_order():
    order = (Exit.UNEXPECTED, Exit.USAGE, Exit.LOCKED, Exit.INCOMPLETE, Exit.POLICY, Exit.OK)
    assert gravest([]) is Exit.OK
    for one, two in permutations(order, 2):
        assert gravest([one, two]) is min(one, two, key=order.index)
