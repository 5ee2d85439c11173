"""Retries with a bound on attempts, on top of the SDK's back-off."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type

transient = if_exception_type(
    exceptions.ResourceExhausted,
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
)
"""Whether the same call may succeed later; the list methods of these APIs only read."""

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0  # seconds; each wait is drawn at random below the limit


class BoundedRetry(Retry):
    """Gives up after ``max_attempts`` tries and re-raises the last error as it came.

    The SDK's own Retry bounds time only, so that a page that always fails would be asked for
    until the time is up. One instance serves many calls and threads: each call counts by itself.
    """

    def __init__(self, max_attempts: int) -> None:
        super().__init__(predicate=transient, initial=_FIRST_WAIT, maximum=_LONGEST_WAIT)
        self._max_attempts = max_attempts

    def __call__(
        self,
        func: Callable[..., Any],
        on_error: Callable[[Exception], Any] | None = None,
    ) -> Callable[..., Any]:
        """Wrap one call (the SDK wraps anew for each page)."""
        attempts = count(1)

        def again(error: Exception) -> bool:
            return transient(error) and next(attempts) < self._max_attempts

        bounded = Retry(predicate=again, initial=_FIRST_WAIT, maximum=_LONGEST_WAIT, timeout=None)
        return bounded(func, on_error)
