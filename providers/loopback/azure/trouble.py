"""What goes wrong for a while: registries that throttle, give up on large pages, forget tokens."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Trouble:
    """Told by a test while the servers run; read by all of them.

    Attributes:
        throttled: So many of the next data requests are answered 429 with ``Retry-After``.
        retry_after: Seconds that they are told to wait.
        most_rows: Pages of more rows than this are answered 502, as by a gateway that gave up.
        forget_every: After so many data requests every token given out so far ends; 0 is never.
        no_exchange: Whether the registries take nobody's Entra token.
    """

    throttled: int = 0
    retry_after: int = 0
    most_rows: int | None = None
    forget_every: int = 0
    no_exchange: bool = False
    _asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def throttles(self) -> bool:
        """Whether this request is one too many."""
        with self._lock:
            one_too_many = self.throttled > 0
            self.throttled -= one_too_many
            return one_too_many

    def gives_up(self, rows: int | None) -> bool:
        """Whether a page of so many rows is too large."""
        return self.most_rows is not None and (rows or 0) > self.most_rows

    def forgets(self) -> bool:
        """Whether the tokens end after this request."""
        with self._lock:
            self._asked += 1
            return self.forget_every > 0 and self._asked % self.forget_every == 0
