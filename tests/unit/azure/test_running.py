"""Running containers mark images in use; what could not be seen is never said not to run."""

from __future__ import annotations

import pytest

from providers.azure.running import Running
from tests.unit.azure.scripted import Say
from tests.unit.azure.support import Row
from tests.unit.azure.test_incremental import ROWS, Collected, collect, digest

A, B, C = (digest(letter) for letter in "abc")


def container(letter: str, subscription: str = "S-1", count: int = 2) -> Row:
    return {
        "id": f"{subscription}/{letter}",
        "subscriptionId": subscription,
        "digest": digest(letter),
        "containers": count,
    }


def seen(*rows: Row, expected: str = "", whole: bool = True) -> Running:
    running = Running(whole=whole, expected=frozenset(expected.split()), stated={A, B})
    running.take(rows)
    return running


def test_an_image_is_in_use_where_its_containers_run_anywhere_in_the_tenant():
    running = seen(container("a"), container("a", "s-2", 3), container("c"))
    assert running.in_use(A) == (True, 5)
    assert running.in_use(C) == (True, 2)
    assert running.note() == "s-1 s-2"


def test_an_image_with_flaws_that_is_not_named_was_seen_not_to_run():
    assert seen(container("a")).in_use(B) == (False, 0)


def test_of_an_image_without_flaws_nothing_is_said():
    assert seen(container("a")).in_use(C) == (None, None)


@pytest.mark.parametrize(
    "running",
    [
        seen(),
        seen(container("a"), whole=False),
        seen(container("a"), expected="s-1 s-2"),
    ],
    ids=["nobody watches", "not read to the end", "a cluster went out of sight"],
)
def test_what_could_not_be_seen_is_not_said_not_to_run(running):
    assert running.in_use(B) == (None, None)


def test_a_cluster_once_seen_is_expected_from_then_on():
    assert seen(container("a"), expected="s-2").note() == "s-1 s-2"


@pytest.mark.parametrize("row", [{"digest": None}, {"digest": "x"}, {"containers": None}])
def test_a_row_that_tells_no_image_leaves_room_for_any(row):
    assert not Running().take([container("a") | row])
    assert Running().take([container("a")])


def notes(run: Collected) -> dict[str, str]:
    return {name: value for name, value in run.notes().items() if name == "clusters"}


def test_running_containers_that_cannot_be_read_fail_nothing():
    run = collect(ROWS, running=Say({}, 500))
    assert (run.outcome.errors, notes(run)) == (0, {})
    assert notes(collect(ROWS, running=[container("a")])) == {"clusters": "s-1"}
