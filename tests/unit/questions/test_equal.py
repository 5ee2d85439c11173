"""The history and the full snapshots give the same answers, over random nights with faults."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings

from audit import questions
from audit.notebook import RunNotebook, open_warehouse
from providers.loopback.story import FIRST_NIGHT
from providers.loopback.truth import Night, Oracle
from tests.support.staging import commit_estate
from tests.support.strategies import History, histories
from tests.unit.judge import nights

CHECKED = [name for name in questions.NAMES if questions.load(name).check]
ALL = 1_000_000


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(nights=4))
def test_both_forms_and_the_truth_agree_after_every_night(history: History):
    oracle, lives = Oracle(), Lives()
    with TemporaryDirectory() as folder:
        for estate in history.nights:
            commit_estate(Path(folder), estate)
            night = oracle.advance(estate)
            with open_warehouse(folder).run() as run:
                for name in CHECKED:
                    assert_equal(run, name, some_vulnerability(night))
                assert open_now(run) == truly_open(night)
                assert open_now(run) == newest_of_the_trend(run)
                assert fixes(run) == lives.after(night)


def assert_equal(run: RunNotebook, name: str, vulnerability: str) -> None:
    question = questions.load(name)
    assert question.check is not None
    given: dict[str, Any] = {"vulnerability": vulnerability, "days": 2, "rows": ALL, "since": None}
    values = {parameter.name: given[parameter.name] for parameter in question.parameters}
    from_history = questions.comparable(question.check, run.sql(question.sql, **values))
    from_snapshots = run.sql(question.check.sql, **values)
    assert list(from_history.columns) == list(from_snapshots.columns), name
    assert counted(from_history) == counted(from_snapshots), name


def counted(frame: pd.DataFrame) -> Counter[tuple[Any, ...]]:
    return Counter(frame.itertuples(index=False, name=None))


def some_vulnerability(night: Night) -> str:
    return min((key[2] for key in night.open_exposures()), default="CVE-2020-0001")


def open_now(run: RunNotebook) -> Counter[tuple[str, str]]:
    """Return (severity, state) -> open exposures, over all clouds."""
    told = run.question("open_now")
    found: Counter[tuple[str, str]] = Counter()
    for row in told.to_dict("records"):
        found[row["severity"], "unconfirmed"] += row["unconfirmed"]
        found[row["severity"], "open"] += row["open"] - row["unconfirmed"]
    return +found


def truly_open(night: Night) -> Counter[tuple[str, str]]:
    return Counter((held.severity, held.state) for held in night.open_exposures().values())


def newest_of_the_trend(run: RunNotebook) -> Counter[tuple[str, str]]:
    told = run.question("open_over_time", days=1)
    found: Counter[tuple[str, str]] = Counter()
    for row in told[told["run_id"] == run.run_id].to_dict("records"):
        found[row["severity"], "unconfirmed"] += row["unconfirmed"]
        found[row["severity"], "open"] += row["confirmed"]
    return +found


class Lives:
    """Follows each exposure of the truth from its first opening to its last closing."""

    def __init__(self) -> None:
        self.opened: dict[Any, datetime] = {}
        self.fixed: dict[Any, datetime] = {}

    def after(self, night: Night) -> tuple[int, float, int]:
        for key, held in night.exposures.items():
            self.opened.setdefault(key, night.moment)
            if held.state != "closed":
                self.fixed.pop(key, None)
            elif held.event == "closed" and held.reason == "fixed":
                self.fixed[key] = night.moment
        days = sum((end.date() - self.opened[key].date()).days for key, end in self.fixed.items())
        return len(self.fixed), float(days), len(night.open_exposures())


def fixes(run: RunNotebook) -> tuple[int, float, int]:
    """Return how many were fixed, their days in all, and how many are still open."""
    told = run.question("time_to_fix")
    days = (told["mean_days"].fillna(0) * told["fixed"]).sum()
    return int(told["fixed"].sum()), round(float(days), 6), int(told["still_open"].sum())


def test_an_image_goes_on_carrying_what_one_of_two_names_no_longer_says(tmp_path: Path):
    cve, other = "CVE-2026-0001", "GHSA-aaaa-bbbb-cccc"
    nights.night(tmp_path, 0, [nights.Told(cve), nights.Told(other)])
    nights.night(tmp_path, 1, [nights.Told(cve)])
    nights.night(
        tmp_path, 2, [nights.Told(cve), nights.Told(other, "b", aliases=(cve,))], images="ab"
    )
    with open_warehouse(str(tmp_path)).run() as run:
        carriers = run.sql(questions.load("carriers").sql, vulnerability=cve)
        assert_equal(run, "carriers", cve)
    since = dict(zip(carriers["digest"].str[7], carriers["carried_since"].dt.day, strict=True))
    assert since == {"a": FIRST_NIGHT.day, "b": FIRST_NIGHT.day + 2}


def test_the_images_that_two_sources_judged_are_counted_the_same_in_both_forms(tmp_path: Path):
    cve, two = "CVE-2026-0001", ("inspector", "trivy")
    told = [nights.Told(cve), nights.Told(cve, source="trivy", severity="UNKNOWN")]
    nights.night(tmp_path, 0, told, images="abc", sources=two, states={"b:trivy": "failed"})
    with open_warehouse(str(tmp_path)).run() as run:
        assert_equal(run, "two_opinions", cve)
        (pair,) = run.question("two_opinions").to_dict("records")
    assert (pair["images"], pair["by_both"], pair["unrated_by_one"]) == (2, 1, 1)
