"""The state of an image from Defender's rows, or from why there are none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit.errors import AccessDeniedError, BrokenPageError, UnavailableError
from audit.model.enums import State
from providers.azure.plans import Plan, PlanReading
from providers.azure.states import Circumstances, Evidence, judge
from tests.unit.loopback.azure_estates import NIGHT

OLD, NEW, FRESH = (NIGHT - timedelta(**age) for age in ({"days": 31}, {"days": 3}, {"minutes": 5}))


def around(**changes: Any) -> Circumstances:
    plain: dict[str, Any] = {
        "moment": NIGHT,
        "plan": PlanReading(Plan.ON, "Standard"),
        "error": None,
        "silent": False,
        "pending": timedelta(hours=1),
        "rescan": timedelta(days=30),
    }
    return Circumstances(**plain | changes)


def rows(*codes: str, problem: str | None = None) -> Evidence:
    evidence = Evidence()
    for code in codes:
        evidence.add(code, None, problem)
    return evidence


OFF = {"plan": PlanReading(Plan.OFF, "Free")}
DARK = {"plan": PlanReading(Plan.UNKNOWN, reason="denied")}


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        (("Unhealthy",), State.ASSESSED),
        (("Healthy",), State.ASSESSED),
        (("UNHEALTHY", "healthy"), State.ASSESSED),
        (("Healthy", "NotApplicable"), State.ASSESSED),
        (("NotApplicable",), State.UNSUPPORTED),
        (("notapplicable",), State.UNSUPPORTED),
        (("Unhealthy", "OnHold"), State.UNKNOWN),
        (("OnHold",), State.UNKNOWN),
        (("NotApplicable", "OnHold"), State.UNKNOWN),
        (("",), State.UNKNOWN),
        (("Unhealthy", ""), State.UNKNOWN),
    ],
)
@pytest.mark.parametrize("changes", [{}, DARK])
def test_rows_speak_unless_the_plan_is_off(codes, state, changes):
    assert judge(rows(*codes), OLD, around(**changes)).state is state


def test_a_row_that_could_not_be_read_leaves_its_image_unknown():
    assert judge(rows("Unhealthy", problem="x"), NEW, around()).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("pushed_at", "changes", "state"),
    [
        (NEW, {}, State.INFERRED_CLEAN),
        (NEW, OFF, State.NOT_SCANNED),
        (OLD, OFF, State.NOT_SCANNED),
        (FRESH, OFF, State.NOT_SCANNED),
        (NEW, DARK, State.UNKNOWN),
        (FRESH, DARK, State.UNKNOWN),
        (FRESH, {}, State.PENDING),
        (NIGHT + timedelta(minutes=1), {}, State.PENDING),
        (NIGHT - timedelta(hours=1), {}, State.INFERRED_CLEAN),
        (NIGHT - timedelta(days=30), {}, State.INFERRED_CLEAN),
        (OLD, {}, State.STALE),
        (None, {}, State.UNKNOWN),
        (NEW, {"silent": True}, State.UNKNOWN),
        (FRESH, {"silent": True}, State.PENDING),
        (OLD, {"silent": True}, State.STALE),
        (NEW, OFF | {"silent": True}, State.NOT_SCANNED),
    ],
)
def test_no_rows(pushed_at, changes, state):
    assert judge(None, pushed_at, around(**changes)).state is state


@pytest.mark.parametrize("evidence", [None, rows("Unhealthy"), rows("NotApplicable")])
@pytest.mark.parametrize(
    ("error", "state"),
    [
        (AccessDeniedError("no"), State.DENIED),
        (UnavailableError("no"), State.UNKNOWN),
        (BrokenPageError("no"), State.UNKNOWN),
    ],
)
def test_a_listing_that_was_not_complete_vouches_for_no_image(evidence, error, state):
    assert judge(evidence, NEW, around(error=error)).state is state


def test_the_content_hash_does_not_depend_on_order_but_on_content_and_count():
    def hashed(*numbers: int) -> str:
        evidence = Evidence()
        for number in numbers:
            evidence.add_statement(number)
        return evidence.content_hash

    assert hashed(1, 2, 3) == hashed(3, 1, 2)
    assert len({hashed(), hashed(0), hashed(1), hashed(1, 2), hashed(3), hashed(1, 1)}) == 6


def test_the_words_and_the_time_of_the_evidence():
    evidence = Evidence()
    evidence.add("Unhealthy", NEW, None)
    evidence.add("Healthy", OLD, None)
    evidence.add("Unhealthy", None, None)
    assert (evidence.words, evidence.latest) == ("Healthy/Unhealthy", NEW)


def test_an_old_change_of_status_is_not_taken_for_an_old_look():
    evidence = Evidence()
    evidence.add("Unhealthy", OLD, None)
    verdict = judge(evidence, NEW, around())
    assert verdict.state is State.ASSESSED
    assert f"{OLD:%Y-%m-%d}" in verdict.reason
    assert "does not tell when it last looked" in verdict.reason


def test_rows_left_of_a_plan_that_is_off_are_stale():
    evidence = Evidence()
    evidence.add("Unhealthy", NEW, None)
    assert judge(evidence, NEW, around(plan=PlanReading(Plan.OFF))).state is State.STALE
