"""A registry's tokens, kept: one exchange a registry, few access tokens, renewed before they end.

azure-containerregistry 1.2.0 keeps no access token, trades the Entra token anew on every request
while the refresh token is fresh, and goes on using it once it has ended: twelve pages cost 48
requests, and a long listing breaks after three hours. So the tokens are asked for and kept here.
"""

from __future__ import annotations

import binascii
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from audit.errors import TerminalError
from providers.azure.failures import Call, broken

EXCHANGE, TOKEN = "/oauth2/exchange", "/oauth2/token"
CATALOG = "registry:catalog:*"
MARGIN = 300
"""Seconds before its end at which a token is renewed; half its life where that is shorter."""
BATCH = 50
"""Repositories asked for in one access token; a token of that many fits any server's headers."""

_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')

Post = Callable[[str, Mapping[str, str], Call], Any]


class Kept(NamedTuple):
    """A token, when it must be renewed (monotonic seconds), and how many scopes share it."""

    token: str
    until: float
    shared: int = 1

    def __repr__(self) -> str:
        """Say nothing of the token."""
        return f"<token until {self.until:.0f}>"


@dataclass
class RegistryTokens:
    """The tokens of one registry. Not thread-safe.

    Args:
        post: Sends a form to ``/oauth2/exchange`` or ``/oauth2/token`` and returns the JSON.
        service: The login server, which is the service that the tokens are for.
        entra: Returns an Entra token for the registry, or raises a SourceError; None for a
            registry that is read anonymously.
        clock: Monotonic seconds: a machine whose clock is wrong renews in time all the same.
    """

    post: Post = field(repr=False)
    service: str
    entra: Callable[[Call], str] | None = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _access: dict[str, Kept] = field(default_factory=dict, repr=False)
    _refresh: Kept | None = field(default=None, repr=False)
    _proven: bool = False  # the refresh token has brought an access token
    _ahead: dict[str, None] = field(default_factory=dict, repr=False)
    _batch: int = BATCH

    def expect(self, scopes: Iterable[str]) -> None:
        """Say which scopes will be needed, in order, so that several can share a token.

        ``scope`` may be given for several resources at once (ACR's own API description).
        """
        self._ahead = dict.fromkeys(scopes)

    def bearer(self, scope: str, call: Call) -> str:
        """Return a token that is good for ``scope`` (``repository:<name>:<action>``).

        Raises:
            SourceError: The registry gives none.
        """
        kept = self._access.get(scope)
        if kept is None or kept.until <= self.clock():
            kept = self._together(scope, call) or self._alone(scope, call)
        return kept.token

    def refused(self, scope: str, challenge: str | None, call: Call) -> str | None:
        """Return another token after a 401, None where the challenge cannot be met.

        A token that several repositories share may not have been given for all of them.

        Raises:
            SourceError: The registry gives no token for what its challenge asks for.
        """
        told = dict(_CHALLENGE.findall(challenge or ""))
        if not (challenge or "").lower().startswith("bearer") or not told.get("scope"):
            return None
        before = self._access.pop(scope, None)
        kept = self._alone(told["scope"], call)
        if before is not None and before.shared > 1:
            self._unshare(before.token)
        self._access[scope] = kept
        return kept.token

    def _unshare(self, token: str) -> None:
        """Forget a token that was not good for all that share it, and share less from now on."""
        self._access = {name: kept for name, kept in self._access.items() if kept.token != token}
        self._batch = max(1, self._batch // 2)

    def _together(self, scope: str, call: Call) -> Kept | None:
        """Ask for the scope and those expected after it at once; None where that does not work."""
        if scope not in self._ahead or self._batch == 1:
            return None
        wanted = self._next(scope)
        if len(wanted) == 1:
            return None
        try:
            kept = self._ask(" ".join(wanted), call, again=False)
        except TerminalError:  # one that is not granted spoils it for all; each is asked alone
            self._batch = max(1, self._batch // 2)
            return None
        kept = kept._replace(shared=len(wanted))
        self._access |= dict.fromkeys(wanted, kept)
        return kept

    def _next(self, scope: str) -> list[str]:
        names = list(self._ahead)
        start = names.index(scope)
        wanted = names[start : start + self._batch]
        for name in names[: start + len(wanted)]:
            del self._ahead[name]
        return wanted

    def _alone(self, scope: str, call: Call) -> Kept:
        self._access[scope] = kept = self._ask(scope, call)
        return kept

    def _ask(self, scope: str, call: Call, *, again: bool = True) -> Kept:
        form = {"service": self.service, "scope": scope}
        if self.entra is None:
            return self._made(self.post(TOKEN, form | {"grant_type": "password"}, call), call)
        form |= {"grant_type": "refresh_token"}
        try:
            answer = self.post(TOKEN, form | {"refresh_token": self.refresh_token(call)}, call)
        except TerminalError:
            if not (again and self._proven):
                raise
            # It may have ended earlier than it said: once more with a new one.
            self._refresh = None
            answer = self.post(TOKEN, form | {"refresh_token": self.refresh_token(call)}, call)
        self._proven = True
        return self._made(answer, call)

    def refresh_token(self, call: Call) -> str:
        """Return the refresh token, exchanged anew before it ends.

        Raises:
            SourceError: The registry gives none.
        """
        if self._refresh is None or self._refresh.until <= self.clock():
            assert self.entra is not None  # noqa: S101  who reads anonymously exchanges nothing
            self._proven = False
            form = {"grant_type": "access_token", "service": self.service}
            answer = self.post(EXCHANGE, form | {"access_token": self.entra(call)}, call)
            self._refresh = self._made(answer, call, "refresh_token")
        return self._refresh.token

    def _made(self, answer: Any, call: Call, member: str = "access_token") -> Kept:  # noqa: ANN401  JSON
        token = answer.get(member) if isinstance(answer, Mapping) else None
        if not isinstance(token, str) or not token:
            raise broken(f"a token answer without {member}", call)
        life = lifetime(token)
        return Kept(token, self.clock() + life - min(MARGIN, life / 2))


def lifetime(token: str) -> float:
    """Return how many seconds a new token lasts; endless where it does not tell.

    Taken from the token's own ``exp`` and ``iat``, so that the machine's clock does not matter.
    A token without them is used until it is refused.
    """
    part = token.split(".")[1] if token.count(".") >= 2 else ""
    try:
        claims = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return max(0.0, float(claims["exp"]) - float(claims["iat"]))
    except (binascii.Error, KeyError, TypeError, ValueError):
        return float("inf")
