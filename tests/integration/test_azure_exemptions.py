"""Nights on which flaws are exempt in Defender: open and marked, fixed by nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.app import App
from audit.cli.progress import shown as planned_shown
from audit.config import Config
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.replay import Replay, rebuild_differences
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Exemption, Fault, Scan
from tests.unit.azure.test_defender_traps import shown
from tests.unit.loopback.azure_estates import NIGHT, ONE, SCANNED, statement

DAY = timedelta(days=1)
BEFORE, EXEMPT, STANDING, UNREAD, ENDED = (f"202611{day}T020000Z" for day in range(22, 27))
WAIVED, HIDDEN, OPEN, STRIPPED = (f"CVE-2026-200{number}" for number in (1, 2, 3, 4))
STATEMENTS = (
    statement(1001, "zlib"),
    statement(1002, "openssl"),
    statement(1003, "openssl"),
    statement(1004, "curl"),
)
EXEMPTIONS = (
    Exemption(
        "accepted",
        "zlib",
        ONE,
        reason="Not reachable.",
        author="someone",
        created_at=NIGHT,
        expires_at=NIGHT + 3.5 * DAY,
    ),
    Exemption("stripping", "curl", ONE, strips=True, expires_at=NIGHT + 3.5 * DAY),
    Exemption("hiding", "openssl", hides=(HIDDEN,), expires_at=NIGHT + 3.5 * DAY),
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    """Five nights: none exempt, two exempt, the same, exemptions not readable, ended."""
    root: Path = tmp_path_factory.mktemp("azure") / "warehouse"
    image = replace(
        SCANNED[0], tags=("1",), scan=Scan(("Unhealthy",), "assessed", NIGHT, STATEMENTS)
    )
    denied = Fault("exemptions_denied", "azure", ONE)
    faults: Sequence[tuple[Fault, ...]] = ((), (), (), (denied,), ())
    first = shown(images=(image,), dated=True)
    with AzureLoopback(first) as cloud:
        for day, broken in enumerate(faults):
            moment = NIGHT.replace(microsecond=0) + day * DAY
            told = EXEMPTIONS if day else ()
            cloud.show(replace(first, moment=moment, exemptions=told, faults=broken))
            config = Config(version=1, warehouse=str(root), providers={"azure": cloud.settings()})
            with planned_shown(bars=False) as planned:
                App(config, moment).run(planned)
    return root


def ask(root: Path, run_id: str, sql: str) -> list[tuple[Any, ...]]:
    with Warehouse.at(str(root)).open_run(run_id) as run:
        return [tuple(row.values()) for row in run.rows(sql)]


def changes(root: Path, run_id: str) -> set[tuple[Any, ...]]:
    found = "SELECT vulnerability_id, event, reason FROM exposure_changes"
    return set(ask(root, run_id, found))


def marked(root: Path, run_id: str) -> dict[str, tuple[Any, ...]]:
    found = ask(
        root,
        run_id,
        "SELECT vulnerability_id, state, split_part(waiver_id, '/', -1), waived_until "
        "FROM exposures_now WHERE vulnerability_id LIKE 'CVE-2026-200_'",
    )
    return {name: tuple(told) for name, *told in found}


UNTIL = (NIGHT + 3.5 * DAY).replace(microsecond=123456)


def test_an_exempt_finding_stays_open_and_is_marked_with_reason_end_and_origin(warehouse):
    assert {name: told[0] for name, told in marked(warehouse, BEFORE).items()} == {
        WAIVED: "open",
        HIDDEN: "open",
        OPEN: "open",
        STRIPPED: "open",
    }
    assert (WAIVED, "changed", "waived") in changes(warehouse, EXEMPT)
    now = marked(warehouse, EXEMPT)
    assert now[WAIVED] == ("open", "accepted", UNTIL)
    assert now[OPEN] == ("open", None, None)
    sql = "SELECT origin, type, reason, owner, applied_count FROM waivers ORDER BY waiver_id"
    *_, (origin, kind, reason, owner, applied), _ = ask(warehouse, EXEMPT, sql)
    assert (origin, kind, reason, owner) == (
        *("defender", "risk_accepted", "Not reachable.", "someone"),
    )
    assert applied == 1


def test_exempt_rows_that_name_no_cve_keep_those_they_named_and_the_image_is_assessed(warehouse):
    assert (STRIPPED, "changed", "waived") in changes(warehouse, EXEMPT)
    assert marked(warehouse, EXEMPT)[STRIPPED] == ("open", "stripping", UNTIL)
    sql = (
        f"SELECT native_state, observed_run_id FROM findings WHERE vulnerability_id = '{STRIPPED}'"
    )
    assert ask(warehouse, EXEMPT, sql) == [("NotApplicable (Exempt)", EXEMPT)]
    sql = "SELECT state FROM assessments WHERE digest IN (SELECT digest FROM findings)"
    assert ask(warehouse, EXEMPT, sql) == [("assessed",)]


def test_a_cve_that_an_exemption_hides_is_not_fixed(warehouse):
    """Its row is there and names another CVE: without the exemption that would be a fix."""
    assert (HIDDEN, "unconfirmed", "waived_at_source") in changes(warehouse, EXEMPT)
    assert marked(warehouse, EXEMPT)[HIDDEN] == ("unconfirmed", "hiding", UNTIL)
    assert marked(warehouse, STANDING)[HIDDEN][0] == "unconfirmed"


def test_a_night_on_which_nothing_moved_keeps_the_mark(warehouse):
    sql = "SELECT DISTINCT basis FROM assessments WHERE state = 'assessed'"
    assert ask(warehouse, STANDING, sql) == [("remembered",)]
    assert changes(warehouse, STANDING) == set()
    assert marked(warehouse, STANDING) == marked(warehouse, EXEMPT)


def test_exemptions_that_could_not_be_read_have_not_ended(warehouse):
    sql = "SELECT outcome, missing_permission FROM scopes WHERE scope_id LIKE '%1/defender'"
    ((outcome, permission),) = ask(warehouse, UNREAD, sql)
    assert (outcome, "standardAssignments" in permission) == ("partial", True)
    assert changes(warehouse, UNREAD) == set()
    assert marked(warehouse, UNREAD) == marked(warehouse, EXEMPT)


def test_when_the_exemption_ends_the_mark_ends(warehouse):
    assert changes(warehouse, ENDED) == {
        (WAIVED, "changed", "waiver_ended"),
        (STRIPPED, "changed", "waiver_ended"),
        (HIDDEN, "confirmed", "stated_again"),
    }
    assert set(marked(warehouse, ENDED).values()) == {("open", None, None)}
    assert {row[0] for row in ask(warehouse, ENDED, "SELECT applied_count FROM waivers")} == {0}


def test_nothing_was_fixed_on_any_night_and_the_history_comes_out_again(warehouse, tmp_path):
    closed = "SELECT count(*) FROM exposures_now WHERE state = 'closed'"
    assert ask(warehouse, ENDED, closed) == [(0,)]
    source, target = Layout(warehouse), Layout(tmp_path / "again")
    run_ids = list(Replay(source, target).run())
    assert rebuild_differences(source, target, run_ids) == {}
