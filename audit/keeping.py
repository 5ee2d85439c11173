"""Keeps what costs a call and ends, such as a token: fetched once a key, anew before its end."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

from audit.errors import SourceError

MARGIN = 900.0
"""Seconds before its end at which a thing is fetched anew, as what it was handed to goes on using
it for a while; half its life where that is shorter."""
AGAIN = 60.0
"""Seconds for which a failure stands: not every image waits for the same refusal."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lasting(NamedTuple, Generic[Value]):
    """What was fetched, and for how many seconds it is good; 0: this once."""

    value: Value
    seconds: float


class Keeper(Generic[Key, Value]):
    """For many threads; those that want the same thing wait for one call.

    Time is the machine's monotonic one: a clock that is wrong renews in time all the same.

    Args:
        fetch: Fetches what belongs to a key, or raises a SourceError.
    """

    def __init__(self, fetch: Callable[[Key], Lasting[Value]]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._doors: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)
        self._held: dict[Key, tuple[Value | SourceError, float]] = {}

    def get(self, key: Key) -> Value:
        """Return what belongs to a key.

        Raises:
            SourceError: It cannot be had, or could not a moment ago.
        """
        with self._door(key):
            value, until = self._held.get(key, (None, 0.0))
            if value is None or until <= monotonic():
                value, _ = self._held[key] = self._fetched(key)
        if isinstance(value, SourceError):
            raise value.with_traceback(None)
        return value

    def _door(self, key: Key) -> threading.Lock:
        with self._lock:
            return self._doors[key]

    def _fetched(self, key: Key) -> tuple[Value | SourceError, float]:
        began = monotonic()
        try:
            value, seconds = self._fetch(key)
        except SourceError as error:
            return error, monotonic() + AGAIN
        return value, began + seconds - min(MARGIN, seconds / 2)
