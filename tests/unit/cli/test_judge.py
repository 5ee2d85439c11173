"""judge and rebuild: the past again, never confused with the record."""

from pathlib import Path

import pytest

from audit.cli.exits import Exit
from tests.unit.cli.support import GOOD, estate, logged


@pytest.fixture
def nights(desk):
    desk.night(estate(GOOD))
    return desk


def policy(desk, text: str):
    path = desk.path.with_name("strict.yaml")
    path.write_text(text, "utf-8")
    return path


def test_a_run_is_judged_again_in_a_folder_of_its_own(nights):
    nights.write({}, reports=["posture-html"])
    before = {p: p.read_bytes() for p in nights.warehouse.rglob("*") if p.is_file()}
    done = nights.do("judge", "--policy", policy(nights, "evidence_window_days: 1\n"))
    assert done.code == Exit.OK, done.err
    folder, *reports = done.out.splitlines()[1:]
    assert "judged" in folder
    (page,) = reports
    text = Path(page).read_text("utf-8")
    assert "This is not the run&#39;s own record." in text
    assert "evidence_window_days = 1" in text
    assert {p: p.read_bytes() for p in nights.warehouse.rglob("*") if p.is_file()} == before
    again = nights.do("judge", "--policy", policy(nights, "evidence_window_days: 1\n"))
    assert again.out == done.out


def test_an_unknown_key_of_a_policy_is_refused(nights):
    nights.write({})
    done = nights.do("judge", "--policy", policy(nights, "evidence_windw_days: 1\n"))
    assert done.code == Exit.USAGE
    assert "did you mean 'evidence_window_days'" in logged(done)[-1]["event"]


def test_judging_a_run_that_is_none_is_refused(nights):
    nights.write({})
    assert nights.do("judge", "--run", "20200101T000000Z").code == Exit.USAGE


def test_the_history_is_made_again_and_equal(nights):
    nights.write({})
    done = nights.do("rebuild")
    assert done.code == Exit.OK, done.err
    assert done.out.splitlines()[-1] == "the history is equal"


def test_a_damaged_history_is_named_not_a_traceback(nights):
    nights.write({})
    (file,) = nights.warehouse.glob("exposures/run_id=*/*.parquet")
    file.write_bytes(file.read_bytes()[:500])
    done = nights.do("rebuild")
    assert done.code == Exit.UNEXPECTED
    assert "ask registry-audit verify" in logged(done)[-1]["event"]
    assert "Traceback" not in done.err
