"""Every status of Artifact Analysis, known and unknown, against the state it must become."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.rpc import status_pb2  # type: ignore[import-untyped]  # no types
from grafeas import grafeas_v1 as gr

from audit.errors import BrokenPageError
from audit.model.enums import State
from providers.gcp.parse_discovery import (
    Verdict,
    discovery_of,
    newer,
    undiscovered,
    verdict_of,
)
from tests.unit.gcp.parts import MOMENT, NOTE, discovery, raw, vulnerability

Status: Any = gr.DiscoveryOccurrence.AnalysisStatus  # proto-plus enums are not typed as enums
Continuous: Any = gr.DiscoveryOccurrence.ContinuousAnalysis
UNSEEN = 97
STALE_AFTER = timedelta(days=30)


def judge(**fields: Any) -> Verdict:
    read = discovery_of(raw(discovery(**fields)))
    assert read is not None
    return verdict_of(read, MOMENT, STALE_AFTER)


STATES = {
    "ANALYSIS_STATUS_UNSPECIFIED": State.UNKNOWN,
    "PENDING": State.PENDING,
    "SCANNING": State.PENDING,
    "FINISHED_SUCCESS": State.ASSESSED,
    "FINISHED_FAILED": State.FAILED,
    "FINISHED_UNSUPPORTED": State.UNSUPPORTED,
}


def test_the_table_holds_every_status_of_the_sdk():
    assert STATES.keys() == {status.name for status in Status}


@pytest.mark.parametrize(("name", "state"), STATES.items())
def test_each_status_has_its_state(name, state):
    verdict = judge(analysis_status=Status[name])
    assert (verdict.state, verdict.native_status) == (state, f"{name}/ACTIVE")


@pytest.mark.parametrize("continuous", [*Continuous, UNSEEN])
@pytest.mark.parametrize("status", [*Status, UNSEEN])
def test_only_a_followed_success_is_assessed(status, continuous):
    verdict = judge(analysis_status=status, continuous_analysis=continuous)
    followed = status == Status.FINISHED_SUCCESS and continuous == Continuous.ACTIVE
    assert (verdict.state is State.ASSESSED) == followed
    assert verdict.reason
    if status == UNSEEN:
        assert verdict.state is State.UNKNOWN
        assert (verdict.native_status or "").split("/")[0] == "97"
    if status == Status.FINISHED_SUCCESS and continuous == UNSEEN:
        assert (verdict.state, verdict.native_status) == (State.UNKNOWN, "FINISHED_SUCCESS/97")


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"last_scan_time": MOMENT - timedelta(days=30)}, State.ASSESSED),
        ({"last_scan_time": MOMENT - timedelta(days=30, seconds=1)}, State.STALE),
        ({"last_scan_time": None}, State.STALE),
        ({"continuous_analysis": Continuous.INACTIVE}, State.STALE),
        ({"continuous_analysis": 0}, State.STALE),
        ({"archive_time": MOMENT - timedelta(seconds=1)}, State.EXPIRED),
        ({"archive_time": MOMENT + timedelta(seconds=1)}, State.ASSESSED),
    ],
)
def test_a_success_holds_only_while_it_is_fresh(fields, state):
    assert judge(**fields).state is state


def test_the_time_of_the_evidence_is_the_last_scan():
    scanned = MOMENT - timedelta(days=2, microseconds=5)
    assert judge(last_scan_time=scanned).scanned_at == scanned
    assert judge(last_scan_time=None).scanned_at is None


def test_a_failure_gives_googles_reason():
    error = status_pb2.Status(code=3, message="layer is broken")
    failed = Status.FINISHED_FAILED
    assert "layer is broken" in judge(analysis_status=failed, analysis_error=[error]).reason
    assert "layer is broken" in judge(analysis_status=failed, analysis_status_error=error).reason


def test_an_image_without_a_discovery_is_not_scanned():
    assert undiscovered(None).state is State.NOT_SCANNED
    assert undiscovered("linux/arm64").state is State.NOT_SCANNED
    assert "linux/arm64" in undiscovered("linux/arm64").reason


@pytest.mark.parametrize(
    "note",
    [
        "projects/goog-analysis/notes/SECRET",
        "projects/acme/notes/PACKAGE_VULNERABILITY",
        "",
    ],
)
def test_other_analyses_do_not_speak_for_the_image(note):
    assert discovery_of(raw(discovery(note_name=note))) is None
    assert discovery_of(raw(discovery(note_name=NOTE))) is not None


def test_the_newest_discovery_counts_in_any_order():
    old = discovery_of(raw(discovery(update_time=MOMENT - timedelta(days=1), name="z")))
    new = discovery_of(raw(discovery(update_time=MOMENT, name="a")))
    twin = discovery_of(raw(discovery(update_time=MOMENT, name="b")))
    assert old
    assert new
    assert twin
    assert newer(None, old) is old
    assert newer(old, new) is newer(new, old) is new
    assert newer(new, twin) is newer(twin, new) is twin


def test_an_occurrence_of_another_kind_is_refused():
    with pytest.raises(BrokenPageError, match="projects/p/o/v"):
        discovery_of(raw(vulnerability()))
