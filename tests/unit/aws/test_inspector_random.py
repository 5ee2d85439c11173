"""Random nights of an organisation: what little is asked makes the same as the estate itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from providers.loopback.aws.world import ADMINISTRATOR
from providers.loopback.estate import Estate, Fault, FaultKind, Image
from tests.support.inspector_nights import DAY, LAPSED, SCANNED, estate, found, nights, place
from tests.unit.loopback.estates import ACCOUNT, MOMENT, OTHER_ACCOUNT, REGION

ACCOUNTS = (ACCOUNT, OTHER_ACCOUNT, "333333333333")
Images = dict[int, tuple[tuple[int, ...], tuple[str, ...], float]]
"""Number -> vulnerabilities, coverage, day of the last scan."""


def _histories(seed: int, administrator: str) -> Iterator[Estate]:
    chance = random.Random(seed)
    held: dict[str, Images] = {
        account: {number: (_some(chance), SCANNED, 0) for number in range(1, 6)}
        for account in ACCOUNTS
    }
    pushed: dict[int, float] = {}
    day = 0.0
    for number in range(6):
        settings: Any = {ADMINISTRATOR: administrator} if administrator else {}
        places = [
            place(
                account,
                *(_image(name, *known, pushed.get(name)) for name, known in images.items()),
                suppressed=f"CVE-2026-{chance.randint(1, 9):04d}",
                **settings,
            )
            for account, images in held.items()
        ]
        faults = _faults(chance, administrator) if number else ()
        yield estate(day, *places, faults=faults, findings_page_size=25)
        day += chance.choice([1, 1, 1, 2, 3])
        for images in held.values():
            _change(chance, images, pushed, day)


def _some(chance: random.Random) -> tuple[int, ...]:
    return tuple(sorted(chance.sample(range(1, 10), chance.randint(0, 5))))


def _faults(chance: random.Random, administrator: str) -> tuple[Fault, ...]:
    """Refuse an account everything, or its findings unless the administrator reads them."""
    refused: FaultKind = "denied" if administrator else "findings_denied"
    kinds: list[FaultKind | None] = [None, None, "denied", refused]
    kind = chance.choice(kinds)
    account = chance.choice([one for one in ACCOUNTS if one != administrator])
    return (Fault(kind, "aws", account, REGION),) if kind else ()


def _image(
    name: int, stated: tuple[int, ...], native: tuple[str, ...], at: float, pushed: float | None
) -> Image:
    image = found(name, *stated, native=native, at=at)
    return image if pushed is None else replace(image, pushed_at=MOMENT + pushed * DAY)


def _change(chance: random.Random, images: Images, pushed: dict[int, float], day: float) -> None:
    for name, (stated, native, _) in list(images.items()):
        turn = chance.random()
        if turn < 0.1:
            del images[name]
        elif turn < 0.25:
            lapsed = native == SCANNED
            images[name] = ((), LAPSED, day) if lapsed else (_some(chance), SCANNED, day)
        elif turn < 0.55 and native == SCANNED:
            images[name] = (_some(chance) if chance.random() < 0.7 else stated, SCANNED, day)
    if chance.random() < 0.5:
        fresh = chance.randint(100, 999)
        if fresh not in pushed:
            images[fresh] = (_some(chance), SCANNED, day)
            pushed[fresh] = day - 0.6


@pytest.mark.parametrize(("seed", "administrator"), [(1, ""), (2, OTHER_ACCOUNT)])
def test_random_nights_equal_the_truth(tmp_path, seed, administrator):
    shown = list(_histories(seed, administrator))
    with nights(tmp_path, shown[0], delegated_administrator=administrator or None) as job:
        bases = {basis for one in shown for basis in job.run(one).bases().values()}
    assert bases == {"read", "changes"}
