"""What an AWS request meets before its operation: refusals, rate limits, sessions that end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from providers.loopback.aws.wire import AwsError, Caller

_THROTTLED = {
    "ecr": ("ThrottlingException", 400),
    "inspector2": ("ThrottlingException", 429),
    "account": ("TooManyRequestsException", 429),
    "organizations": ("TooManyRequestsException", 400),
    "sts": ("Throttling", 400),
}
_EXPIRED = {"sts": "ExpiredToken", "organizations": "ExpiredTokenException"}


@dataclass(frozen=True)
class Options:
    """How the loopback AWS behaves beside what the estate says.

    Attributes:
        rate: Calls a second that each account, region and operation is allowed; None for any.
        session_calls: Calls after which an assumed session has expired; None for never.
        longest_session: Seconds that AssumeRole grants at most, as to a caller that is a role
            itself.
        denied: (account, IAM action) that is refused; an empty account stands for every one.
        states: Account -> its state in the organisation; ACTIVE for those not named.
        paths: Account -> its path in the organisation; None: the row tells none.
        regions: Regions that every account has enabled; the estate's where there are none.
        inspector_admin: The delegated administrator of Inspector, if there is one.
        retired_status: Rows of ListAccounts bear the word that was retired, and no ``State``.
    """

    rate: float | None = None
    session_calls: int | None = None
    longest_session: int = 43200
    denied: frozenset[tuple[str, str]] = frozenset()
    states: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str | None] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    inspector_admin: str | None = None
    retired_status: bool = False


@dataclass
class _Bucket:
    left: float
    at: float


class Gates:
    """Holds every request against the options. For many threads.

    Attributes:
        throttled: Requests turned away for their rate, by operation.
        sessions: Parameters of every role that was assumed, in order.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.throttled: Counter[str] = Counter()
        self.sessions: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}
        self._used: Counter[str] = Counter()

    def pass_through(self, caller: Caller, account: str, operation: str, token: str) -> None:
        """Let a request through.

        Raises:
            AwsError: It is throttled, its session has ended, or its action is denied.
        """
        with self._lock:
            self._throttle(caller, account, operation)
            self._spend(caller, token)
        action = f"{caller.service}:{operation}"
        if {(account, action), ("", action)} & self.options.denied:
            message = f"User is not authorized to perform: {action}"
            status = 403 if caller.service in {"sts", "account", "inspector2"} else 400
            code = "AccessDenied" if caller.service == "sts" else "AccessDeniedException"
            raise AwsError(code, message, status)

    def assumed(self, form: dict[str, str]) -> int:
        """Note that a role was assumed and return the session's number, from 1."""
        with self._lock:
            self.sessions.append(dict(form))
            return len(self.sessions)

    def _throttle(self, caller: Caller, account: str, operation: str) -> None:
        rate = self.options.rate
        if rate is None:
            return
        now = time.monotonic()
        key = (account, caller.region, operation)
        bucket = self._buckets.setdefault(key, _Bucket(max(rate, 1), now))
        bucket.left = min(max(rate, 1), bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.left < 1:
            self.throttled[operation] += 1
            code, status = _THROTTLED[caller.service]
            raise AwsError(code, "Rate exceeded", status)
        bucket.left -= 1

    def _spend(self, caller: Caller, token: str) -> None:
        most = self.options.session_calls
        if most is None or caller.account is None:
            return
        self._used[token] += 1
        if self._used[token] > most:
            code = _EXPIRED.get(caller.service, "ExpiredTokenException")
            raise AwsError(code, "The security token included in the request is expired", 403)
