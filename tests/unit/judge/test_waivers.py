"""A waiver marks what is open and closes nothing; when it ends the mark ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from audit.model.enums import Outcome
from audit.store.reader import StoredRun
from providers.loopback.story import FIRST_NIGHT
from tests.unit.judge.nights import Told, changes, night

CVE = "CVE-2026-1000"
WAIVED = Told(CVE, more={"waiver_id": "w-1"})
UNTIL = FIRST_NIGHT + timedelta(days=1, hours=12)
ONE, ENDING = {"waiver_id": "w-1"}, {"waiver_id": "w-1", "expires_at": UNTIL}


def marks(run: StoredRun) -> list[tuple[Any, ...]]:
    sql = "SELECT state, waiver_id, waived_until FROM exposures_now ORDER BY ALL"
    return [tuple(row.values()) for row in run.rows(sql)]


def applied(run: StoredRun) -> dict[str, int]:
    rows = run.rows("SELECT waiver_id, applied_count FROM waivers")
    return {row["waiver_id"]: row["applied_count"] for row in rows}


def test_every_image_and_version_that_carries_it_must_be_waived(tmp_path):
    """One night, each vulnerability another case; every one of them is waived in image a."""

    def stated(name: str, image: str = "a", version: str = "1", **more: str) -> Told:
        waived = {"waiver_id": more["waiver"]} if "waiver" in more else {}
        cells = {"package_version": version, **waived}
        return Told(name, image, source=more.get("source", "inspector"), more=cells)

    beside = {
        "waived alone": [],
        "waived in both images": [{"image": "b", "waiver": "w-1"}],
        "not in the other image": [{"image": "b"}],
        "not in the other version": [{"version": "2"}],
        "stated by another source too": [{"source": "trivy"}],
        "by a waiver that nobody tells": [{"image": "b", "waiver": "gone"}],
    }
    told = [
        stated(name, **one) for name, more in beside.items() for one in [{"waiver": "w-1"}, *more]
    ]
    sources = ("inspector", "trivy")
    with night(tmp_path, 0, told, images="ab", sources=sources, waivers=[ENDING]) as run:
        sql = "SELECT vulnerability_id, waived_until FROM exposures_now WHERE waiver_id = 'w-1'"
        marked = {row["vulnerability_id"]: row["waived_until"] for row in run.rows(sql)}
        names = {"waived alone", "waived in both images", "stated by another source too"}
        assert marked == dict.fromkeys(names, UNTIL)
        assert {event for _, event, _ in changes(run)} == {"opened"}
        assert applied(run) == {"w-1": 3}


def test_an_end_that_has_come_ends_the_mark_whatever_the_source_still_says(tmp_path):
    night(tmp_path, 0, [WAIVED], waivers=[ENDING]).close()
    with night(tmp_path, 1, [WAIVED], waivers=[ENDING]) as run:
        assert changes(run) == []
    with night(tmp_path, 2, [WAIVED], waivers=[ENDING]) as run:
        assert changes(run) == [(CVE, "changed", "waiver_ended")]
        assert marks(run) == [("open", None, None)]
        assert applied(run) == {"w-1": 0}
        row = run.rows("SELECT opened_at, last_confirmed_at FROM exposures_now")[0]
        assert row["opened_at"] == FIRST_NIGHT
        assert row["last_confirmed_at"] == FIRST_NIGHT + timedelta(days=2)


def test_an_end_comes_for_what_cannot_be_confirmed_too(tmp_path):
    night(tmp_path, 0, [WAIVED], waivers=[ENDING]).close()
    blind: dict[str, Any] = {"states": {"a": "unknown"}, "judged": Outcome.FAILED}
    with night(tmp_path, 1, [], **blind) as run:
        assert changes(run) == [(CVE, "unconfirmed", "image_unknown")]
        assert marks(run) == [("unconfirmed", "w-1", UNTIL)]
    with night(tmp_path, 2, [], **blind) as run:
        assert changes(run) == [(CVE, "changed", "waiver_ended")]
        assert marks(run) == [("unconfirmed", None, None)]


def test_a_waiver_that_a_complete_reading_no_longer_tells_has_ended(tmp_path):
    night(tmp_path, 0, [WAIVED], waivers=[ONE]).close()
    with night(tmp_path, 1, [WAIVED], judged=Outcome.PARTIAL) as run:
        assert changes(run) == []
        assert applied(run) == {"w-1": 1}
    with night(tmp_path, 2, [WAIVED]) as run:
        assert changes(run) == [(CVE, "changed", "waiver_ended")]
        assert applied(run) == {}


def test_what_a_waiver_covers_is_not_fixed_by_being_left_out(tmp_path):
    rest = Told("CVE-2026-2000")
    named = {"waiver_id": "w-2", "vulnerability_ids": [CVE], "may_hide": True}
    night(tmp_path, 0, [Told(CVE), rest]).close()
    with night(tmp_path, 1, [rest], waivers=[named]) as run:
        assert changes(run) == [(CVE, "unconfirmed", "waived_at_source")]
        assert ("unconfirmed", "w-2", None) in marks(run)
    with night(tmp_path, 2, [rest]) as run:
        assert changes(run) == [(CVE, "closed", "fixed")]
        assert ("closed", None, None) in marks(run)


def test_a_waiver_of_another_account_hides_nothing(tmp_path):
    named = {"waiver_id": "w-2", "vulnerability_ids": [CVE], "may_hide": True, "account": "2"}
    night(tmp_path, 0, [Told(CVE)]).close()
    with night(tmp_path, 1, [], waivers=[named]) as run:
        assert changes(run) == [(CVE, "closed", "fixed")]


def test_what_a_waiver_may_hide_is_not_fixed_and_is_marked_only_where_it_is_named(tmp_path):
    """One night; each waiver but the last names the vulnerability that is called like its case."""
    cases: dict[str, tuple[dict[str, Any], bool]] = {
        "named": ({}, True),
        "and of its severity and registry": (
            {"severities": ["LOW"], "registry_ids": ["host"]},
            True,
        ),
        "of another severity": ({"severities": ["HIGH", "UNKNOWN"]}, False),
        "of another registry": ({"registry_ids": ["other", "third"]}, False),
        "of no registry": ({"registry_ids": []}, False),
        "of another account": ({"account": "2"}, False),
        "ended": ({"expires_at": FIRST_NIGHT}, False),
        "stated as waived": ({"may_hide": None}, False),
    }
    waivers = [
        {"waiver_id": name, "vulnerability_ids": [name], "may_hide": True} | more
        for name, (more, _) in cases.items()
    ]
    waivers.append({"waiver_id": "unnamed", "severities": ["MEDIUM"], "may_hide": True})
    rest, medium = Told("CVE-2026-2000"), Told("not named", severity="MEDIUM")
    night(tmp_path, 0, [rest, medium, *(Told(name, severity="LOW") for name in cases)]).close()
    with night(tmp_path, 1, [rest], waivers=waivers) as run:
        hidden = {name for name, event, reason in changes(run) if reason == "waived_at_source"}
        assert hidden == {"not named", *(name for name, (_, hides) in cases.items() if hides)}
        assert {reason for *_, reason in changes(run)} == {"waived_at_source", "fixed"}
        marked = {waiver_id for _, waiver_id, _ in marks(run)} - {None}
        assert marked == hidden - {"not named"}


def test_a_newer_image_proves_nothing_of_what_a_waiver_hides_in_it_too(tmp_path):
    laid = Told("CVE-2026-2000", more={"waiver_id": "w-1"})
    night(tmp_path, 0, [Told(CVE), laid], waivers=[ONE]).close()
    named = {"waiver_id": "w-2", "vulnerability_ids": [CVE], "may_hide": True}
    with night(tmp_path, 1, [], waivers=[ONE, named], images="b") as run:
        assert changes(run) == [
            (CVE, "unconfirmed", "waived_at_source"),
            ("CVE-2026-2000", "closed", "removed"),  # it would be stated, and as waived
        ]
    with night(tmp_path, 2, [], images="b") as run:
        assert changes(run) == [(CVE, "closed", "fixed")]
