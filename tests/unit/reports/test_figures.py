"""Figures of a small run against numbers worked out by hand from estate.py."""

from __future__ import annotations

from typing import Any

import pytest

from audit.errors import WarehouseError
from reports import figures
from reports.figures import Posture, Share
from reports.render import facts
from reports.render.text import load_words
from tests.unit.reports import estate
from tests.unit.reports.fake_run import FakeRun


@pytest.fixture(scope="module")
def posture():
    return figures.collect(estate.second_night())


def rows(posture: Posture, name: str, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in posture.figures[name].rows]


def changed(**tables: list[dict[str, Any]]) -> FakeRun:
    return FakeRun(estate.RUN, estate.night() | tables, estate.BEFORE, estate.before())


def test_the_assessed_share_counts_placements_of_images_once(posture):
    # 13 placements less an index and a chart; web (2, one read by the run before), api (1) and
    # team (1) are assessed; one of team is inferred.
    assert posture.share == Share(
        assessable=11, assessed=4, assessed_earlier=1, inferred=1, not_assessed=6
    )
    assert rows(posture, "share", "provider", "assessed", "assessable", "inferred") == [
        (None, 4, 11, 1),
        ("aws", 3, 5, 0),
        ("azure", 1, 4, 1),
        ("gcp", 0, 2, 0),
    ]


def test_the_share_of_a_source_counts_only_what_it_answers_for(posture):
    assert rows(posture, "share_by_source", "source", "assessed", "assessable", "inferred") == [
        ("inspector", 3, 5, 0),
        ("trivy", 1, 1, 0),
        ("defender", 1, 3, 1),
        ("artifact-analysis", 0, 2, 0),
    ]


def test_an_image_without_answer_and_a_word_never_seen_are_unknown(posture):
    assert rows(posture, "states", "provider", "state", "placements", "assessable") == [
        ("aws", "assessed", 3, 5),
        ("aws", "pending", 1, 5),
        ("aws", "denied", 1, 5),
        ("azure", "assessed", 1, 4),
        ("azure", "inferred_clean", 1, 4),
        ("azure", "unknown", 2, 4),
        ("gcp", "denied", 2, 2),
    ]
    assert sum(row["placements"] for row in posture.figures["not_assessed"].rows) == 6


@pytest.mark.parametrize("state", ["pending", "stale", "failed", "unknown", "INACTIVE", None, ""])
def test_no_other_word_than_assessed_counts_as_looked_at(state):
    judged = [row | {"state": state} for row in estate.ASSESSMENTS]
    share = figures.collect(changed(assessments=judged)).share
    assert (share.assessed, share.inferred, share.not_assessed) == (0, 0, 11)


def test_open_exposures_lead_and_statements_stand_beside(posture):
    keys = ("provider", "severity", "fixable", "open", "unconfirmed")
    beside = ("distinct_statements", "images")
    assert rows(posture, "exposures_open", *keys, *beside) == [
        ("aws", "CRITICAL", "yes", 1, 0, 2, 2),
        ("aws", "CRITICAL", "no", 1, 0, 1, 1),
        ("aws", "HIGH", "yes", 0, 0, 1, 1),
        ("aws", "UNKNOWN", "no", 1, 1, 0, 0),
        ("aws", None, None, 3, 1, 3, 3),
        ("azure", "HIGH", "unknown", 1, 0, 1, 1),
        ("azure", "LOW", "yes", 1, 0, 1, 1),
        ("azure", None, None, 2, 0, 2, 1),
        ("gcp", "HIGH", "yes", 1, 1, 0, 0),
        ("gcp", None, None, 1, 1, 0, 0),
        (None, None, None, 6, 2, 5, 4),
    ]


def test_a_cloud_in_which_nothing_was_assessed_is_listed(posture):
    keys = ("provider", "critical", "high", "low", "unrated", "open", "assessed", "assessable")
    assert rows(posture, "exposures_by_cloud", *keys) == [
        ("aws", 2, 0, 0, 1, 3, 3, 5),
        ("azure", 0, 1, 1, 0, 2, 1, 4),
        ("gcp", 0, 1, 0, 0, 1, 0, 2),
    ]


def test_kinds_count_placements_and_digests(posture):
    assert rows(posture, "kinds", "provider", "kind", "placements", "all_placements") == [
        ("aws", "image", 5, 6),
        ("aws", "index", 1, 6),
        ("azure", "image", 4, 5),
        ("azure", "artifact", 1, 5),
        ("gcp", "image", 2, 2),
    ]


def test_a_placement_whose_kind_is_not_known_is_said_apart():
    run = changed(images=[i for i in estate.IMAGES if i["digest"] != estate.digest("e2")])
    posture = figures.collect(run)
    assert ("gcp", "unread", 1) in rows(posture, "kinds", "provider", "kind", "placements")
    assert posture.totals.kind_unread == 1


def test_the_worst_repositories_come_first_and_blind_ones_have_their_own_table(posture):
    keys = ("repository", "critical", "high", "unrated", "assessed", "assessable")
    assert rows(posture, "repositories_worst", *keys) == [
        ("shop/api", 1, 0, 0, 1, 2),
        ("shop/web", 1, 0, 0, 2, 2),
        ("team/app/api", 0, 1, 0, 1, 3),
        ("pay", 0, 1, 0, 0, 2),
        ("legacy/batch", 0, 0, 1, 0, 1),
    ]
    assert rows(posture, "repositories_unassessed", "repository", "assessable", "open") == [
        ("pay", 2, 1),
        ("legacy/batch", 1, 1),
        ("team/mirror", 1, 0),
    ]


def test_every_repository_says_how_much_of_it_was_looked_at():
    listed = figures.stream(estate.second_night(), "repositories")
    assert {row["repository"]: row["looked"] for row in listed} == {
        "shop/api": "partly",
        "shop/web": "all",
        "team/app/api": "partly",
        "pay": "nothing",
        "legacy/batch": "nothing",
        "team/mirror": "nothing",
        "team/empty": "no_images",
    }


def test_gaps_are_counted_over_their_wholes(posture):
    totals = posture.totals
    assert (totals.scopes_incomplete, totals.scopes) == (3, 8)
    assert (totals.repositories_incomplete, totals.repositories) == (2, 7)
    assert (totals.carried, totals.placements) == (1, 13)
    assert (totals.controls_unknown, totals.controls_failed, totals.controls) == (2, 2, 6)
    incomplete = rows(posture, "scopes_incomplete", "scope_id", "outcome", "missing_permission")
    assert incomplete == [
        ("aws/111111111111/us-east-1", "denied", "ecr:DescribeRepositories"),
        ("azure/acme.azurecr.io", "partial", None),
        ("gcp/proj/artifact-analysis", "denied", None),
    ]


@pytest.mark.parametrize("said", ["stale", "failed", "unsupported", "a word nobody has seen"])
def test_silence_is_not_clean_while_another_source_says_otherwise(said):
    """Defender states nothing of it, and an old report of another scanner may state a lot."""
    told = estate.judged(estate.TEAM_2, "trivy", said)
    posture = figures.collect(changed(assessments=[*estate.ASSESSMENTS, told]))
    assert posture.share.inferred == 0
    assert posture.share.not_assessed == 7


def test_a_scope_of_which_nothing_is_known_is_counted_as_blank(posture):
    """Its images are in no denominator, so that no share tells of them."""
    assert (posture.totals.scopes_blank, posture.totals.scopes_listing) == (1, 5)
    tenant = estate.scope("azure", "azure/lost-tenant", "discovery", "denied", listed=0)
    lost = figures.collect(changed(scopes=[*estate.SCOPES, tenant]))
    assert lost.totals.scopes_blank == 2


def test_a_scope_is_not_blank_while_a_placement_below_it_is_known(posture):
    tenant = estate.scope("azure", "azure/lost-tenant", "discovery", "denied", listed=0)
    group = estate.scope("azure", "azure/group", "discovery", "denied", listed=0)
    registry = estate.scope("azure", "azure/x", "inventory", "denied", listed=0)
    group["parent_scope_id"], registry["parent_scope_id"] = "azure/lost-tenant", "azure/group"
    below = figures.collect(changed(scopes=[*estate.SCOPES, tenant, group, registry]))
    assert below.totals.scopes_blank == posture.totals.scopes_blank


def test_a_status_never_seen_is_unknown_not_pass(posture):
    keys = ("control_id", "provider", "pass", "fail", "unknown", "not_applicable")
    assert rows(posture, "controls", *keys, "judged", "applicable") == [
        ("IAM-01", "azure", 0, 0, 1, 0, 0, 1),
        ("IAM-04", "aws", 0, 0, 0, 1, 0, 0),
        ("IAM-04", "azure", 0, 1, 0, 0, 1, 1),
        ("SCN-02", "aws", 1, 1, 1, 0, 2, 3),
    ]


def test_the_flow_adds_up(posture):
    flow = posture.flow
    assert (flow.open_before, flow.opened, flow.reopened) == (6, 2, 1)
    assert (flow.fixed, flow.removed, flow.withdrawn, flow.not_affected) == (1, 1, 1, 0)
    assert (flow.open_now, flow.unconfirmed_now, flow.newly_unconfirmed) == (6, 2, 2)
    assert flow.balances
    assert all(row["balances"] for row in posture.figures["flow"].rows)


def test_a_flow_that_does_not_add_up_is_told():
    odd = estate.closed(1, estate.WEB_1, "vanished")
    posture = figures.collect(changed(exposures=[*estate.CHANGES, odd]))
    assert not posture.flow.balances


def test_changes_keep_their_reasons(posture):
    found = {change: [row["reason"] for row in f.rows] for change, f in posture.changes.items()}
    assert found == {
        "new": ["new_image", "first_assessed"],
        "reopened": ["newly_reported"],
        "fixed": ["fixed"],
        "removed": ["removed"],
        "withdrawn": ["withdrawn"],
        "not_affected": [],
        "merged": [],
        "unconfirmed": ["image_denied", "scope_denied"],
    }


def test_evidence_is_dated_by_source(posture):
    assert rows(posture, "evidence_dates", "source", "assessed", "dated") == [
        ("inspector", 3, 3),
        ("trivy", 1, 1),
        ("defender", 1, 1),
    ]


def test_a_cut_listing_tells_its_full_count():
    many = [estate.exposure(n, estate.WEB_1, "opened") for n in range(100, 350)]
    cut = figures.collect(changed(exposures=many)).changes["new"]
    assert (len(cut.rows), cut.total) == (figures.LISTED, 250)


@pytest.mark.parametrize("page", [1, 3, 8, 100])
def test_a_stream_gives_every_row_once_in_order(monkeypatch, page):
    whole = list(figures.stream(estate.second_night(), "changes", change=None))
    monkeypatch.setattr(figures, "_PAGE", page)
    paged = list(figures.stream(estate.second_night(), "changes", change=None))
    assert paged == whole
    assert len(whole) == len(estate.CHANGES)


def test_an_empty_run_has_figures_of_nothing():
    posture = figures.collect(estate.empty_run())
    assert posture.first
    assert posture.share == Share(0, 0, 0, 0, 0)
    assert posture.flow.balances
    assert posture.flow.open_now == 0


def test_a_run_that_was_never_published_is_an_error():
    with pytest.raises(WarehouseError, match=estate.RUN):
        figures.collect(FakeRun(estate.RUN, {}))


def test_waived_exposures_are_open_and_counted_beside(posture):
    assert (posture.flow.waived_now, posture.figures["waivers"].rows) == (0, ())
    waived = {"waiver_id": "w-1", "waived_until": estate.MOMENT}
    ended = {"waiver_id": "w-1", "origin": "defender", "type": "risk_accepted", "applied_count": 1}
    told = figures.collect(
        changed(
            exposures=[
                estate.exposure(61, estate.TEAM_1, "opened", **waived),
                estate.exposure(62, estate.TEAM_1, "opened"),
            ],
            waivers=[{**ended, "provider": "azure", "expires_at": estate.MOMENT}],
        )
    )
    assert told.flow.waived_now == 1
    assert told.flow.open_now == 2 + len(
        [row for row in estate.before()["exposures"] if row["state"] != "closed"]
    )
    (azure,) = [
        row for row in told.figures["exposures_by_cloud"].rows if row["provider"] == "azure"
    ]
    assert azure["waived"] == 1
    (waiver,) = told.figures["waivers"].rows
    assert (waiver["in_force"], waiver["applied_count"]) == (False, 1)
    for language, said in (("en", "1 waived"), ("ja", "例外承認中 1 件")):
        tiles = facts.tiles(load_words(language), told)
        assert said in tiles[1].beside
