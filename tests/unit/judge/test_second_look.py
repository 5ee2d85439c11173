"""A source that forgets rows for a night: what is missing once is unconfirmed, twice is gone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.model.enums import Outcome
from tests.unit.judge.nights import Told, changes, night

A, B, C, STAYS = (f"CVE-2026-{number}000" for number in (1, 2, 3, 4))
UNKNOWN = {"states": {"a": "unknown"}}


def publish(root: Path, *nights: tuple[str, Mapping[str, Any]]) -> list[set[tuple[str, str, str]]]:
    """Publish nights, each told by the vulnerabilities that are stated and what else is of it."""
    found = []
    for number, (stated, more) in enumerate(nights):
        image = more.get("images", "a")[:1]
        told: Sequence[Told] = [Told(name, image) for name in stated.split()]
        with night(root, number, told, **{"second_look": True, **more}) as run:
            found.append(set(changes(run)))
    return found


@pytest.fixture(scope="module")
def nights(tmp_path_factory) -> list[set[tuple[str, str, str]]]:
    return publish(
        tmp_path_factory.mktemp("nights"),
        (f"{A} {B} {C} {STAYS}", {}),
        (f"{B} {C} {STAYS}", {}),
        (f"{A} {C} {STAYS}", {}),
        (f"{C} {STAYS}", {}),
        ("", UNKNOWN),
        (STAYS, {}),
        (STAYS, {"outcome": Outcome.PARTIAL}),
        (STAYS, {}),
    )


def test_rows_that_vanish_for_a_night_and_return_close_nothing(nights):
    assert nights[1] == {(A, "unconfirmed", "absent_once")}
    assert (A, "confirmed", "stated_again") in nights[2]
    assert (A, "unconfirmed", "absent_once") in nights[3]  # what was before it returned is nothing


def test_what_is_missing_in_two_complete_looks_is_fixed(nights):
    assert (B, "unconfirmed", "absent_once") in nights[2]
    assert (B, "closed", "fixed") in nights[3]


def test_a_look_that_was_none_counts_neither_as_the_first_nor_as_the_second(nights):
    assert nights[4] == {
        (C, "unconfirmed", "image_unknown"),
        (STAYS, "unconfirmed", "image_unknown"),
    }
    assert nights[5] == {
        (A, "closed", "fixed"),
        (C, "changed", "absent_once"),
        (STAYS, "confirmed", "stated_again"),
    }
    assert nights[6] == set()
    assert nights[7] == {(C, "closed", "fixed")}


def test_the_source_that_forgets_nothing_needs_one_look(tmp_path):
    _, once = publish(tmp_path, (f"{A} {B}", {}), (B, {"second_look": None}))
    assert once == {(A, "closed", "fixed")}


def test_a_newer_image_without_it_needs_two_looks_too_and_is_a_fix(tmp_path):
    newer = {"images": "b"}
    _, once, twice, gone = publish(
        tmp_path, (f"{A} {B}", {}), (B, newer), (B, newer), ("", {"images": ""})
    )
    assert (A, "unconfirmed", "absent_once") in once
    assert twice == {(A, "closed", "fixed")}
    assert gone == {(B, "closed", "removed")}  # images that are gone need no second look


def test_a_newer_image_without_rows_for_a_night_removes_nothing(tmp_path):
    inferred = {"images": "b", "states": {"b": "inferred_clean"}}
    told = publish(tmp_path, (A, {}), ("", inferred), ("", inferred))
    assert told[1:] == [{(A, "unconfirmed", "absent_once")}, {(A, "closed", "removed")}]
