"""What is scanned, in which order, and what a budget leaves out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ports import Describer
from audit.rules import Budget, ScanRules
from audit.scanning.plan import Action, Wanted, plan
from audit.scanning.run import IMAGES_A_TASK, tasks_of
from audit.store.ahead import Candidate, Place
from audit.store.sboms import StoredSbom

BY = Describer("0.76.0")
OLD, NEW = StoredSbom("a", "b", "0.70.0"), StoredSbom("a", "b", "0.76.0")


def candidate(
    number: int, *, looked_at: bool = False, sbom: StoredSbom | None = None, size: int | None = 10
) -> Candidate:
    place = Place("oci", "registry.example", f"team/app-{number}", "", "", "oci/registry.example")
    return Candidate(f"sha256:{number}", (place,), size, looked_at, sbom)


def planned(candidates: list[Candidate], **rules: Any) -> dict[str, tuple[Action, str]]:
    found = plan(candidates, ScanRules.model_validate(rules), BY)
    return {one.digest: (one.action, one.reason) for one in found}


def actions(candidates: list[Candidate], **rules: Any) -> list[str]:
    return [
        f"{digest[7:]} {action}" for digest, (action, _) in planned(candidates, **rules).items()
    ]


def test_only_what_nobody_else_assessed_is_pulled_unless_all_is_asked_for():
    some = [candidate(1), candidate(2, looked_at=True)]
    assert actions(some) == ["1 pull"]
    assert actions(some, select="all") == ["1 pull", "2 pull"]


def test_what_was_looked_into_once_is_matched_again_even_where_another_assessed_it():
    assert actions([candidate(1, looked_at=True, sbom=NEW)]) == ["1 match"]


def test_what_an_older_version_described_is_looked_into_again_after_what_never_was():
    some = [candidate(1, sbom=OLD), candidate(2)]
    assert actions(some) == ["1 renew", "2 pull"]
    assert actions(some, budget={"images": 1}) == ["1 match", "2 pull"]


def test_a_budget_of_images_leaves_the_least_exposed_and_says_so():
    found = planned([candidate(1), candidate(2), candidate(3)], budget={"images": 2})
    assert found["sha256:3"] == (Action.LEAVE, "outside the budget of 2 images a run")
    assert [action for action, _ in found.values()] == [Action.PULL, Action.PULL, Action.LEAVE]


def test_an_image_that_does_not_fit_does_not_keep_a_smaller_one_out():
    some = [candidate(1, size=60), candidate(2, size=60), candidate(3, size=30)]
    assert actions(some, budget={"bytes": 100}) == ["1 pull", "2 leave", "3 pull"]


def test_an_image_of_unknown_size_is_pulled_alone_where_bytes_are_bounded():
    some = [candidate(1, size=None), candidate(2, size=None)]
    assert actions(some, budget={"bytes": 100}) == ["1 pull", "2 leave"]
    assert "size is not known" in planned(some, budget={"bytes": 100})["sha256:2"][1]


def test_nothing_may_be_pulled_and_what_is_known_is_still_matched():
    some = [candidate(1), candidate(2, sbom=NEW), candidate(3, sbom=OLD)]
    assert actions(some, budget={"images": 0}) == ["1 leave", "2 match", "3 match"]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({"include": ["registry.example/team/*"]}, ["1 pull"]),
        ({"exclude": ["*/app-1"]}, []),
        ({"include": ["other/*"]}, []),
    ],
)
def test_patterns_name_registry_and_repository(rules, left):
    assert actions([candidate(1)], **rules) == left


def test_a_pattern_keeps_out_one_place_of_an_image_and_not_the_other():
    one = candidate(1)
    other = Place("aws", "1.dkr.ecr.eu-west-1.amazonaws.com", "app", "1", "eu-west-1", "aws/1")
    both = Candidate(one.digest, (*one.places, other), 10, looked_at=False, sbom=None)
    (wanted,) = plan([both], ScanRules(exclude=("registry.example/*",)), BY)
    assert wanted.places == (other,)


SIZES = st.one_of(st.none(), st.integers(0, 50))
CANDIDATES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([None, OLD, NEW]), SIZES), max_size=12
).map(
    lambda told: [
        candidate(number, looked_at=looked, sbom=sbom, size=size)
        for number, (looked, sbom, size) in enumerate(told)
    ]
)
BOUNDS = st.one_of(st.none(), st.integers(0, 100))


@given(CANDIDATES, BOUNDS, BOUNDS)
def test_no_budget_is_ever_passed_and_nothing_is_left_without_a_reason(candidates, images, size):
    rules = ScanRules(select="all", budget=Budget(images=images, bytes=size))
    found = plan(candidates, rules, BY)
    assert [one.digest for one in found] == [one.digest for one in candidates]
    pulled = [one for one in found if one.action in {Action.PULL, Action.RENEW}]
    assert images is None or len(pulled) <= images
    assert size is None or sum(one.size_bytes or 0 for one in pulled) <= size
    assert all(bool(one.reason) == (one.action is Action.LEAVE) for one in found)
    assert all(one.sbom for one in found if one.action in {Action.MATCH, Action.RENEW})


def test_a_plan_says_nothing_of_images_that_are_not_wanted():
    assert plan([candidate(1, looked_at=True)], ScanRules(), BY) == []
    assert isinstance(plan([candidate(1)], ScanRules(), Describer(""))[0], Wanted)


def test_what_was_not_looked_for_is_looked_for_once_it_is_asked_for_and_not_before():
    secrets = Describer("0.76.0", frozenset({"secret"}))
    both = StoredSbom("a", "b", "0.76.0", frozenset({"secret", "misconfiguration"}))
    some = [candidate(1, sbom=NEW), candidate(2, sbom=both)]
    found = plan(some, ScanRules(), secrets)
    assert [one.action for one in found] == [Action.RENEW, Action.MATCH]
    assert [one.action for one in plan(some, ScanRules(), BY)] == [Action.MATCH, Action.MATCH]


def test_all_that_is_matched_goes_before_any_pull_and_that_before_renewals_the_most_exposed_first():
    some = [candidate(1), candidate(2, sbom=OLD), candidate(3, sbom=NEW), candidate(4, sbom=NEW)]
    there = Place("oci", "other.example", "app", "", "", "oci/other.example")
    some[2] = replace(some[2], places=(there,))
    tasks = list(tasks_of("trivy", plan(some, ScanRules(), BY)))
    assert [task.params["digests"][7:] for task in tasks] == ["3", "4", "1", "2"]


def test_tasks_hold_some_images_each_and_every_image_once():
    some = [candidate(number, sbom=NEW) for number in range(2 * IMAGES_A_TASK + 1)]
    tasks = list(tasks_of("trivy", plan(some, ScanRules(), BY)))
    parts = [task.params["digests"].split() for task in tasks]
    assert [len(part) for part in parts] == [IMAGES_A_TASK, IMAGES_A_TASK, 1]
    assert [digest for part in parts for digest in part] == [one.digest for one in some]
    assert len({task.task_id for task in tasks}) == len(tasks)


def test_an_image_of_which_not_all_can_be_told_does_not_keep_the_others_out_each_night():
    asked = Describer("0.76.0", frozenset({"secret"}))
    nights: dict[int, str] = dict.fromkeys(range(4), "20261101T020000Z")
    looked = []
    for night in range(2, 10):
        some = [candidate(n, sbom=replace(NEW, run_id=run)) for n, run in nights.items()]
        rules = ScanRules(budget=Budget(images=1))
        (one,) = [one for one in plan(some, rules, asked) if one.action is Action.RENEW]
        number = int(one.digest[7:])
        looked.append(number)
        nights[number] = f"202611{night:02}T020000Z"  # tried, and again not told
    assert looked == [0, 1, 2, 3, 0, 1, 2, 3]
