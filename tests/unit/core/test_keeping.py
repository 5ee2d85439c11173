"""What is kept for many threads: fetched once a key, renewed in time, refused for a while."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.errors import AccessDeniedError, UnavailableError
from audit.keeping import AGAIN, MARGIN, Keeper, Lasting


class Shop:
    """Gives a numbered thing for a key; ``now`` is the clock of who keeps it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float = 3600.0) -> None:
        self.now, self.seconds = 0.0, seconds
        self.fetched: list[str] = []
        self.broken: Exception | None = None
        monkeypatch.setattr("audit.keeping.monotonic", lambda: self.now)

    def __call__(self, key: str) -> Lasting[str]:
        self.fetched.append(key)
        if self.broken:
            raise self.broken
        return Lasting(f"{key}{len(self.fetched)}", self.seconds)


@pytest.mark.parametrize(
    ("seconds", "until"),
    [(43_200.0, 43_200.0 - MARGIN), (1_800.0, 900.0), (60.0, 30.0)],
)
def test_it_is_fetched_anew_before_its_end(monkeypatch, seconds, until):
    shop = Shop(monkeypatch, seconds)
    keeper = Keeper(shop)
    first = keeper.get("a")
    shop.now = until - 0.5
    assert keeper.get("a") == first
    shop.now = until
    assert keeper.get("a") == "a2"


def test_what_is_good_for_once_only_is_fetched_each_time(monkeypatch):
    keeper = Keeper(Shop(monkeypatch, 0.0))
    assert [keeper.get("a") for _ in range(3)] == ["a1", "a2", "a3"]


def test_what_has_no_end_is_kept(monkeypatch):
    shop = Shop(monkeypatch, math.inf)
    keeper = Keeper(shop)
    first = keeper.get("a")
    shop.now = 1e12
    assert keeper.get("a") == first


def test_a_failure_stands_for_a_while_and_is_of_its_own_key_alone(monkeypatch):
    shop = Shop(monkeypatch)
    keeper = Keeper(shop)
    shop.broken = AccessDeniedError("no", permission="p")
    for shop.now in (0.0, AGAIN - 1):
        with pytest.raises(AccessDeniedError) as met:
            keeper.get("a")
        assert met.value.permission == "p"
    shop.broken = None
    assert keeper.get("b") == "b2"
    shop.now = AGAIN
    assert keeper.get("a") == "a3"


def test_a_failure_in_place_of_a_renewal_is_told_and_the_old_thing_not_used(monkeypatch):
    shop = Shop(monkeypatch)
    keeper = Keeper(shop)
    keeper.get("a")
    shop.now, shop.broken = 3_000.0, UnavailableError("down")
    with pytest.raises(UnavailableError):
        keeper.get("a")


def test_a_fault_of_ours_is_not_kept(monkeypatch):
    shop = Shop(monkeypatch)
    keeper = Keeper(shop)
    shop.broken = KeyError("ours")
    with pytest.raises(KeyError):
        keeper.get("a")
    shop.broken = None
    assert keeper.get("a") == "a2"


def test_threads_wait_for_one_call_a_key_and_keys_do_not_wait_for_each_other():
    both, calls = threading.Barrier(2), []

    def fetch(key: str) -> Lasting[str]:
        calls.append(key)
        both.wait(timeout=10)  # broken, unless both keys are fetched at the same time
        return Lasting(key, 60.0)

    keeper = Keeper(fetch)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(keeper.get, ["a", "b"] * 20))
    assert (got, sorted(calls)) == (["a", "b"] * 20, ["a", "b"])


def test_it_shows_nothing_of_what_it_keeps(monkeypatch):
    keeper = Keeper(Shop(monkeypatch))
    assert keeper.get("hush") not in repr(keeper)
