"""A server that remembers what it was asked, and fails when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from providers.loopback.http import Handler, Request, Response

Kind = Literal["list", "read", "write", "delete"]


@dataclass(frozen=True)
class Asked:
    """One request: what kind it was, and the object or prefix it was about."""

    kind: Kind
    path: str


@dataclass
class Recorded:
    """Wraps a store's handler.

    Attributes:
        of: Tells what a request asks.
        fault: Tells the status to answer a request with instead; None lets it through.
        lost: Tells whether an answer is lost on its way back, after the deed is done.
    """

    handler: Handler
    of: Callable[[Request], Asked]
    asked: list[Asked] = field(default_factory=list)
    fault: Callable[[Asked], int | None] = lambda _: None
    lost: Callable[[Asked], bool] = lambda _: False
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Response:
        what = self.of(request)
        with self._mutex:
            self.asked.append(what)
            status = self.fault(what)
            lost = self.lost(what)
        if status:
            return Response(status, b"", {"Retry-After": "0", "x-ms-error-code": "ServerBusy"})
        answer = self.handler(request)
        return Response(503, b"", {"Retry-After": "0"}) if lost else answer

    def paths(self, kind: Kind) -> list[str]:
        return [what.path for what in self.asked if what.kind == kind]


def times(count: int, status: int, kind: Kind, part: str = "") -> Callable[[Asked], int | None]:
    """Fail the first ``count`` requests of a kind whose path holds ``part``."""
    left = count

    def fault(what: Asked) -> int | None:
        nonlocal left
        if left and what.kind == kind and part in what.path:
            left -= 1
            return status
        return None

    return fault
