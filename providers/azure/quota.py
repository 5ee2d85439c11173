"""The quota of Resource Graph, obeyed before it is overrun."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

REMAINING = "x-ms-user-quota-remaining"
RESETS_AFTER = "x-ms-user-quota-resets-after"
LONGEST_WAIT = 60.0
_SPAN = re.compile(r"(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)")


class Quota:
    """Waits where the last answer said that no query is left in the window.

    The service counts per principal (15 queries in 5 seconds) and refuses what is beyond; a query
    that waits costs less than one that is refused and tried again.
    """

    def __init__(
        self, sleep: Callable[[float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep, self._clock = sleep, clock
        self._until = 0.0

    def note(self, headers: Mapping[str, str]) -> None:
        """Take in the headers of an answer, by names in lower case."""
        if headers.get(REMAINING, "").strip() == "0":
            self._until = self._clock() + span(headers.get(RESETS_AFTER, ""))

    def wait(self) -> None:
        """Wait until a query is allowed again."""
        left, self._until = self._until - self._clock(), 0.0
        if left > 0:
            self._sleep(left)


def span(text: str) -> float:
    """Read ``hh:mm:ss`` as seconds, a minute at most; 0 where it is no such thing."""
    told = _SPAN.fullmatch(text.strip())
    if told is None:
        return 0.0
    hours, minutes, seconds = told.groups()
    return min(LONGEST_WAIT, int(hours) * 3600 + int(minutes) * 60 + float(seconds))
