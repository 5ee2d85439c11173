"""No native status is ever counted as clean: not in a table, a command, or a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import duckdb
import openpyxl  # type: ignore[import-untyped]  # ships no types
import pytest

from audit.model.enums import State
from audit.store.reader import StoredRun
from reports import figures
from reports.render.text import load_words
from tests.integration import native_statuses as native
from tests.support.status_estate import Planted, estate_of
from tests.support.status_night import Page, run

CLEAN = {"assessed", "inferred_clean"}


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    estate, planted = estate_of(native.every_status())
    return run(tmp_path_factory.mktemp("statuses"), planted, estate)


@pytest.fixture(scope="module")
def stored(night) -> Iterator[StoredRun]:
    with night.open() as opened:
        yield opened


@pytest.fixture(scope="module")
def posture(stored):
    return figures.collect(stored)


def test_the_tables_are_of_words_that_exist():
    """A slip of the pen in the tables above would expect *unknown* where nothing is."""
    assert set(native.INSPECTOR) < set(native.enum("inspector2", "ScanStatusReason"))
    assert set(native.ECR_BASIC) == set(native.enum("ecr", "ScanStatus"))
    assert set(native.ARTIFACT_ANALYSIS) < set(native.grafeas_words("AnalysisStatus"))
    assert set(native.SUCCESS) == set(native.grafeas_words("ContinuousAnalysis"))
    told = native.every_status()
    assert {one.state for one in told} == {str(state) for state in State}
    assert len(told) > 200


def test_every_status_becomes_the_state_it_stands_for(night, stored):
    rows = stored.rows("SELECT registry_id, repository, digest, state FROM assessments")
    states = {(r["registry_id"], r["repository"], r["digest"]): r["state"] for r in rows}
    assert len(rows) == len(states)
    assert states.keys() == night.planted.keys()
    wrong = {
        f"{one}: {states[at]} instead of {one.state}"
        for at, one in night.planted.items()
        if states[at] != one.state
    }
    assert not wrong


def test_the_sources_words_are_kept_and_reasons_given(night, stored):
    rows = stored.rows(
        "SELECT registry_id, repository, digest, native_status, reason FROM assessments"
    )
    for row in rows:
        planted = night.planted[row["registry_id"], row["repository"], row["digest"]]
        assert row["reason"].strip()
        if planted.invented:
            assert planted.invented in row["native_status"]
            assert planted.invented in row["reason"], "an unknown word is reported by name"


def test_what_was_stated_of_images_that_were_not_assessed_is_kept(night, stored):
    rows = stored.rows("SELECT registry_id, repository, digest FROM findings")
    found = Counter((r["registry_id"], r["repository"], r["digest"]) for r in rows)
    assert found == Counter(at for at, one in night.planted.items() if one.told)


def test_nothing_but_statuses_is_in_the_way(stored):
    outcomes = stored.rows("SELECT DISTINCT outcome FROM scopes")
    assert outcomes == [{"outcome": "complete"}]
    assert stored.rows("SELECT outcome FROM runs") == [{"outcome": "complete"}]


def test_the_run_is_incomplete(night):
    assert night.done.code == 4, night.done.err
    not_assessed = len(night.planted) - night.assessed()
    assert f'"images_not_assessed":{not_assessed}' in night.done.err


def test_the_gate_is_closed(night):
    gate = night.ask("gate")
    assert gate.code == 4
    told = f"{night.assessed()} of {len(night.planted)} images assessed, 0 scopes not complete"
    assert told in gate.out


def test_the_gate_opens_at_the_share_that_was_assessed_and_not_above(night):
    share = 100 * night.assessed() / len(night.planted)
    assert night.ask("gate", "--min-assessed", f"{share - 0.01:.4f}").code == 0
    assert night.ask("gate", "--min-assessed", f"{share + 0.01:.4f}").code == 4


def test_the_status_tells_the_share(night):
    status = night.ask("status")
    assert status.code == 0
    assert f"assessed: {night.assessed()} of {len(night.planted)} images" in status.out


def test_no_exposure_is_closed_or_called_clean_by_a_status(night, stored):
    rows = stored.rows("SELECT state, count(*) AS n FROM exposures_now GROUP BY ALL")
    assert rows == [{"state": "open", "n": sum(one.told for one in night.planted.values())}]


def test_the_flat_tables_say_what_an_image_with_findings_is(night):
    path = str(night.folder / "warehouse" / "current" / "findings.parquet")
    states = Counter(duckdb.read_parquet(path).project("assessment_state").fetchall())
    assert states == Counter((one.state,) for one in night.planted.values() if one.told)


def test_the_figures_count_only_what_was_assessed(night, posture):
    counted = night.counted()
    inferred = sum(n for (_, state), n in counted.items() if state == "inferred_clean")
    share = posture.share
    assert (share.assessable, share.assessed) == (len(night.planted), night.assessed())
    assert (share.inferred, share.assessed_earlier) == (inferred, 0)
    assert share.not_assessed == len(night.planted) - night.assessed() - inferred
    rows = posture.figures["states"].rows
    assert {(r["provider"], r["state"]): r["placements"] for r in rows} == counted


def test_the_figures_list_every_image_that_was_not_assessed(night, posture):
    figure = posture.figures["not_assessed"]
    assert figure.total == len(figure.rows), "the page would cut the list"
    listed = Counter[tuple[str, str]]()
    for row in figure.rows:
        listed[row["provider"], row["state"]] += row["placements"]
    blind = {key: n for key, n in night.counted().items() if key[1] not in CLEAN}
    assert listed == blind


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_says_so(night, posture, language):
    page = Page(night.report(language, "html").read_text("utf-8"))
    words = load_words(language)
    share = words.share(posture.share.assessed, posture.share.assessable)
    (total, *clouds) = page.rows("share")
    assert share in total
    assert str(posture.share.not_assessed) in total
    assert len(clouds) == 3
    listed = page.rows("not-assessed")
    assert len(listed) == len(posture.figures["not_assessed"].rows)
    text = " ".join(cell for row in listed for cell in row)
    for one in night.planted.values():
        assert one.invented in text, "an unknown word is reported by name"
    lead = words("coverage.not_assessed", some=posture.share.not_assessed, all=len(night.planted))
    assert lead in page.text
    assert words("coverage.nothing") not in page.text


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_workbook_says_so(night, posture, language):
    words = load_words(language)
    book = openpyxl.load_workbook(night.report(language, "xlsx"), read_only=True)
    heads, total, *_ = book[words("sheet.share")].values
    told = dict(zip(heads, total, strict=True))
    for column, value in (
        ("assessable", posture.share.assessable),
        ("assessed", posture.share.assessed),
        ("inferred", posture.share.inferred),
        ("not_assessed", posture.share.not_assessed),
    ):
        assert told[words(f"column.{column}")] == value, column
    part = told[words("column.assessed_share")]
    assert part == pytest.approx(night.assessed() / len(night.planted), abs=0.001)
    area = words("area.not_assessed")
    lines = [row for row in book[words("sheet.not_covered")].values if row[0] == area]
    assert sum(row[2] for row in lines) == posture.share.not_assessed


def test_no_status_but_a_look_closes_an_exposure(tmp_path):
    """A day after each image was found vulnerable its source says this instead, and no finding.

    Of Defender, whose rows vanish for a night and return, one look is not enough.
    """
    after = [one for one in native.every_status() if not one.archived and not one.told]
    before = [replace(one, native=native.FOUND[one.place], told=True) for one in after]
    first, _ = estate_of(before, apart=True)
    second, planted = estate_of(after, apart=True)
    earlier = replace(first, moment=first.moment - timedelta(days=1))
    night = run(tmp_path, planted, earlier, second)
    with night.open() as stored:
        rows = stored.rows("SELECT registry_id, repository, state, reason FROM exposures_now")
    told = {(row["registry_id"], row["repository"]): row for row in rows}
    assert len(told) == len(rows) == len(planted) > 200
    for (registry, repository, _), one in planted.items():
        looked, forgets = one.state == "assessed", one.place.startswith("defender")
        now = told[registry, repository]
        closed = looked and not forgets
        assert now["state"] == ("closed" if closed else "unconfirmed"), str(one)
        assert (now["reason"] == "absent_once") == (looked and forgets), str(one)


def test_every_image_in_a_good_state_gives_zero_and_an_open_gate(tmp_path):
    """The codes above are not what the commands always say."""
    good = [one for one in native.every_status() if one.state == "assessed"]
    estate, planted = estate_of(good)
    night = run(tmp_path, planted, estate)
    assert {place.provider for place in estate.places} == {"aws", "azure", "gcp"}
    assert night.done.code == 0, night.done.err
    gate = night.ask("gate")
    assert gate.code == 0
    assert f"{len(good)} of {len(good)} images assessed" in gate.out


def test_a_plan_that_is_not_seen_and_a_row_that_names_nothing_vouch_for_no_image(tmp_path):
    doubtful = [
        Planted("defender hidden", (), "unknown"),
        Planted("defender hidden", (), "unknown", pushed=native.OLD),
        Planted("defender hidden", ("Unhealthy",), "unknown"),
        Planted("defender hidden", ("Unhealthy",), "assessed", told=True),
    ]
    estate, planted = estate_of(doubtful)
    night = run(tmp_path, planted, estate)
    assert night.done.code == 4
    with night.open() as stored:
        rows = stored.rows("SELECT registry_id, repository, digest, state FROM assessments")
        scopes = stored.rows("SELECT outcome FROM scopes WHERE source = 'defender'")
    states = {(r["registry_id"], r["repository"], r["digest"]): r["state"] for r in rows}
    assert states == {at: one.state for at, one in planted.items()}
    assert scopes == [{"outcome": "partial"}], "a row that cannot be read is an incomplete listing"
    assert "1 of 4 images assessed, 1 scopes not complete" in night.ask("gate").out
