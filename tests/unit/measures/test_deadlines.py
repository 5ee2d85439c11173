"""Deadlines: profiles are data, read strictly; attainment equals a count by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.config import Config, load_config, read_yaml
from audit.errors import ConfigError, WarehouseError
from audit.judge import deadlines
from audit.judge.deadlines import DeadlineProfile, profile_in_force, shipped, shipped_ids
from tests.support.project import ROOT
from tests.unit.measures import oracle
from tests.unit.measures.history import START, Exposure, Measures, Step
from tests.unit.measures.strategies import History, histories

FILE = """
id: ours
version: "3"
title: Our own rule
clock: [kev_added_at, first_seen_at]
days: {CRITICAL: 2, HIGH: 7, MEDIUM: 30, LOW: 90, NEGLIGIBLE: null, UNKNOWN: 7}
"""


def status(outcome: oracle.Outcome, profile: DeadlineProfile, now: int) -> str:
    due = outcome.due(profile)
    if dict(profile.by_severity())[outcome.severity] is None:
        return "no_deadline"
    if due is None:
        return "no_clock"
    if outcome.outcome == "fixed":
        return "in_time" if outcome.until <= due else "late"
    if outcome.outcome in {"still_open", "reopened"}:
        return "overdue" if now > due else "not_due"
    return "removed_late" if outcome.outcome == "removed" and outcome.until > due else "left_out"


@settings(max_examples=30, deadline=None)
@given(histories(), st.sampled_from(shipped_ids()))
def test_attainment_is_what_a_count_by_hand_gives(history: History, profile_id: str):
    profile, now = shipped(profile_id), history.days[-1]
    measures = Measures(history.days, history.exposures, profile)
    found = oracle.outcomes(history.exposures, now)
    states = measures.rows(
        "SELECT deadline_status AS s, count(*) AS n FROM exposure_outcomes GROUP BY s"
    )
    assert {row["s"]: row["n"] for row in states} == Counter(status(o, profile, now) for o in found)
    wanted: Counter[tuple[date, str, str]] = Counter()
    for outcome in found:
        due, told = outcome.due(profile), status(outcome, profile, now)
        if due is not None and due <= now and told != "not_due":
            month = (START + timedelta(days=due)).date().replace(day=1)
            wanted[month, outcome.severity, told] += 1
            wanted[month, outcome.severity, "due"] += told != "left_out"
    ours: Counter[tuple[date, str, str]] = Counter()
    for row in measures.rows("FROM deadline_attainment"):
        for name in ("due", "in_time", "late", "overdue", "removed_late", "left_out"):
            ours[row["due_month"], row["severity"], name] += row[name]
    assert +ours == +wanted


def test_what_went_away_after_its_deadline_missed_it():
    def told(day: int, reason: str) -> str:
        steps = (Step(0, "open"), Step(day, "closed", reason=reason))
        rows = Measures(range(60), [Exposure(1, steps)]).rows(
            "SELECT deadline_status FROM exposure_outcomes"
        )
        return str(rows[0]["deadline_status"])

    assert told(30, "removed") == "left_out"
    assert told(31, "removed") == "removed_late"
    assert told(31, "withdrawn") == "left_out"
    assert (told(30, "fixed"), told(31, "fixed")) == ("in_time", "late")


@pytest.mark.parametrize("profile_id", shipped_ids())
def test_a_shipped_profile_is_strict_yaml_named_as_its_file(profile_id):
    path = ROOT / "audit/judge/deadlines" / f"{profile_id}.yaml"
    profile = DeadlineProfile.model_validate(read_yaml(path))
    assert profile == shipped(profile_id)
    assert profile.id == profile_id


def test_the_rules_of_the_shipped_profiles():
    def days(profile_id: str) -> list[int | None]:
        return [days for _, days in shipped(profile_id).by_severity()]

    assert deadlines.DEFAULT == "standard"
    assert days("standard") == [30, 30, 90, 180, None, 30]
    assert days("fedramp-rev5-conmon") == [30, 30, 90, 180, None, None]
    assert days("defectdojo-like") == [7, 30, 90, 120, None, None]
    assert days("pci-4.0.1") == [30, None, None, None, None, None]


def configured(folder, line: str) -> Config:
    path = folder / "audit.yaml"
    path.write_text(f"version: 1\npolicy: {{deadlines: {line}}}\n", encoding="utf-8")
    return load_config(path, {})


def test_a_profile_is_named_by_its_id_or_its_file(tmp_path):
    assert Config(version=1).policy.deadlines.id == "standard"
    assert configured(tmp_path, "pci-4.0.1").policy.deadlines.id == "pci-4.0.1"
    (tmp_path / "ours.yaml").write_text(FILE, encoding="utf-8")
    own = configured(tmp_path, str(tmp_path / "ours.yaml")).policy.deadlines
    assert (own.id, own.version, own.days.HIGH) == ("ours", "3", 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FILE + "extra: 1\n", "extra: unknown key"),
        (FILE.replace("HIGH: 7, ", ""), "days.HIGH: Field required"),
        (FILE.replace("HIGH: 7", "HIGH: -1"), "days.HIGH"),
        (FILE.replace("kev_added_at", "first_seen_at"), "named twice"),
        (FILE.replace("kev_added_at", "seen_at"), "clock[0]"),
        (FILE + "id: twice\n", "given twice"),
        ("- a list", "is not a mapping"),
    ],
)
def test_a_wrong_profile_is_refused_and_named(tmp_path, text, told):
    file = tmp_path / "ours.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, str(file))
    assert str(error.value).startswith(str(tmp_path / "audit.yaml") + ": policy.deadlines: ")
    assert str(file) in str(error.value)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("line", "told"), [("standart", "did you mean 'standard'"), ("nowhere.yaml", "cannot be read")]
)
def test_a_profile_that_is_not_there_is_refused(tmp_path, line, told):
    with pytest.raises(ConfigError, match=told):
        configured(tmp_path, line)


def test_a_run_is_measured_by_the_profile_it_kept(tmp_path):
    (tmp_path / "ours.yaml").write_text(FILE, encoding="utf-8")
    policy = configured(tmp_path, str(tmp_path / "ours.yaml")).policy
    kept = orjson.dumps(policy.model_dump()).decode()
    assert profile_in_force(kept) == policy.deadlines
    assert profile_in_force('{"newest_tagged": 3}') == shipped("standard")
    assert profile_in_force(None) == shipped("standard")
    with pytest.raises(WarehouseError, match="cannot be read"):
        profile_in_force('{"deadlines": {"id": "of a later version"}}')
