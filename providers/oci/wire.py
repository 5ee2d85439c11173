"""HTTP to one registry: bounded bodies, own retries, no redirect that was not asked for."""

from __future__ import annotations

import email.utils
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import urllib3

from audit.endpoints import is_loopback
from audit.errors import TerminalError, UnavailableError
from providers.oci.failures import Answer, broken

Sleep = Callable[[float], None]
_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_AGAIN = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_WAIT = 60.0
_MOST_REDIRECTS = 3
MOST_BYTES = 16 * 1024 * 1024


class Wire:
    """Sends requests and returns answers of any status; not for several threads at once.

    Attributes:
        requests: Requests sent, retries included.
    """

    def __init__(
        self, attempts: int, ca_file: Path | None = None, sleep: Sleep = time.sleep
    ) -> None:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        self._pool = urllib3.PoolManager(
            ssl_context=context, timeout=_TIMEOUT, retries=False, maxsize=2
        )
        self._attempts, self._sleep = attempts, sleep
        self.requests = 0

    def send(
        self, method: str, url: str, operation: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request, again where the answer says that it may work later.

        Raises:
            UnavailableError: The host could not be reached.
            BrokenPageError: The body is larger than any such answer, or was cut short.
        """
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                answer = self._once(method, url, operation, headers or {})
            except UnavailableError:
                if last:
                    raise
                self._sleep(_backoff(attempt))
                continue
            if answer.status not in _AGAIN or last:
                return answer
            self._sleep(_told_wait(answer.headers.get("retry-after")) or _backoff(attempt))
        raise AssertionError("no attempt was allowed")

    def follow(self, url: str, operation: str, headers: Mapping[str, str]) -> Answer:
        """Get a blob, which a registry may have put elsewhere: the credentials do not go along.

        Raises:
            TerminalError: It points to an address that is not safe, or round in circles.
            UnavailableError: As in ``send``.
        """
        answer, here = self.send("GET", url, operation, headers), url
        for _ in range(_MOST_REDIRECTS):
            if answer.status not in _REDIRECTS:
                return answer
            there = urljoin(here, answer.headers.get("location", ""))
            _check_redirect(here, there, operation)
            same = urlsplit(there)[:2] == urlsplit(url)[:2]
            answer, here = self.send("GET", there, operation, headers if same else {}), there
        raise TerminalError("too many redirects", operation=operation, code="Redirects")

    def _once(self, method: str, url: str, operation: str, headers: Mapping[str, str]) -> Answer:
        self.requests += 1
        try:
            response = self._pool.request(
                method,
                url,
                headers={"User-Agent": "registry-audit", **headers},
                preload_content=False,
                redirect=False,
            )
            try:
                body = response.read(MOST_BYTES + 1, decode_content=True)
            finally:
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            kind = type(error).__name__
            raise UnavailableError(
                f"{urlsplit(url).netloc} could not be reached: {kind}",
                operation=operation,
                code=kind,
            ) from None
        if len(body) > MOST_BYTES:
            raise broken("the answer is larger than any such answer may be", operation)
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, named, body)


def _check_redirect(here: str, there: str, operation: str) -> None:
    target = urlsplit(there)
    plain = target.scheme == "http" and is_loopback(target.hostname or "")
    if target.scheme == "https" or (plain and is_loopback(urlsplit(here).hostname or "")):
        return
    raise TerminalError(
        f"a redirect to {target.scheme}://{target.hostname} is not followed",
        operation=operation,
        code="UnsafeRedirect",
    )


def _backoff(attempt: int) -> float:
    return min(0.5 * 2.0 ** (attempt - 1), 20.0)


def _told_wait(text: str | None) -> float | None:
    """Read Retry-After: seconds, or a date that is compared with the machine's clock."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
