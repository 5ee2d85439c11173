"""A loopback AWS that a test can hold up, break off, and ask who called."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.wire import AwsError, read_caller
from providers.loopback.estate import Estate
from providers.loopback.http import Request, Response

Where = tuple[str, str]
"""Account and region of a call; the account is empty for the tool's own credentials."""


class GatedAws(AwsLoopback):
    """Counts calls by place, and lets ``gate`` decide about each before it is answered.

    An error that the gate raises breaks the connection off without an answer.
    """

    def __init__(self, estate: Estate) -> None:
        super().__init__(estate)
        self.asked: Counter[Where] = Counter()
        self.gate: Callable[[Where], None] = lambda _: None
        self._mutex = threading.Lock()

    def _handle(self, request: Request) -> Response:
        with suppress(AwsError):
            caller = read_caller(
                request.headers.get("Authorization", ""),
                request.headers.get("X-Amz-Security-Token", ""),
            )
            if caller.service != "sts":
                where = (caller.account or "", caller.region)
                with self._mutex:
                    self.asked[where] += 1
                self.gate(where)
        return super()._handle(request)


class Barrier:
    """A gate that holds every call to one place, and tells when the first has come."""

    def __init__(self, place: Where) -> None:
        self._place = place
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, where: Where) -> None:
        if where == self._place:
            self.reached.set()
            self.open.wait(60)
