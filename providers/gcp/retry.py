"""Retries of one call: bounded, further apart each time, and longer where Google asks for less.

Google's clients bring none for these lists: a single RESOURCE_EXHAUSTED would end a reading.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from google.api_core import exceptions
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # ships no types

_TRANSIENT = (
    # Over REST the parents are raised: 429 is TooManyRequests and never ResourceExhausted.
    exceptions.TooManyRequests,
    exceptions.ServiceUnavailable,
    exceptions.GatewayTimeout,
    exceptions.InternalServerError,
    exceptions.BadGateway,
)
"""The same call may succeed later; the methods called only read."""
_FIRST_WAIT = 0.1  # seconds
_FIRST_WAIT_FOR_QUOTA = 1.0  # quotas are by the minute: six tries reach half of one
_LONGEST_WAIT = 60.0

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
    """How often a call is made again, and how long after the last try.

    One instance serves many calls and threads: each call counts by itself.

    Attributes:
        max_attempts: Tries per call, the first one counted.
        sleep: Waits for some seconds.
        jitter: Gives a number from 0 to below 1, so that callers do not come back together.
    """

    max_attempts: int
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """Return what ``call`` returns.

        Raises:
            GoogleAPICallError: The last error, as it came, when the tries are used up or it is
                one that would come again.
        """
        attempt = 1
        while True:
            try:
                return call()
            except _TRANSIENT as error:
                if attempt >= self.max_attempts:
                    raise
                self.sleep(self._wait(error, attempt))
                attempt += 1

    def _wait(self, error: exceptions.GoogleAPICallError, attempt: int) -> float:
        """Return seconds: at least half of a limit that doubles, or what the server asked for."""
        quota = isinstance(error, exceptions.TooManyRequests)
        first = _FIRST_WAIT_FOR_QUOTA if quota else _FIRST_WAIT
        limit = min(first * 2.0 ** (attempt - 1), _LONGEST_WAIT)
        return max(limit * (0.5 + self.jitter() / 2), min(_asked_for(error), _LONGEST_WAIT))


def _asked_for(error: exceptions.GoogleAPICallError) -> float:
    """Return the seconds a RetryInfo of the error names; 0 without one."""
    details: list[Any] = error.details if isinstance(error.details, list) else []
    waits = [one.retry_delay for one in details if isinstance(one, error_details_pb2.RetryInfo)]
    return float(sum(wait.seconds + wait.nanos / 1e9 for wait in waits))
