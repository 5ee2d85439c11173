"""Reading a registry that hides, fails and miscounts: all that can be read is, nothing is lost."""

from __future__ import annotations

import pytest

from audit.model.enums import Outcome
from audit.model.scope import LEFT_OUT
from tests.unit.azure.acr_inventory import BROKEN, IMAGE, B, listed, read, serve


def test_repositories_go_on_after_one_that_fails():
    outcome, sink = read(
        serve(
            catalog={"repositories": ["bad", "left-out", "good"]},
            bad={"manifestCount": 4},
            bad_manifests=BROKEN,
            good={"manifestCount": 1},
            good_manifests=listed(IMAGE),
        )
    )
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.PARTIAL, 5, 1)
    assert (outcome.error_code, outcome.errors, outcome.api_calls) == ("TOOBAD", 1, 5)
    told = {row["repository"]: (row["complete"], row["unread"]) for row in sink["repositories"]}
    assert told == {"left-out": (False, [LEFT_OUT]), "bad": (False, []), "good": (True, [])}


def test_properties_that_cannot_be_read_leave_the_listing_and_no_expectation():
    outcome, sink = read(
        serve(catalog={"repositories": ["a"]}, a=BROKEN, a_manifests=listed(IMAGE))
    )
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.PARTIAL, None, 1)
    (row,) = sink["repositories"]
    assert (row["expected_images"], row["complete"]) == (None, True)
    assert [note.partition(":")[0] for note in row["unread"]] == [
        *("created_at", "updated_at", "expected_images")
    ]


def test_fewer_manifests_than_the_repository_counts_are_not_all_of_them():
    outcome, sink = read(
        serve(catalog={"repositories": ["a"]}, a={"manifestCount": 2}, a_manifests=listed(IMAGE))
    )
    assert outcome.outcome is Outcome.PARTIAL
    assert "lists 1 manifests and counts 2" in str(outcome.error)
    assert sink["repositories"][0]["complete"] is False


def test_null_manifests_of_a_repository_that_counts_some_are_not_an_empty_one():
    served = serve(
        catalog={"repositories": ["a"]}, a={"manifestCount": 2}, a_manifests={"manifests": None}
    )
    assert read(served)[0].outcome is Outcome.FAILED


@pytest.mark.parametrize("answer", [{"manifests": None}, {}])
@pytest.mark.parametrize("properties", [{}, *({"manifestCount": n} for n in ("7", "?", -1, 2, ""))])
def test_no_list_of_manifests_without_a_count_of_none_is_a_broken_page(properties, answer):
    outcome, sink = read(
        serve(catalog={"repositories": ["a"]}, a=properties, a_manifests=answer),
    )
    assert outcome.outcome is Outcome.FAILED
    assert sink["repositories"][0]["complete"] is False


@pytest.mark.parametrize("count", [0, "0"])
@pytest.mark.parametrize("rows", [None, []])
def test_an_empty_repository_says_so_in_its_list_and_its_count(count, rows):
    served = serve(
        catalog={"repositories": ["a"]}, a={"manifestCount": count}, a_manifests={"manifests": rows}
    )
    outcome, sink = read(served)
    assert (outcome.outcome, outcome.listed, outcome.expected) == (Outcome.COMPLETE, 0, 0)
    assert sink["repositories"][0]["complete"] is True


def test_a_count_in_a_string_of_digits_is_a_count():
    outcome, sink = read(
        serve(catalog={"repositories": ["a"]}, a={"manifestCount": "7"}, a_manifests=listed(IMAGE))
    )
    assert (outcome.outcome, outcome.expected) == (Outcome.PARTIAL, 7)
    assert sink["repositories"][0]["complete"] is False


@pytest.mark.parametrize("properties", [{}, {"manifestCount": "many"}, {"manifestCount": -1}])
def test_a_count_that_cannot_be_read_leaves_the_listing_unchecked(properties):
    outcome, sink = read(
        serve(catalog={"repositories": ["a"]}, a=properties, a_manifests=listed(IMAGE))
    )
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.PARTIAL, None, 1)
    assert sink["repositories"][0]["unread"] == ["expected_images: manifestCount cannot be read"]


def test_more_manifests_than_counted_were_pushed_meanwhile():
    served = serve(
        catalog={"repositories": ["a"]},
        a={"manifestCount": 1},
        a_manifests=listed(IMAGE, IMAGE | {"digest": B}, IMAGE),
    )
    outcome, _ = read(served)
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.COMPLETE, 1, 2)


@pytest.mark.parametrize(("abac", "kind"), [(True, Outcome.DENIED), (False, Outcome.COMPLETE)])
def test_an_empty_catalogue_is_believed_only_without_repository_permissions(abac, kind):
    outcome, _ = read(serve(catalog={"repositories": []}), abac=abac)
    assert outcome.outcome is kind
    assert ("Catalog Lister" in str(outcome.missing_permission)) is abac
    assert outcome.expected == (None if abac else 0)


def test_under_repository_permissions_the_right_role_is_named():
    served = serve(catalog={"repositories": ["a"]}, a=BROKEN, a_manifests=BROKEN)
    outcome, _ = read(served, abac=True)
    assert "Repository Reader" in str(outcome.missing_permission)
