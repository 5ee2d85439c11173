"""What a run notes for the next one, and what that one then asks for. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from audit.model.enums import State
from providers.gcp.marks import FORM, Known, Mark, mark_of
from providers.gcp.names import Where
from providers.gcp.parse_discovery import Discovery, Verdict, discovery_of
from providers.gcp.reading import Judged, batches, is_dearer, moved
from providers.gcp.recall import Told
from tests.unit.gcp.parts import MOMENT, REGISTRY_ID, digest, discovery, raw, uri

A = Where(REGISTRY_ID, "app", digest("a"))
EARLIER = MOMENT - timedelta(days=3)
CHANGED = 1_700_000_000_000_000
SCOPE = "gcp/p/artifact-analysis"


def found(**fields) -> Discovery:
    read = discovery_of(raw(discovery(**fields)))
    assert read is not None
    return replace_changed(read, CHANGED)


def replace_changed(one: Discovery, changed: int | None) -> Discovery:
    return one._replace(results_changed=changed)


def known(status: int = 3, changed: int | None = CHANGED) -> Mark:
    mark = Mark(EARLIER, 100)
    mark.note(A, Known(status, changed, 4))
    return mark


def asked(
    one: Discovery,
    mark: Mark | None = None,
    state: State = State.ASSESSED,
    before: State = State.ASSESSED,
) -> bool:
    images = {A: Judged(one, Verdict(state, "why"))}
    return A in moved(images, mark or known(), {A: Told(str(before), None)})


def test_an_image_whose_results_did_not_change_is_not_asked_about():
    assert not asked(found())
    assert not asked(found(last_scan_time=MOMENT)), "a scan that changes nothing moves only that"
    assert not asked(found(continuous_analysis=2), state=State.STALE)


@pytest.mark.parametrize(
    ("one", "mark"),
    [
        (replace_changed(found(), CHANGED + 1), known()),
        (replace_changed(found(), None), known(changed=None)),
        (found(), known(status=2)),
        (found(), Mark(EARLIER, 100)),
    ],
    ids=["changed", "not told when", "was being scanned", "never read"],
)
def test_an_image_that_may_have_moved_is_asked_about(one, mark):
    assert asked(one, mark)


@pytest.mark.parametrize("before", ["stale", "unknown", "denied", "expired", "pending"])
def test_what_was_no_look_before_is_read_before_it_is_one(before):
    assert asked(found(), before=State(before))
    assert not asked(found(), state=State.STALE, before=State(before))


@pytest.mark.parametrize("status", [1, 2, 4, 5, 97])
def test_an_image_without_an_analysis_has_nothing_to_read(status):
    waiting = replace_changed(found(analysis_status=status), None)
    assert not asked(waiting, Mark(EARLIER, 100), state=State.PENDING)
    assert asked(replace_changed(waiting, CHANGED), Mark(EARLIER, 100), state=State.PENDING)


def test_a_mark_comes_back_as_it_was_noted():
    mark = known()
    again = mark_of(mark.text())
    assert again == mark
    assert again is not None
    assert again.of(A) == Known(3, CHANGED, 4)
    assert again.of(A._replace(digest=digest("b"))) is None
    assert again.of(A._replace(repository="other")) is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"full":"yesterday","occurrences":1,"images":{},"form":"1"}',
     '{"full":"2026-01-01T00:00:00+00:00","occurrences":1,"images":{"r":{"d":[1]}},"form":"1"}'],
)  # fmt: skip
def test_a_mark_that_cannot_be_read_is_none(text):
    assert mark_of(text) is None


def test_everything_is_read_after_the_days_at_most_and_half_of_them_at_least():
    mark = Mark(EARLIER, 100)
    assert not mark.is_due(SCOPE, EARLIER + timedelta(days=3.4), 7)
    assert mark.is_due(SCOPE, EARLIER + timedelta(days=7), 7)
    due = [mark.is_due(f"gcp/p{n}/x", EARLIER + timedelta(days=5), 7) for n in range(200)]
    assert 40 < sum(due) < 160, "not all projects fall due in one night"


def test_a_mark_of_another_form_or_of_the_future_is_not_gone_on_from():
    mark = Mark(EARLIER, 100)
    assert replace(mark, form=f"{FORM}0").is_due(SCOPE, EARLIER, 7)
    assert mark.is_due(SCOPE, EARLIER - timedelta(seconds=1), 7)


@pytest.mark.parametrize(
    ("moved_images", "placed", "occurrences", "dearer"),
    [
        (0, 10_000, 1_000_000, False),
        (1, 1, 5, False),
        (20, 100, 900, False),
        (21, 100, 900, True),  # two filters against one page
        (1_000, 10_000, 1_000_000, False),  # 50 filters of two pages against 1,000 pages
        (10_000, 10_000, 1_000_000, False),
        (10_000, 10_000, 100_000, True),  # few statements each: 500 filters against 100 pages
        (1, 0, 0, False),
    ],
)
def test_the_full_listing_is_taken_when_it_is_cheaper(moved_images, placed, occurrences, dearer):
    assert is_dearer(moved_images, placed, Mark(EARLIER, occurrences)) is dearer


def test_images_are_asked_about_in_portions_of_one_filter():
    images = {A._replace(repository=f"r{n:02}"): uri("a") for n in range(45)}
    portions = batches(images)
    assert [len(portion) for portion in portions] == [20, 20, 5]
    assert {where for portion in portions for where in portion} == images.keys()
