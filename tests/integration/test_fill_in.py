"""A dated report imported into the past: order is kept, and no earlier answer changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.cli.exits import Exit
from audit.store.reader import Warehouse
from tests.support.command_line import Done
from tests.unit.cli.support import FOUND, Desk, estate, logged
from tests.unit.cli.test_import import trivy

FIRST, SECOND, THIRD, FOURTH = (f"2026-11-{day}T02:00:00Z" for day in (21, 22, 23, 24))
OLD, NEW = "CVE-2026-0001", "CVE-2026-0002"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write({})
    return desk


def load(desk: Desk, moment: str, *found: str, name: str = "a", digest: str = "d") -> Done:
    file = trivy(desk.folder / f"{name}.json", *found, at=moment, digest="sha256:" + digest * 64)
    return desk.do("import", file, "--run-at", moment)


def asked(desk: Desk, query: str, run_id: str | None = None) -> list[dict[str, Any]]:
    with Warehouse.at(str(desk.warehouse)).open_run(run_id) as run:
        return run.rows(query)


def everything(desk: Desk) -> dict[str, bytes]:
    return {
        str(path.relative_to(desk.warehouse)): path.read_bytes()
        for path in desk.warehouse.rglob("*.parquet")
    }


OPEN = "SELECT vulnerability_id, opened_at::DATE::VARCHAR AS opened FROM exposures_now "
OPEN += "WHERE state <> 'closed' ORDER BY ALL"


def test_the_order_of_moments_is_kept_and_nothing_published_changes(desk):
    assert load(desk, FIRST, OLD).code == Exit.OK
    assert load(desk, THIRD, OLD).code == Exit.OK
    before = everything(desk)
    assert load(desk, SECOND, NEW, digest="e").code == Exit.OK
    after = everything(desk)
    assert {path: after[path] for path in before} == before
    ledger = Warehouse.at(str(desk.warehouse)).ledger()
    assert ledger.run_ids == ["20261121T020000Z", "20261122T020000Z", "20261123T020000Z"]
    assert [ledger.sequences[run] for run in ledger.run_ids] == [1, 3, 2]
    assert not ledger.in_order
    # What the later run knew then it still knows, and no more.
    assert asked(desk, OPEN, "20261123T020000Z") == [
        {"vulnerability_id": OLD, "opened": "2026-11-21"}
    ]
    assert asked(desk, OPEN, "20261122T020000Z") == [
        {"vulnerability_id": OLD, "opened": "2026-11-21"},
        {"vulnerability_id": NEW, "opened": "2026-11-22"},
    ]


def test_the_next_run_knows_what_was_filled_in_with_its_own_date(desk):
    load(desk, FIRST, OLD)
    load(desk, THIRD, OLD, NEW)
    load(desk, SECOND, NEW, digest="e")
    assert load(desk, FOURTH, OLD, NEW).code == Exit.OK
    assert asked(desk, OPEN) == [
        {"vulnerability_id": OLD, "opened": "2026-11-21"},
        {"vulnerability_id": NEW, "opened": "2026-11-22"},
    ]
    digests = asked(desk, "SELECT DISTINCT digest FROM placements ORDER BY ALL")
    assert [row["digest"][7] for row in digests] == ["d", "e"]
    moves = asked(
        desk,
        "SELECT event, count(*) AS n FROM exposures_history WHERE vulnerability_id = "
        f"'{NEW}' GROUP BY ALL ORDER BY ALL",
    )
    assert moves == [{"event": "confirmed", "n": 1}, {"event": "opened", "n": 1}]


def test_an_older_look_that_is_filled_in_does_not_undo_a_later_one(desk):
    load(desk, FIRST, OLD)
    load(desk, THIRD, OLD, NEW)
    assert load(desk, SECOND).code == Exit.OK
    assert load(desk, FOURTH, "CVE-2026-0003", digest="f").code == Exit.OK
    found = asked(desk, "SELECT vulnerability_id FROM findings ORDER BY ALL")
    assert [row["vulnerability_id"] for row in found] == [OLD, NEW, "CVE-2026-0003"]


def test_a_newer_look_that_is_filled_in_replaces_what_was_carried(desk):
    load(desk, FIRST, OLD)
    load(desk, THIRD, "CVE-2026-0003", digest="f")
    load(desk, SECOND, NEW)
    load(desk, FOURTH, "CVE-2026-0003", digest="f")
    found = asked(desk, "SELECT vulnerability_id FROM findings ORDER BY ALL")
    assert [row["vulnerability_id"] for row in found] == [NEW, "CVE-2026-0003"]
    assert asked(desk, OPEN) == [
        {"vulnerability_id": NEW, "opened": "2026-11-22"},
        {"vulnerability_id": "CVE-2026-0003", "opened": "2026-11-23"},
    ]


def test_an_image_that_a_later_look_found_clean_does_not_carry_what_was_filled_in(desk):
    load(desk, THIRD)
    load(desk, FIRST, OLD, NEW)
    load(desk, SECOND, OLD)
    assert load(desk, FOURTH, "CVE-2026-0003", digest="f").code == Exit.OK
    told = asked(
        desk,
        "SELECT vulnerability_id FROM exposure_images_history QUALIFY state = 'open' "
        "AND row_number() OVER (PARTITION BY digest, vulnerability_id ORDER BY run_id DESC) = 1",
    )
    assert told == [{"vulnerability_id": "CVE-2026-0003"}]
    assert asked(desk, "SELECT DISTINCT vulnerability_id FROM findings") == told
    assert desk.do("verify").code == desk.do("rebuild").code == Exit.OK


def test_the_flat_tables_stay_those_of_the_newest_run(desk):
    load(desk, FIRST, OLD)
    load(desk, THIRD, OLD)
    before = {path: path.read_bytes() for path in desk.warehouse.glob("current/*.parquet")}
    load(desk, SECOND, NEW)
    assert {path: path.read_bytes() for path in before} == before


def test_a_moment_that_is_taken_is_refused(desk):
    load(desk, FIRST, OLD)
    load(desk, THIRD, OLD)
    done = load(desk, FIRST, NEW)
    assert done.code == Exit.USAGE
    assert "run 20261121T020000Z is published already" in logged(done)[-1]["event"]


def test_a_run_is_never_filled_in(desk):
    load(desk, THIRD, OLD)
    assert desk.do("run", "--run-at", FIRST).code == Exit.USAGE


def test_a_reports_bytes_stay_whatever_comes_later(tmp_path):
    desk = Desk(tmp_path)
    assert desk.night(estate(FOUND)).code == Exit.OK
    desk.write({}, reports=[], languages=["en", "ja"])

    def reports() -> dict[str, bytes]:
        assert desk.do("report", "--run", "20261122T020000Z").code == Exit.OK
        files = (desk.folder / "reports").glob("*-20261122T020000Z.*")
        return {path.name: path.read_bytes() for path in files}

    first = reports()
    assert len(first) >= 4
    assert load(desk, THIRD, OLD).code in {Exit.OK, Exit.INCOMPLETE}
    assert load(desk, FIRST, NEW, digest="e").code in {Exit.OK, Exit.INCOMPLETE}
    assert reports() == first
