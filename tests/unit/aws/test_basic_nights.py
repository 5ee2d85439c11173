"""Basic scanning over several nights: only what may have moved is asked for."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from audit.ports import RunContext
from providers.aws.basic_memory import BasicMemory
from providers.loopback.estate import Estate, Fault, Scan
from tests.support.inspector_nights import BASIC, Nights, estate, found, nights, place
from tests.support.kept import Kept
from tests.unit.aws.support import CONTEXT
from tests.unit.loopback.estates import ACCOUNT, MOMENT, OTHER_ACCOUNT, REGION, digest

DENIED = Fault("findings_denied", "aws", ACCOUNT, REGION)
OPERATION = "DescribeImageScanFindings"
NEVER = 400
"""Days after which an image is asked for again: more than the nights here."""


def _shown(day: float, *images: Any, faults: tuple[Fault, ...] = ()) -> Any:
    return estate(day, place(ACCOUNT, *images, scan_type="BASIC"), faults=faults)


def _images(**changes: Any) -> list[Any]:
    images = {
        "clean": found(1, native=BASIC),
        "found": found(2, 1, 2, native=BASIC),
        "unsupported": found(3, native=("UNSUPPORTED_IMAGE",)),
        "pending": found(4, native=("IN_PROGRESS",)),
        "failed": found(5, native=("FAILED",)),
        "never": replace(found(6), scan=Scan((), "not_scanned")),
    }
    return list((images | changes).values())


def _run(job: Nights, *args: Any, **more: Any) -> Any:
    job.settings = {"basic": {"reask_days": NEVER}}
    return job.run(_shown(*args, **more))


def test_a_result_is_asked_for_once_until_it_may_have_moved(tmp_path):
    """Pushed again, scanned at last, denied for a night: what is asked, and what stands."""
    pushed = replace(found(2, 2, native=BASIC, at=2.2), pushed_at=MOMENT + timedelta(days=1.5))
    with nights(tmp_path, _shown(0, *_images())) as job:
        cold = _run(job, 0, *_images())
        quiet = _run(job, 1, *_images())
        moved = _run(job, 2, *_images(found=pushed, pending=found(4, 4, native=BASIC, at=1.9)))
        later = _run(job, 3, *_images(found=pushed, pending=found(4, 4, native=BASIC, at=1.9)))
        assert [one.calls[OPERATION] for one in (cold, quiet, moved, later)] == [6, 3, 4, 2]
        assert quiet.bases() == {
            **dict.fromkeys("123", "remembered"),
            **dict.fromkeys("456", "read"),
        }
        assert quiet.stated() == {("2", 1), ("2", 2)}
        assert quiet.rows("SELECT * FROM exposure_changes") == []
        assert moved.stated() == {("2", 2), ("4", 4)}
        runs = later.rows("SELECT DISTINCT read_run_id FROM assessments ORDER BY ALL")
        assert [run[:8] for (run,) in runs] == ["20261120", "20261122", "20261123"]


def test_a_night_that_was_denied_is_remembered_as_no_answer(tmp_path):
    with nights(tmp_path, _shown(0, *_images())) as job:
        _run(job, 0, *_images())
        denied = job.run(_shown(1, *_images(), faults=(DENIED,)), honest=False)
        assert denied.states() == {
            "1": "assessed",
            "2": "assessed",
            "3": "unsupported",  # they cannot have moved
            **dict.fromkeys("456", "denied"),
        }
        assert denied.findings_scope() == ("denied", "AccessDeniedException")
        again = job.run(_shown(2, *_images()), honest=False)
        assert again.states()["4"] == "pending"
        assert again.stated() == {("2", 1), ("2", 2)}


def test_no_more_is_asked_than_the_formula_says(tmp_path):
    accounts, repositories, images, most = 2, 2, 3, 1_000
    held = tuple(found(number, 1, 2, native=BASIC) for number in range(1, images + 1))

    def shown(day: int) -> Estate:
        places = (
            place(account, *held, more={"more": held}, scan_type="BASIC")
            for account in (ACCOUNT, OTHER_ACCOUNT)
        )
        return estate(day, *places, findings_page_size=most)

    with nights(tmp_path, shown(0)) as job:
        job.settings = {"basic": {"reask_days": NEVER}}
        told = [job.run(shown(day)).calls[OPERATION] for day in range(2)]
    assert told == [accounts * repositories * images, 0]


def _answers(asked: dict[str, str], **row: Any) -> Kept:
    """Make a memory of assessed images, by the run that asked for each."""
    common = {"repository": "app", "state": "assessed", "scanned_at": MOMENT, **row}
    where = {"provider": "aws", "registry_id": "host", "source": "ecr-basic"}
    rows = [{**where, **common, "digest": name, "read_run_id": run} for name, run in asked.items()]
    memory = Kept({"assessments": rows})
    memory.previous_run_id = "20261123T020000Z"
    return memory


def _memory(context: RunContext, days: int = 7) -> BasicMemory:
    settings = SimpleNamespace(basic=SimpleNamespace(reask_days=days))
    place: Any = SimpleNamespace(context=context, settings=settings, registry_id="host")
    return BasicMemory(place)


def test_each_night_asks_a_seventh_and_each_image_is_asked_once_a_week():
    asked = {digest(number): "20261123T020000Z" for number in range(350)}
    by_night, by_image = Counter[int](), Counter[str]()
    for number in range(1, 15):
        moment = CONTEXT.moment + timedelta(days=number)
        memory = _memory(replace(CONTEXT, moment=moment, memory=_answers(asked)))
        for name in asked:
            if memory.verdict(("app", name), MOMENT) is None:
                by_night[number] += 1
                by_image[name] += 1
                asked[name] = f"{moment:%Y%m%dT%H%M%SZ}"
    assert set(by_image.values()) == {2}
    assert len(by_night) == 14
    assert max(by_night.values()) < 100


@pytest.mark.parametrize(
    ("row", "pushed_at", "stands"),
    [
        ({}, MOMENT, True),
        ({}, MOMENT + timedelta(seconds=1), False),
        ({}, None, False),
        ({"told_state": "unsupported", "scanned_at": None}, MOMENT, True),
        *(({"told_state": state}, MOMENT, False) for state in ("pending", "failed", "unknown")),
        *(({"told_state": state}, MOMENT, False) for state in ("denied", "not_scanned", "expired")),
        ({"read_run_id": "no run"}, MOMENT, False),
        ({"read_run_id": None}, MOMENT, False),
    ],
)
def test_what_may_stand(row, pushed_at, stands):
    run = row.pop("read_run_id", "20261123T020000Z")
    memory = _memory(replace(CONTEXT, memory=_answers({"d": run}, **row)), days=NEVER)
    assert (memory.verdict(("app", "d"), pushed_at) is not None) is stands
