"""Nights of one Azure warehouse on which Defender is asked for what changed only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.app import App
from audit.cli.progress import shown as planned_shown
from audit.config import Config
from audit.store.layout import Layout
from audit.store.reader import StoredRun, Warehouse
from audit.store.replay import Replay, rebuild_differences
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate, Scan
from tests.unit.azure.test_defender_traps import shown
from tests.unit.loopback.azure_estates import (
    ARM,
    HEALTHY,
    MULTI,
    NIGHT,
    SCANNED,
    SILENT,
    statement,
    statements_of,
)

ONE_DAY = timedelta(days=1)
DAYS = (0, 1, 2, 3, 8, 9, 10)
NIGHTS = tuple(
    f"202611{22 + day}T020000Z" if day < 9 else f"202612{day - 8:02}T020000Z" for day in DAYS
)
FIRST, UNCHANGED, CHANGED, AGAIN, WEEK_LATER, VANISHED, BACK = NIGHTS
MOVED, FLICKERING = SCANNED[5], SCANNED[3]


def changed(*, flickering: bool = False) -> Estate:
    """One image lost a CVE and got another; everything else is as it was.

    ``flickering``: another image's rows of one package are left out, for no reason.
    """
    kept = (*statements_of(MOVED)[1:], statement(99, "curl", "Critical"))
    scans = {MOVED: Scan(("Unhealthy",), "assessed", NIGHT + 2 * ONE_DAY, kept)}
    if flickering:
        scans[FLICKERING] = Scan(("Unhealthy",), "assessed", NIGHT, statements_of(FLICKERING)[:2])
    images = tuple(replace(one, scan=scans.get(one, one.scan)) for one in SCANNED)
    return shown(images=images, dated=True)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    """Cold, unchanged, changed, as it was then, a full read a week later; rows go and return."""
    root: Path = tmp_path_factory.mktemp("azure") / "warehouse"
    calm = shown(dated=True)
    with pytest.MonkeyPatch.context() as patch, AzureLoopback(calm) as cloud:
        patch.setattr("providers.azure.summary.PAGE", 7)  # the loopback's pages
        estates = (calm, calm, changed(), changed(), changed(), changed(flickering=True), changed())
        for days, estate in zip(DAYS, estates, strict=True):
            cloud.show(estate)
            config = Config(version=1, warehouse=str(root), providers={"azure": cloud.settings()})
            moment = NIGHT.replace(microsecond=0) + days * ONE_DAY
            with planned_shown(bars=False) as planned:
                App(config, moment).run(planned)
    return root


def opened(root: Path, run_id: str) -> Iterator[StoredRun]:
    with Warehouse.at(str(root)).open_run(run_id) as run:
        yield run


def ask(root: Path, run_id: str, sql: str) -> list[tuple[Any, ...]]:
    (rows,) = [run.rows(sql) for run in opened(root, run_id)]
    return [tuple(row.values()) for row in rows]


def bases(root: Path, run_id: str) -> dict[str, int]:
    sql = "SELECT basis, count(*) FROM assessments WHERE state = 'assessed' GROUP BY basis"
    return {str(basis): count for basis, count in ask(root, run_id, sql)}


def findings(root: Path, run_id: str) -> set[tuple[Any, ...]]:
    columns = "digest, vulnerability_id, package_name, severity, fixed_version"
    return set(ask(root, run_id, f"SELECT {columns} FROM findings"))


def events(root: Path, run_id: str) -> set[tuple[Any, ...]]:
    sql = f"SELECT vulnerability_id, event, reason FROM exposures WHERE run_id = '{run_id}'"
    return set(ask(root, run_id, sql))


def test_a_night_on_which_nothing_moved_confirms_everything(warehouse):
    assert bases(warehouse, FIRST) == {"read": 13}
    assert bases(warehouse, UNCHANGED) == {"remembered": 13}
    assert findings(warehouse, UNCHANGED) == findings(warehouse, FIRST)
    assert events(warehouse, UNCHANGED) == set()
    sql = "SELECT DISTINCT observed_run_id FROM findings"
    assert ask(warehouse, UNCHANGED, sql) == [(UNCHANGED,)]
    sql = "SELECT DISTINCT read_run_id FROM assessments WHERE state = 'assessed'"
    assert ask(warehouse, UNCHANGED, sql) == [(FIRST,)]


def test_a_night_on_which_one_image_moved_changes_that_image_alone(warehouse):
    assert bases(warehouse, CHANGED) == {"read": 1, "remembered": 12}
    before, after = findings(warehouse, UNCHANGED), findings(warehouse, CHANGED)
    gone, *_ = statements_of(MOVED)
    assert {row[:2] for row in before - after} == {(MOVED.digest, gone.vulnerability_id)}
    assert {row[:2] for row in after - before} == {(MOVED.digest, "CVE-2026-1099")}
    assert events(warehouse, CHANGED) == {
        ("CVE-2026-1099", "opened", "newly_reported"),
        (gone.vulnerability_id, "unconfirmed", "absent_once"),
    }


def test_what_is_missing_is_fixed_when_the_next_night_shows_the_same(warehouse):
    gone, *_ = statements_of(MOVED)
    assert bases(warehouse, AGAIN) == {"remembered": 13}
    assert events(warehouse, AGAIN) == {(gone.vulnerability_id, "closed", "fixed")}


def test_a_week_later_everything_is_read_and_found_the_same(warehouse):
    assert bases(warehouse, WEEK_LATER) == {"read": 13}
    assert findings(warehouse, WEEK_LATER) == findings(warehouse, CHANGED)
    assert events(warehouse, WEEK_LATER) == set()


def test_rows_that_vanish_for_a_night_and_return_are_no_fix(warehouse):
    *_, flaw = statements_of(FLICKERING)
    assert bases(warehouse, VANISHED) == {"read": 1, "remembered": 12}
    assert events(warehouse, VANISHED) == {(flaw.vulnerability_id, "unconfirmed", "absent_once")}
    assert events(warehouse, BACK) == {(flaw.vulnerability_id, "confirmed", "stated_again")}


def test_untagged_children_of_a_tagged_index_are_in_use_like_it_and_counted_with_it(warehouse):
    sql = "SELECT digest, len(tags), current FROM placements WHERE repository = 'corners'"
    told = {name: (tags, current) for name, tags, current in ask(warehouse, FIRST, sql)}
    assert told[MULTI.digest] == (1, True)
    assert {told[child] for child in (SILENT.digest, ARM.digest)} == {(0, True)}
    assert told[HEALTHY.digest] == (0, False)  # untagged, and no index names it


def test_the_history_comes_out_of_the_snapshots_again(warehouse, tmp_path):
    source, target = Layout(warehouse), Layout(tmp_path / "again")
    run_ids = list(Replay(source, target).run())
    assert run_ids == [*NIGHTS]
    assert rebuild_differences(source, target, run_ids) == {}
