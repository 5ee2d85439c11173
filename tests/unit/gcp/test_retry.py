"""How often, and after how long, a call is made again. No time passes here."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions as untyped
from google.protobuf import duration_pb2  # type: ignore[import-untyped]  # no types
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # no types

from providers.gcp.retry import Patience

exceptions: Any = untyped
ALWAYS_HALF = 0.0  # the jitter at its lowest: half of each limit


def waits(error: Exception, attempts: int) -> list[float]:
    slept: list[float] = []

    def fail() -> None:
        raise error

    patience = Patience(attempts, slept.append, lambda: ALWAYS_HALF)
    with pytest.raises(type(error)):
        patience.ask(fail)
    return slept


@pytest.mark.parametrize("kind", ["ServiceUnavailable", "DeadlineExceeded", "InternalServerError"])
def test_waits_double_and_end(kind):
    error = getattr(exceptions, kind)("down")
    assert waits(error, 5) == [0.05, 0.1, 0.2, 0.4]
    assert max(waits(error, 20)) == 30, "half of a minute"
    assert waits(error, 1) == []


def test_a_quota_by_the_minute_is_given_longer():
    error = exceptions.ResourceExhausted("slow down")
    assert waits(error, 6) == [0.5, 1, 2, 4, 8]


@pytest.mark.parametrize(("asked", "wait"), [(7, 7), (3600, 60)])
def test_the_wait_that_google_asks_for_is_kept_within_bounds(asked, wait):
    info = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=asked))
    assert waits(exceptions.ResourceExhausted("slow down", details=[info]), 2) == [wait]


@pytest.mark.parametrize(
    "kind", ["PermissionDenied", "InvalidArgument", "NotFound", "Unauthenticated"]
)
def test_an_error_that_would_come_again_is_not_waited_for(kind):
    assert waits(getattr(exceptions, kind)("no"), 9) == []


def test_waits_are_spread_between_half_of_the_limit_and_all_of_it():
    slept: list[float] = []
    drawn = iter([0.0, 0.5, 0.999])
    patience = Patience(4, slept.append, lambda: next(drawn))
    with pytest.raises(exceptions.ServiceUnavailable):
        patience.ask(lambda: (_ for _ in ()).throw(exceptions.ServiceUnavailable("down")))
    assert slept == pytest.approx([0.05, 0.15, 0.3998])


def test_each_call_has_its_own_attempts():
    calls: list[int] = []
    patience = Patience(3, lambda _: None)

    def fail() -> None:
        calls.append(1)
        raise exceptions.ServiceUnavailable("down")

    for _ in range(2):
        with pytest.raises(exceptions.ServiceUnavailable):
            patience.ask(fail)
    assert len(calls) == 6
    assert patience.ask(lambda: "answer") == "answer"
