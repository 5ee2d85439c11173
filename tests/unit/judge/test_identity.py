"""What an exposure is holds still: its age never starts again, and two that are one become one."""

from datetime import timedelta

from audit.model.enums import Outcome
from providers.loopback.story import FIRST_NIGHT
from tests.unit.judge.nights import Told, balances, changes, exposures, night

CVE, GHSA = "CVE-2026-1000", "GHSA-aaaa-bbbb-cccc"


def later(days: int):
    return FIRST_NIGHT + timedelta(days=days)


def ids(run) -> list[str]:
    return [row[0] for row in exposures(run, "exposure_id")]


def test_a_new_alias_renames_an_exposure_and_keeps_its_age(tmp_path):
    with night(tmp_path, 0, [Told(GHSA)]) as run:
        first = ids(run)
    with night(tmp_path, 1, [Told(GHSA, aliases=[CVE])]) as run:
        assert changes(run) == [(CVE, "changed", "alias")]
        assert exposures(run, "vulnerability_id", "opened_at") == [(CVE, FIRST_NIGHT)]
        assert ids(run) == first
        assert run.rows("SELECT vulnerability_id, leading_id FROM vulnerability_groups") == [
            {"vulnerability_id": GHSA, "leading_id": CVE}
        ]
        assert balances(run)
    with night(tmp_path, 2, [Told(CVE)]) as run:
        assert changes(run) == []
        assert ids(run) == first
        assert run.rows("SELECT * FROM vulnerability_groups") == []
    with night(tmp_path, 3, [Told(GHSA)]) as run:
        assert changes(run) == []
        assert exposures(run, "vulnerability_id", "opened_at") == [(CVE, FIRST_NIGHT)]


def test_two_exposures_that_turn_out_to_be_one_are_merged(tmp_path):
    with night(tmp_path, 0, [Told(GHSA)]) as run:
        first = ids(run)
    with night(tmp_path, 1, [Told(GHSA), Told(CVE)]) as run:
        assert len(ids(run)) == 2
    with night(tmp_path, 2, [Told(GHSA, aliases=[CVE]), Told(CVE)]) as run:
        assert changes(run) == [(CVE, "changed", "alias"), (CVE, "merged", "alias")]
        assert exposures(run, "exposure_id", "state", "opened_at") == [
            (first[0], "open", FIRST_NIGHT)
        ]
        (gone,) = run.rows("SELECT * FROM exposures_now WHERE merged_into IS NOT NULL")
        assert (gone["merged_into"], gone["closing_reason"]) == (first[0], "merged")
        assert balances(run)
    with night(tmp_path, 3, [Told(CVE)]) as run:
        assert changes(run) == []
        assert balances(run)


def test_a_fix_that_was_only_another_name_gives_the_age_back(tmp_path):
    night(tmp_path, 0, [Told(GHSA)]).close()
    with night(tmp_path, 1, [Told(CVE)]) as run:
        assert changes(run) == [(CVE, "opened", "newly_reported"), (GHSA, "closed", "fixed")]
    with night(tmp_path, 2, [Told(CVE, aliases=[GHSA])]) as run:
        assert changes(run) == [(CVE, "changed", "alias"), (CVE, "merged", "alias")]
        assert exposures(run, "state", "opened_at") == [("open", FIRST_NIGHT)]
        assert balances(run)


def test_severity_title_and_version_do_not_make_another_exposure(tmp_path):
    with night(tmp_path, 0, [Told(CVE, more={"package_version": "1", "title": "one"})]) as run:
        first = ids(run)
    worse = Told(CVE, severity="CRITICAL", more={"package_version": "2", "title": "two"})
    with night(tmp_path, 1, [worse]) as run:
        assert changes(run) == [(CVE, "changed", "severity")]
        assert exposures(run, "exposure_id", "opened_at", "severity") == [
            (first[0], FIRST_NIGHT, "CRITICAL")
        ]


def test_a_rebuild_with_the_same_hole_keeps_the_age(tmp_path):
    night(tmp_path, 0, [Told(CVE)]).close()
    with night(tmp_path, 1, [Told(CVE, image="b")], images="b") as run:
        assert changes(run) == []
        assert exposures(run, "opened_at") == [(FIRST_NIGHT,)]
        rows = run.rows("SELECT digest, state, reason FROM exposure_images ORDER BY digest")
    assert [(row["digest"][7], row["state"], row["reason"]) for row in rows] == [
        ("a", "closed", "image_gone"),
        ("b", "open", "stated"),
    ]


def test_below_the_repository_each_image_has_its_own_history(tmp_path):
    both = [Told(CVE), Told(CVE, image="b")]
    with night(tmp_path, 0, both, images="ab") as run:
        assert run.rows("SELECT count(*) AS n FROM exposure_images") == [{"n": 2}]
    with night(tmp_path, 1, [Told(CVE, image="b")], images="ab") as run:
        assert changes(run) == []
        rows = run.rows("SELECT digest, state, reason FROM exposure_images")
        assert [(row["digest"][7], row["state"], row["reason"]) for row in rows] == [
            ("a", "closed", "not_stated")
        ]
    with night(tmp_path, 2, [], images="ab") as run:
        assert changes(run) == [(CVE, "closed", "fixed")]


def test_a_renamed_vulnerability_is_renamed_below_too(tmp_path):
    night(tmp_path, 0, [Told(GHSA)]).close()
    with night(tmp_path, 1, [Told(GHSA, aliases=[CVE])]) as run:
        rows = run.rows("SELECT vulnerability_id, state, reason FROM exposure_images ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [
        (CVE, "open", "stated"),
        (GHSA, "closed", "renamed"),
    ]


def test_a_rejected_vulnerability_closes_as_withdrawn_and_does_not_open_again(tmp_path):
    rejected = {"vulnerability_id": CVE, "withdrawn_at": later(1)}
    night(tmp_path, 0, [Told(CVE)]).close()
    with night(tmp_path, 1, [Told(CVE), Told("CVE-2026-1001")], known=[rejected]) as run:
        assert (CVE, "closed", "withdrawn") in changes(run)
        assert balances(run)
    with night(tmp_path, 2, [Told(CVE), Told("CVE-2026-1001")]) as run:
        assert changes(run) == []


def test_a_rejected_vulnerability_closes_when_nobody_could_look(tmp_path):
    rejected = {"vulnerability_id": CVE, "withdrawn_at": later(0)}
    night(tmp_path, 0, [Told(CVE)]).close()
    with night(tmp_path, 1, [], images="", outcome=Outcome.DENIED, known=[rejected]) as run:
        assert changes(run) == [(CVE, "closed", "withdrawn")]


def test_a_vex_statement_closes_as_not_affected_and_its_end_reopens(tmp_path):
    cleared = {"vex_status": "not_affected"}
    night(tmp_path, 0, [Told(CVE), Told(CVE, image="b")], images="ab").close()
    half = [Told(CVE, more=cleared), Told(CVE, image="b")]
    with night(tmp_path, 1, half, images="ab") as run:
        assert changes(run) == []
    full = [Told(CVE, more=cleared), Told(CVE, image="b", more=cleared)]
    with night(tmp_path, 2, full, images="ab") as run:
        assert changes(run) == [(CVE, "closed", "not_affected")]
        assert balances(run)
    with night(tmp_path, 3, full, images="ab") as run:
        assert changes(run) == []
    with night(tmp_path, 4, half, images="ab") as run:
        assert [change[:2] for change in changes(run)] == [(CVE, "reopened")]
        assert exposures(run, "opened_at", "reopened_count") == [(FIRST_NIGHT, 1)]
        assert balances(run)


def test_a_vex_statement_closes_nothing_while_an_image_could_not_be_looked_at(tmp_path):
    cleared = Told(CVE, more={"vex_status": "not_affected"})
    night(tmp_path, 0, [Told(CVE)]).close()
    with night(tmp_path, 1, [cleared], images="ab", states={"b": "failed"}) as run:
        assert exposures(run, "state") == [("open",)]
        assert balances(run)
    with night(tmp_path, 2, [cleared], images="ab") as run:
        assert changes(run) == [(CVE, "closed", "not_affected")]
    with night(tmp_path, 3, [cleared], images="ab", states={"b": "failed"}) as run:
        assert changes(run) == []


def test_a_contradicted_vex_statement_closes_nothing(tmp_path):
    night(tmp_path, 0, [Told(CVE)]).close()
    told = [
        Told(CVE, more={"vex_status": "not_affected"}),
        Told(CVE, source="other", more={"vex_status": "affected"}),
    ]
    with night(tmp_path, 1, told, sources=("inspector", "other")) as run:
        assert exposures(run, "state") == [("open",)]


def test_one_image_in_forty_seen_leaves_the_others_unconfirmed_and_none_fixed(tmp_path):
    names = "".join(chr(code) for code in range(0x41, 0x41 + 58) if chr(code).isalpha())[:40]
    told = [Told(f"CVE-2026-{1000 + n}", image=name) for n, name in enumerate(names)]
    night(tmp_path, 0, told, images=names).close()
    states = dict.fromkeys(names[1:], "failed")
    with night(tmp_path, 1, told[:1], images=names, states=states) as run:
        events = [change[1:] for change in changes(run)]
        assert events == [("unconfirmed", "image_failed")] * 39
        assert balances(run)
    with night(tmp_path, 2, told, images=names) as run:
        assert [change[1:] for change in changes(run)] == [("confirmed", "stated_again")] * 39


def test_two_days_of_the_same_data_show_no_change(tmp_path):
    told = [Told(CVE), Told(GHSA, aliases=["CVE-2026-1002"]), Told("X-1", image="b")]
    night(tmp_path, 0, told, images="ab").close()
    with night(tmp_path, 1, told, images="ab") as run:
        for table in ("exposures", "exposure_images", "vulnerability_groups", "method_changes"):
            assert run.rows(f"SELECT * FROM {table}") == [], table
