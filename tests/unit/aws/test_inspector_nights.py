"""Inspector over several nights: little is asked, and the warehouse holds the truth all the same.

Every night of the story is compared with the estate's own description as well.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from providers.loopback.estate import Estate, Fault, Image
from tests.support.inspector_nights import LAPSED, Night, estate, found, night, nights, place
from tests.unit.loopback.estates import ACCOUNT, MOMENT, REGION

GONE = "The image is gone."
LAPSE = "The rescan window of the image lapsed: nothing was fixed."
NOT_FOUND = "Inspector no longer finds it: it was fixed, or no longer matches."
BROKEN = Fault("findings", "aws", ACCOUNT, REGION)
DENIED = Fault("denied", "aws", ACCOUNT, REGION)
NO_FINDINGS = Fault("findings_denied", "aws", ACCOUNT, REGION)
QUIET = {"ListFindings": 1, "ListCoverage": 1}
START = {"1": (1, 2), "2": (2,), "3": (1, 3), "4": (4,), "5": (5,), "6": (6, 2)}


def _images(**changes: Image | None) -> list[Image]:
    images = {f"i{number}": found(int(number), *stated) for number, stated in START.items()}
    return [one for one in (images | changes).values() if one is not None]


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator[list[Night]]:
    """Night by night: see the comment beside each."""
    fresh = replace(found(7, 7, 8, at=2), pushed_at=MOMENT + timedelta(days=1, hours=20))
    after = {"i1": found(1, 2, 9, at=2), "i2": None, "i7": fresh}
    lapsed = after | {"i3": found(3, native=LAPSED, at=2)}
    revived = after | {"i3": found(3, 3, at=4), "i4": found(4, 4, 10, at=3)}
    opened = revived | {"i5": found(5, 11, at=5)}
    fewer = opened | {"i7": None}
    last = fewer | {"i6": found(6, 2, 12, at=9)}
    shown = [
        night(0, *_images()),  # everything is read
        night(1, *_images()),  # nothing changed
        night(2, *_images(**lapsed), suppressed="CVE-2026-0005"),  # all kinds of change
        night(3, *_images(**revived), faults=(NO_FINDINGS,)),
        night(4, *_images(**revived)),
        night(5, *_images(**opened), faults=(DENIED,)),
        night(6, *_images(**opened)),
        night(9, *_images(**fewer)),  # closures of what was deleted have gone meanwhile
        night(10, *_images(**last), faults=(BROKEN,), findings_page_size=1),
        night(11, *_images(**last)),  # what changed in the broken night is old by now
    ]
    with nights(tmp_path_factory.mktemp("story"), shown[0]) as job:
        # The oracle knows nothing of pages that break off.
        yield [job.run(one, honest=number < 8) for number, one in enumerate(shown)]


def _asked(told: Night) -> dict[str, int]:
    asked = {*QUIET, "ListFindingAggregations", "ListMembers"}
    return {name: count for name, count in told.calls.items() if name in asked}


def _closed(told: Night) -> list[tuple[int, str]]:
    query = "SELECT vulnerability_id[10:]::INT, closing_reason FROM exposure_changes"
    return told.rows(f"{query} WHERE state = 'closed' ORDER BY ALL")


def test_an_unchanged_night_asks_one_page_of_each(story):
    assert _asked(story[0]) == QUIET | {"ListFindingAggregations": 1}
    assert _asked(story[1]) == QUIET
    assert set(story[0].bases().values()) == {"read"}
    assert set(story[1].bases().values()) == {"changes"}
    assert story[1].stated() == story[0].stated()
    assert story[1].rows("SELECT * FROM exposure_changes") == []


def test_changes_are_taken_over_for_no_further_call(story):
    assert _asked(story[2]) == QUIET
    assert {("1", 2), ("1", 9)} <= story[2].stated()
    assert ("1", 1) not in story[2].stated()


def test_a_new_image_is_whole_in_the_window(story):
    assert story[2].bases()["7"] == "read"
    assert {("7", 7), ("7", 8)} <= story[2].stated()


def test_closures_say_why(story):
    assert story[2].closings() == {
        ("1", 1, NOT_FOUND),
        ("2", 2, GONE),
        ("3", 1, LAPSE),
        ("3", 3, LAPSE),
    }


def test_a_lapsed_rescan_window_closes_nothing(story):
    assert story[2].states()["3"] == "expired"
    assert {("3", 1), ("3", 3)} <= story[2].stated()
    assert 3 not in {number for number, _ in _closed(story[2])}


def test_suppressed_statements_are_kept_and_marked(story):
    query = "SELECT native_state FROM findings WHERE vulnerability_id = 'CVE-2026-0005'"
    assert [one.rows(query) for one in story[1:3]] == [[("ACTIVE",)], [("SUPPRESSED",)]]


@pytest.mark.parametrize(("number", "outcome"), [(3, "denied"), (5, "denied"), (8, "failed")])
def test_a_night_that_could_not_look_closes_nothing(story, number, outcome):
    assert story[number].findings_scope()[0] == outcome
    assert set(story[number].states().values()) <= {"unknown", "denied"}
    assert _closed(story[number]) == []
    assert story[number].closings() == set()


def test_what_changed_in_a_broken_night_is_read_in_the_next(story):
    assert ("6", 6) in story[8].stated()
    assert story[9].states() == dict.fromkeys("13456", "assessed")
    assert {("6", 2), ("6", 12)} <= story[9].stated()
    assert ("6", 6) not in story[9].stated()


def test_what_changed_in_a_denied_night_is_read_in_the_next(story):
    assert story[4].states() == dict.fromkeys("134567", "assessed")
    assert {("3", 3), ("4", 4), ("4", 10)} <= story[4].stated()
    assert ("3", 1) not in story[4].stated()
    assert ("5", 11) not in story[5].stated()
    assert ("5", 11) in story[6].stated()
    assert ("5", 5) not in story[6].stated()


def test_after_a_gap_everything_is_read(story):
    assert set(story[7].bases().values()) == {"read"}
    assert story[7].closings() == {("7", 7, GONE), ("7", 8, GONE)}
    assert {image for image, _ in story[7].stated()} == set("13456")


def test_an_image_that_is_looked_at_again_is_read_whole_and_no_other(tmp_path):
    side = {"side": (found(9, 3),)}

    def shown(day: int, *images: Image) -> Estate:
        return estate(day, place(ACCOUNT, *images, more=side))

    first = (found(1, 1, 2), found(2, 2), found(3, 3), found(4, 4))
    lapsed = (found(1, native=LAPSED), *first[1:])
    again = (found(1, 1, at=2), *first[1:])
    with nights(tmp_path, shown(0, *first)) as job:
        job.run(shown(0, *first), honest=False, exclude=["side"])
        job.run(shown(1, *lapsed), honest=False, exclude=["side"])
        told = job.run(shown(2, *again), honest=False)
        # The other's repository was left out until now: its findings are older than the window.
        assert told.bases() == {"1": "read", **dict.fromkeys("234", "changes"), "9": "read"}
        assert told.stated() == {("1", 1), ("2", 2), ("3", 3), ("4", 4), ("9", 3)}
        assert told.calls["ListFindings"] == 2, "the window, and both images in one call"


def test_a_night_that_does_not_tell_who_scans_changes_no_source(tmp_path):
    """Else the answers of a night through ECR would stand beside Inspector's for good."""
    denied = replace(
        DENIED, kind="posture_denied", operation="ecr:GetRegistryScanningConfiguration"
    )
    before, after = found(1, 1, 2), found(1, 1, at=2)
    with nights(tmp_path, night(0, before)) as job:
        job.run(night(0, before))
        dark = job.run(night(1, before, faults=(denied,)), honest=False)
        light = job.run(night(2, after), honest=False)
        assert "DescribeImageScanFindings" not in dark.calls
        inventory = "SELECT outcome, missing_permission FROM scopes WHERE kind = 'inventory'"
        assert dark.rows(inventory) == [("partial", denied.operation)]
        for told in (dark, light):
            assert told.rows("SELECT source, state FROM assessments") == [("inspector", "assessed")]
        assert light.stated() == {("1", 1)}
        assert _closed(light) == [(2, "fixed")]


def test_closures_are_told_where_more_changed_than_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr("providers.aws.inspector._MOST_CHANGES", 3)
    after = found(1, 2, 3, 4, 5, at=1)
    with nights(tmp_path, night(0, found(1, 1, 2))) as job:
        job.run(night(0, found(1, 1, 2)))
        told = job.run(night(1, after))
        assert told.calls["ListFindings"] == 3, "the window, everything, and what was taken back"
        assert told.closings() == {("1", 1, NOT_FOUND)}
