"""What the summary makes of images: batches of about a page, and marks that move with the rows."""

from __future__ import annotations

import json

import pytest

from providers.azure.defender_queries import changed, cve_details
from providers.azure.summary import BATCH, Summary, marks_of, noted


def name(number: int) -> str:
    return f"sha256:{number:064x}"


def summary(*counts: int, **changes: object) -> Summary:
    made = Summary()
    plain = {"changed": "2026-11-20T00:00:00Z", "size": 10}
    made.take({"id": name(n), "rows": rows, **plain, **changes} for n, rows in enumerate(counts))
    return made


def mark(**changes: object) -> str:
    return summary(3, **changes).briefs[name(0)].mark


def test_a_batch_is_about_one_page_and_of_few_digests():
    made = summary(600, 300, 200, 900)
    batches = made.batches(made.briefs)
    assert batches == [[name(0), name(1)], [name(2)], [name(3)]]
    assert (made.cost(batches), made.rows, made.pages()) == (3, 2000, 2)
    small = summary(*[1] * 120)
    assert [len(one) for one in small.batches(small.briefs)] == [BATCH, BATCH, 20]


def test_an_image_larger_than_a_page_is_a_batch_of_several_pages():
    made = summary(2500, 10)
    assert made.batches(made.briefs) == [[name(0)], [name(1)]]
    assert made.cost(made.batches(made.briefs)) == 4
    assert made.batches([]) == []


@pytest.mark.parametrize("moved", [{"rows": 4}, {"changed": "2026-11-21T00:00:00Z"}, {"size": 11}])
def test_the_mark_moves_with_the_count_the_date_and_the_length(moved):
    assert mark() == mark()
    assert mark(**moved) != mark()


@pytest.mark.parametrize(
    "row",
    [
        {"id": "", "rows": 1},
        {"id": "latest", "rows": 1},
        {"id": name(0), "rows": None},
        {"id": name(0), "rows": "many"},
        {"id": f"{name(0)}') or true //", "rows": 1},
    ],
)
def test_a_row_that_tells_no_image_makes_the_summary_useless(row):
    made = Summary()
    made.take([row])
    assert made.problem


def test_an_image_in_two_spellings_makes_the_summary_useless():
    made = summary(1)
    made.take([{"id": name(0)[7:], "rows": 1}])
    assert "twice" in str(made.problem)


def test_a_digest_is_asked_for_as_its_rows_spell_it():
    made = Summary()
    made.take([{"id": name(7)[7:], "rows": 1}])
    assert made.briefs[name(7)].asked_by == name(7)[7:]


def test_only_images_of_which_all_rows_came_are_noted():
    made = summary(1, 2, 3)
    assert set(marks_of(noted(made, {name(0): 1, name(1): 1, name(2): 3}))) == {name(0), name(2)}
    assert marks_of(noted(summary(1, changed=None), {name(0): 1})) == {}


@pytest.mark.parametrize("note", [None, "", "{", "[]", "3", '{"a": 1}'])
def test_a_note_that_is_none_holds_no_mark(note):
    assert marks_of(note) == {}
    assert marks_of(json.dumps({"a": "x"})) == {"a": "x"}


@pytest.mark.parametrize("bad", ["x'", "sha256:'", name(1).upper(), "a b", ""])
def test_nothing_from_outside_goes_into_a_query_unchecked(bad):
    for write in (changed, cve_details):
        if write is cve_details and bad == name(1).upper():
            continue
        with pytest.raises(ValueError, match="well-formed"):
            write([bad])
        with pytest.raises(ValueError, match="well-formed"):
            write([])
