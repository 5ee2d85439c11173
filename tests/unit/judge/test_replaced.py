"""What replaces an image, and what may: nothing closes because the new one could not be seen."""

from pathlib import Path

from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.replay import Replay, rebuild_differences
from tests.unit.judge.nights import Told, changes, night

CVE = "CVE-2026-1000"
SAME = {"b": "a"}
"""The new image was pushed in the second of the old one."""


def replaced(root: Path, state: str) -> list[tuple[str, str, str]]:
    with night(root, 1, [], images="b", states={"b": state}, pushed_with=SAME) as run:
        return changes(run)


def test_an_unseen_image_pushed_at_that_moment_removes_nothing_until_it_is_seen(tmp_path):
    own, again = tmp_path / "own", tmp_path / "again"
    night(own, 0, [Told(CVE), Told("CVE-2026-2000")]).close()
    assert replaced(own, "denied") == [
        (CVE, "unconfirmed", "successor_denied"),
        ("CVE-2026-2000", "unconfirmed", "successor_denied"),
    ]
    still = Told("CVE-2026-2000", image="b")
    with night(own, 2, [still], images="b", pushed_with=SAME) as run:
        assert changes(run) == [
            (CVE, "closed", "removed"),  # no newer image and no carrier: it proves no fix
            ("CVE-2026-2000", "confirmed", "stated_again"),
        ]
    runs = list(Replay(Layout(own), Layout(again)).run())
    assert runs == Warehouse(Layout(own)).run_ids()
    assert rebuild_differences(Layout(own), Layout(again), runs) == {}


def test_an_image_that_was_inferred_clean_at_that_moment_removes_it(tmp_path):
    night(tmp_path, 0, [Told(CVE)]).close()
    assert replaced(tmp_path, "inferred_clean") == [(CVE, "closed", "removed")]


def test_an_older_image_that_cannot_be_seen_is_no_replacement(tmp_path):
    night(tmp_path, 0, [Told(CVE, image="b")], images="ab", states={"a": "denied"}).close()
    with night(tmp_path, 1, [], images="a", states={"a": "denied"}) as run:
        assert changes(run) == [(CVE, "closed", "removed")]
