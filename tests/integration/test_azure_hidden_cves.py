"""Nights on which Defender leaves out CVEs that an exemption covers without naming them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audit.app import App
from audit.cli.progress import shown as planned_shown
from audit.config import Config
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Exemption, Fault, Scan
from tests.integration.test_azure_exemptions import DAY, ask, changes, marked
from tests.unit.azure.test_defender_traps import shown
from tests.unit.loopback.azure_estates import NIGHT, ONE, SCANNED, statement

BEFORE, BY_SEVERITY, UNREAD, AGAIN, ENDED = (f"202611{day}T020000Z" for day in range(22, 27))
MILD, LATER, STAYS = (f"CVE-2026-200{number}" for number in (1, 2, 3))
STATEMENTS = tuple(statement(number, "openssl") for number in (1001, 1002, 1003))
MEDIUM = Exemption("medium", "openssl", ONE, hides=(MILD,), severity="Critical")
SECOND = Exemption("while unread", "openssl", ONE, hides=(LATER,), severity="Critical")
UNREADABLE = (Fault("exemptions_denied", "azure", ONE),)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    root: Path = tmp_path_factory.mktemp("azure") / "warehouse"
    scan = Scan(("Unhealthy",), "assessed", NIGHT, STATEMENTS)
    first = shown(images=(replace(SCANNED[0], tags=("1",), scan=scan),), dated=True)
    both = (MEDIUM, SECOND)
    nights = (((), ()), ((MEDIUM,), ()), (both, UNREADABLE), (both, UNREADABLE), ((), ()))
    with AzureLoopback(first) as cloud:
        for day, (exempt, faults) in enumerate(nights):
            moment = NIGHT.replace(microsecond=0) + day * DAY
            cloud.show(replace(first, moment=moment, exemptions=exempt, faults=faults))
            config = Config(version=1, warehouse=str(root), providers={"azure": cloud.settings()})
            with planned_shown(bars=False) as planned:
                App(config, moment).run(planned)
    return root


def test_what_an_exemption_by_severity_leaves_out_is_neither_fixed_nor_marked(warehouse):
    assert marked(warehouse, BEFORE).keys() >= {MILD, LATER, STAYS}
    assert changes(warehouse, BY_SEVERITY) == {(MILD, "unconfirmed", "waived_at_source")}
    assert marked(warehouse, BY_SEVERITY)[MILD] == ("unconfirmed", None, None)


def test_while_exemptions_cannot_be_read_nothing_that_they_may_cover_is_fixed(warehouse):
    assert changes(warehouse, UNREAD) == {(LATER, "unconfirmed", "waived_at_source")}
    assert changes(warehouse, AGAIN) == set()
    sql = f"SELECT may_hide, reason FROM waivers WHERE waiver_id = 'azure/{ONE}/defender/unread'"
    ((may_hide, reason),) = ask(warehouse, AGAIN, sql)
    assert (may_hide, "not known" in reason) == (True, True)


def test_when_they_have_ended_what_was_left_out_is_stated_again_and_nothing_was_closed(warehouse):
    assert changes(warehouse, ENDED) == {
        (MILD, "confirmed", "stated_again"),
        (LATER, "confirmed", "stated_again"),
    }
    assert ask(warehouse, ENDED, "SELECT count(*) FROM waivers") == [(0,)]
    closed = "SELECT count(*) FROM exposures_now WHERE state = 'closed'"
    assert ask(warehouse, ENDED, closed) == [(0,)]
