"""What the run before read is taken over where nothing changed, and only there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from audit.model.enums import Outcome
from audit.ports import Memory, RunContext
from providers.azure.remembered import Remembered
from providers.azure.unchanged import is_due
from tests.support.kept import Kept
from tests.unit.azure.acr_inventory import BROKEN, IMAGE, INDEX, A, B, listed, read, serve
from tests.unit.azure.scripted import Asked, Say
from tests.unit.azure.support import KeepingSink
from tests.unit.loopback.azure_estates import NIGHT

C = f"sha256:{'c' * 64}"
PROPERTIES = {
    "manifestCount": 3,
    "tagCount": 1,
    "createdTime": "2026-01-01T00:00:00Z",
    "lastUpdateTime": "2026-11-01T00:00:00.1234567Z",
}
ROWS = listed(
    IMAGE | {"tags": ["v1"], "os": "linux", "architecture": "amd64"},
    {"digest": B, "mediaType": INDEX},
    {"digest": C, "mediaType": IMAGE["mediaType"], "configMediaType": "application/x-sig"},
)
DOCUMENTS = {"mediaType": INDEX, "manifests": [{"digest": A}], "subject": {"digest": A}}
Rows = Mapping[str, list[dict[str, Any]]]


def context(memory: Memory, moment: datetime) -> RunContext:
    return RunContext("run-2", moment, logging.getLogger("tests.azure"), memory)


def first() -> KeepingSink:
    outcome, sink = read(served())
    assert outcome.outcome is Outcome.COMPLETE
    return sink


def served(**changes: Any) -> Any:
    answers = {
        "catalog": {"repositories": ["a"]},
        "a": PROPERTIES,
        "a_manifests": ROWS,
        "documents": DOCUMENTS,
    }
    return serve(**(answers | changes))


def quiet_day(name: str = "a", days: int = 7) -> datetime:
    """The first night after NIGHT on which it is not the repository's turn."""
    before = Kept(first().tables).tables["repositories"][0]
    for day in range(1, days):
        moment = NIGHT + timedelta(days=day)
        if not is_due(name, _before(before), moment, days):
            return moment
    raise AssertionError("every day is its turn")


def _before(row: Mapping[str, Any]) -> Any:
    memory = Kept({"repositories": [dict(row)], "placements": [], "images": []})
    return Remembered(memory, row["registry_id"]).repositories[row["repository"]]


def again(answer: Any, sink: KeepingSink, moment: datetime, **changes: Any) -> Any:
    asked: list[str] = []

    def noting(one: Asked) -> Say:
        asked.append(one.path)
        said: Say = answer(one)
        return said

    outcome, now = read(noting, context=context(Kept(sink.tables), moment), **changes)
    return outcome, now, asked


def without_run(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"observed_run_id": None} for row in rows]


def test_an_unchanged_repository_is_not_listed_and_its_rows_are_this_runs():
    before = first()
    outcome, now, asked = again(served(a_manifests=BROKEN, documents=BROKEN), before, quiet_day())
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.COMPLETE, 3, 3)
    assert [path.partition("?")[0] for path in asked] == ["/acr/v1/_catalog", "/acr/v1/a"]
    for table in ("repositories", "images", "placements"):
        assert without_run(now[table]) == without_run(before[table])
    assert {row["observed_run_id"] for row in now["placements"]} == {"run-2"}
    assert now["repositories"][0]["listed_at"] == NIGHT


@pytest.mark.parametrize(
    "change",
    [{"manifestCount": 4}, {"tagCount": 2}, {"lastUpdateTime": "2026-11-02T00:00:00Z"}]
    + [{name: None} for name in ("manifestCount", "tagCount", "lastUpdateTime")],
)
def test_a_repository_of_which_an_attribute_moved_or_is_silent_is_listed(change):
    _, _, asked = again(served(a=PROPERTIES | change), first(), quiet_day())
    assert any("_manifests" in path for path in asked)


@pytest.mark.parametrize("lost", ["complete", "listed_at", "updated_at", "placements", "images"])
def test_a_repository_that_the_run_before_did_not_read_whole_is_listed(lost):
    before = first()
    if lost in before.tables:
        before.tables[lost].pop()
    else:
        before.tables["repositories"][0][lost] = False if lost == "complete" else None
    outcome, now, asked = again(served(), before, quiet_day())
    assert any("_manifests" in path for path in asked)
    assert (outcome.outcome, len(now["placements"])) == (Outcome.COMPLETE, 3)


def test_every_repository_is_listed_whole_within_the_interval_whatever_its_attributes_say():
    """A tag that moves between two manifests leaves the counts; the time need not be relied on."""
    moved = listed(
        *(row | {"tags": ["v1"] if row["digest"] == C else []} for row in ROWS["manifests"])
    )
    before, seen = first(), []
    for day in range(1, 8):
        moment = NIGHT + timedelta(days=day)
        _, before, _ = again(served(a_manifests=moved), before, moment)
        seen.append({row["digest"]: row["tags"] for row in before["placements"]}[C] == ["v1"])
    assert seen[-1]


def test_repositories_take_turns():
    before = _before(first()["repositories"][0])
    due = [is_due(f"r{n}", before, NIGHT + timedelta(days=1), 7) for n in range(700)]
    assert 50 < sum(due) < 150
    assert is_due("r0", before, NIGHT + timedelta(days=7), 7)


def test_listing_everything_every_night_can_be_asked_for():
    _, _, asked = again(served(), first(), quiet_day(), full_listing_days=1)
    assert any("_manifests" in path for path in asked)


def test_a_manifest_read_once_is_not_read_again_when_its_repository_changes():
    more = listed(*ROWS["manifests"], {"digest": f"sha256:{'d' * 64}"})
    answer = served(a=PROPERTIES | {"manifestCount": 4}, a_manifests=more)
    before = first()
    _, now, asked = again(answer, before, quiet_day())
    assert sum("/v2/" in path for path in asked) == 1  # the new one alone
    assert {row["digest"]: row for row in before["images"]}.items() <= {
        row["digest"]: row for row in now["images"]
    }.items()


def test_an_index_that_could_not_be_read_is_read_again():
    _, before = read(served(documents=BROKEN))
    _, now, asked = again(served(), before, quiet_day())
    assert any("/v2/" in path for path in asked)
    assert {row["digest"]: row["child_digests"] for row in now["images"]}[B] == [A]
