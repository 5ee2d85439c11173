"""A source that forgets rows for a night: what is missing once is unconfirmed, twice is gone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.model.enums import Outcome
from tests.unit.judge.nights import Told, changes, night

CVE, OTHER = "CVE-2026-1000", "CVE-2026-2000"
BOTH, REST = (Told(CVE), Told(OTHER)), (Told(OTHER),)


Night = tuple[Sequence[Told], Mapping[str, Any]]


def nights(root: Path, *nights: Night | tuple[Told, ...]) -> list[list[tuple[str, str, str]]]:
    """Publish nights, each told by its statements and perhaps by what is particular to it."""
    found = []
    for number, one in enumerate(nights):
        told, particular = (one[0], one[1]) if isinstance(one[0], tuple) else (one, {})
        with night(root, number, told, **{"second_look": True, **particular}) as run:
            found.append(changes(run))
    return found


def test_rows_that_vanish_for_a_night_and_return_close_nothing(tmp_path):
    _, missing, back, missing_again = nights(tmp_path, BOTH, REST, BOTH, REST)
    assert missing == [(CVE, "unconfirmed", "absent_once")]
    assert back == [(CVE, "confirmed", "stated_again")]
    assert missing_again == missing  # to have been missing before it was stated again is nothing


def test_what_is_missing_in_two_complete_looks_is_fixed(tmp_path):
    _, once, twice, later = nights(tmp_path, BOTH, REST, REST, REST)
    assert once == [(CVE, "unconfirmed", "absent_once")]
    assert twice == [(CVE, "closed", "fixed")]
    assert later == []


def test_the_source_that_forgets_nothing_needs_one_look(tmp_path):
    _, once = nights(tmp_path, BOTH, (REST, {"second_look": None}))
    assert once == [(CVE, "closed", "fixed")]


@pytest.mark.parametrize(
    "blind",
    [
        {"outcome": Outcome.PARTIAL},
        {"states": {"a": "unknown"}},
        {"states": {"a": "inferred_clean"}},
    ],
    ids=["scope incomplete", "image unknown", "image inferred clean"],
)
def test_a_look_that_was_none_does_not_count_as_the_second(tmp_path, blind):
    _, once, unseen, twice = nights(tmp_path, BOTH, REST, (REST, blind), REST)
    assert once == [(CVE, "unconfirmed", "absent_once")]
    assert [row for row in unseen if row[0] == CVE] == []
    assert (CVE, "closed", "fixed") in twice


def test_a_look_that_was_none_does_not_count_as_the_first(tmp_path):
    blind = {"states": {"a": "unknown"}}
    _, unseen, once, twice = nights(tmp_path, BOTH, (REST, blind), REST, REST)
    assert (CVE, "unconfirmed", "image_unknown") in unseen
    assert (CVE, "changed", "absent_once") in once
    assert twice == [(CVE, "closed", "fixed")]


def test_a_newer_image_without_it_needs_two_looks_too_and_is_a_fix(tmp_path):
    told = Told(OTHER, image="b")
    _, once, twice = nights(tmp_path, BOTH, ((told,), {"images": "b"}), ((told,), {"images": "b"}))
    assert (CVE, "unconfirmed", "absent_once") in once
    assert twice == [(CVE, "closed", "fixed")]


def test_images_that_are_gone_need_no_second_look(tmp_path):
    _, gone = nights(tmp_path, BOTH, ((), {"images": ""}))
    assert gone == [(CVE, "closed", "removed"), (OTHER, "closed", "removed")]
