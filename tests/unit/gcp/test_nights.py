"""Artifact Analysis over several nights: little is asked, and the warehouse holds the truth.

Every night of the story is compared with the estate's own description as well.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.loopback.estate import Fault, Image
from tests.support.gcp_nights import LEFT, PENDING, Night, found, night, nights
from tests.unit.loopback.estates import LOCATION, PROJECT

BROKEN = Fault("findings", "gcp", PROJECT)
UNREACHABLE = Fault("unreachable", "gcp", PROJECT, LOCATION)
START = {1: (1, 2), 2: (2,), 3: (1, 3), 4: (4,), 5: (), 6: (6, 2), 9: (9,)}


def images(changes: dict[int, Image | None] | None = None) -> list[Image]:
    shown = {number: found(number, *stated) for number, stated in START.items()}
    return [one for one in (shown | (changes or {})).values() if one is not None]


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator[list[Night]]:
    """Night by night: see the comment beside each."""
    changed = {1: found(1, 2, 12, at=2), 2: None, 7: found(7, 7, 8, at=2)}
    changed |= {8: found(8, native=PENDING), 9: found(9, 9, native=LEFT)}
    left = changed | {3: found(3, native=LEFT, at=2), 8: found(8, 8, at=3), 9: found(9, 9)}
    gone = left | {3: found(3, native=(), state="expired")}
    broken = gone | {4: found(4, 4, 10, 11, at=3.5)}
    shown = [
        night(0, *images()),  # everything is read
        night(1, *images()),  # nothing changed
        night(2, *images(changed)),  # a scan with another result, an image deleted, two pushed
        night(3, *images(left)),  # one is no longer followed, one is again, one was analysed
        night(3.4, *images(gone)),  # what Google knew of one is deleted
        night(3.6, *images(broken), faults=(BROKEN,), findings_page_size=2),
        night(3.7, *images(broken)),  # what changed in the broken night is old by now
        night(3.8, *images(broken), faults=(UNREACHABLE,)),
        night(12, *images(broken)),  # it is time to read everything again
    ]
    with nights(tmp_path_factory.mktemp("story"), shown[0]) as job:
        # The oracle knows nothing of a listing by image that breaks off.
        yield [job.run(one, honest=number < 5) for number, one in enumerate(shown)]


def test_the_first_night_reads_everything_and_checks_it(story):
    first = story[0]
    assert first.calls["GetVulnerabilityOccurrencesSummary"] == 1
    assert first.asked() == 2
    assert set(first.bases().values()) == {"read"}
    assert first.outcome() == ("complete", None)


def test_an_unchanged_night_asks_for_discovery_alone(story):
    quiet = story[1]
    assert quiet.asked() == 1
    assert not quiet.calls["GetVulnerabilityOccurrencesSummary"]
    assert quiet.stated() == story[0].stated()
    assert set(quiet.bases().values()) == {"remembered"}
    fresh = "SELECT count(*) FROM findings WHERE observed_run_id = run_id"
    assert quiet.rows(fresh) == [(len(quiet.stated()),)], "what stands is confirmed"


def test_only_what_moved_is_read_in_one_filter(story):
    changed = story[2]
    assert changed.asked() == 2
    assert {number for number, basis in changed.bases().items() if basis == "read"} == {"1", "7"}
    assert {("1", 12), ("7", 7), ("7", 8)} <= changed.stated()
    assert ("1", 1) not in changed.stated()


def test_an_image_that_was_pending_is_read_once_it_is_analysed(story):
    assert story[2].states()["8"] == "pending"
    assert (story[3].states()["8"], story[3].bases()["8"]) == ("assessed", "read")
    assert ("8", 8) in story[3].stated()


def test_an_image_that_is_followed_again_is_read_again(story):
    assert (story[2].states()["9"], story[2].bases()["9"]) == ("stale", "remembered")
    assert (story[3].states()["9"], story[3].bases()["9"]) == ("assessed", "read")


def test_statements_that_google_deletes_of_an_image_it_left_are_no_fixes(story):
    for told, state in ((story[3], "stale"), (story[4], "expired")):
        assert told.states()["3"] == state
        assert {("3", 1), ("3", 3)} <= told.stated()
        closed = told.rows("SELECT vulnerability_id FROM exposures_now WHERE state = 'closed'")
        assert ("CVE-2026-0003",) not in closed
    (reason,) = story[4].rows("SELECT reason FROM assessments WHERE state = 'expired'")
    assert "deleted" in reason[0]


def test_a_listing_by_image_that_breaks_concerns_those_images_alone(story):
    broken = story[5]
    assert broken.outcome() == ("partial", "UNAVAILABLE")
    odd = {number: state for number, state in broken.states().items() if state != "assessed"}
    assert odd == {"3": "expired", "4": "unknown"}
    assert ("4", 4) in broken.stated(), "what is on record stays"


def test_what_moved_in_a_broken_night_is_read_in_the_next(story):
    mended = story[6]
    assert mended.bases()["4"] == "read"
    assert {("4", 4), ("4", 10), ("4", 11)} <= mended.stated()
    assert mended.states()["4"] == "assessed"
    assert mended.asked() == 2


def test_a_region_that_does_not_answer_leaves_no_image_clean_and_forgets_nothing(story):
    lost = story[7]
    assert lost.outcome() == ("failed", "unreachable")
    assert set(lost.states().values()) == {"unknown"}
    assert lost.asked() == 1, "what stands is on record: nothing is asked for in vain"
    assert lost.stated() == story[6].stated()


def test_everything_is_read_again_after_the_days_that_are_set(story):
    due = story[8]
    assert set(due.bases().values()) == {"read"}
    assert due.calls["GetVulnerabilityOccurrencesSummary"] == 1
    assert due.states() == story[6].states()


def test_a_full_listing_is_taken_where_it_needs_fewer_calls(tmp_path):
    many = [found(number, number) for number in range(1, 46)]
    with nights(tmp_path, night(0, *many)) as job:
        job.run(night(0, *many))
        moved = [found(number, number, 100, at=1) for number in range(1, 46)]
        told = job.run(night(1, *moved))
        assert told.asked() == 2, "three filters of twenty images would be three calls"
        assert set(told.bases().values()) == {"read"}
