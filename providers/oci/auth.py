"""How a registry is convinced: basic credentials, or tokens from where its challenge points to."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

import orjson

from audit.endpoints import is_loopback
from audit.errors import TerminalError
from providers.oci.failures import TOKEN, Answer, broken, from_answer
from providers.oci.wire import Wire

_PART = re.compile(r'([a-zA-Z_]+)="([^"]*)"')
_LIFE = 60.0
_MARGIN = 10.0
_DOMAIN_LABELS = 2


@dataclass(frozen=True)
class Login:
    """A user and a secret; never printed. Without a user the secret is an identity token."""

    username: str
    secret: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of an Authorization header."""
        both = f"{self.username}:{self.secret}".encode()
        return f"Basic {base64.b64encode(both).decode()}"


@dataclass(frozen=True)
class Challenge:
    """What a 401 asks for."""

    scheme: str
    realm: str = ""
    service: str = ""


def challenge(answer: Answer) -> Challenge:
    """Read the WWW-Authenticate header of an answer; an empty scheme where there is none."""
    text = answer.headers.get("www-authenticate", "")
    scheme, _, rest = text.partition(" ")
    parts = {name.lower(): value for name, value in _PART.findall(rest)}
    return Challenge(scheme.lower(), parts.get("realm", ""), parts.get("service", ""))


class Keyring:
    """Headers that open one registry, by what is asked of it.

    Args:
        url: The registry's address.
        login: Who reads; None reads anonymously.
        token_hosts: Hosts beyond the registry's own domain that may be sent the login.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        url: str,
        login: Login | None,
        wire: Wire,
        token_hosts: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._home, self._login, self._wire = urlsplit(url), login, wire
        self._hosts, self._clock = frozenset(token_hosts), clock
        self._challenge: Challenge | None = None
        self._tokens: dict[str, tuple[str, float]] = {}

    def headers(self, scope: str) -> Mapping[str, str]:
        """Return what to send for a scope, as far as the registry has told what it wants."""
        if self._challenge is None:
            return {}
        if self._challenge.scheme == "basic":
            return {"Authorization": self._login.header} if self._login else {}
        token, until = self._tokens.get(scope, ("", 0.0))
        if self._clock() >= until:
            token = self._renew(scope)
        return {"Authorization": f"Bearer {token}"}

    def learn(self, answer: Answer, scope: str) -> bool:
        """Take a 401's challenge; return whether another try may be answered otherwise.

        Raises:
            SourceError: The token that it asks for is not given, or not safe to ask for.
        """
        told = challenge(answer)
        if told.scheme == "basic":
            new = self._challenge != told
            self._challenge = told
            return new and self._login is not None
        if told.scheme != "bearer":
            return False
        self._check(told.realm)
        self._challenge = told
        self._renew(scope)
        return True

    def _renew(self, scope: str) -> str:
        """Ask the realm for a token (GET, as in the token specification)."""
        told = self._challenge or Challenge("")
        both = {"service": told.service, "scope": scope}
        asked = {name: value for name, value in both.items() if value}
        joint = "&" if urlsplit(told.realm).query else "?"
        headers = {"Authorization": self._login.header} if self._login else {}
        answer = self._wire.send("GET", f"{told.realm}{joint}{urlencode(asked)}", TOKEN, headers)
        if answer.status != 200:
            raise from_answer(answer, TOKEN, scope)
        token, life = _token(answer)
        self._tokens[scope] = (token, self._clock() + max(life - _MARGIN, 0.0))
        return token

    def _check(self, realm: str) -> None:
        """Refuse to send the login to where a challenge may not point.

        Raises:
            TerminalError: It may not.
        """
        target, host = urlsplit(realm), urlsplit(realm).hostname or ""
        home = self._home.hostname or ""
        if target.scheme != "https" and not (
            target.scheme == "http" and is_loopback(host) and self._home.scheme == "http"
        ):
            raise _unsafe(f"the token server {realm!r} is not https")
        if host == home or target.netloc in self._hosts or host in self._hosts:
            return
        if _is_address(host) or not _sisters(host, home):
            raise _unsafe(
                f"the registry sends its readers to {host} for a token; name the host under "
                "token_hosts if that is right"
            )


def _token(answer: Answer) -> tuple[str, float]:
    try:
        told = orjson.loads(answer.body)
        token = told.get("token") or told.get("access_token")
        life = float(told.get("expires_in") or _LIFE)
    except (ValueError, TypeError, AttributeError):
        token, life = None, _LIFE
    if not isinstance(token, str) or not token or not token.isprintable():
        raise broken("the token server gave no token", TOKEN)
    return token, life


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _sisters(one: str, other: str) -> bool:
    """Whether two hosts lie under one domain, as auth.docker.io and registry-1.docker.io do."""
    parts, others = one.split("."), other.split(".")
    fit = len(parts) > _DOMAIN_LABELS - 1 and len(others) > _DOMAIN_LABELS - 1
    return fit and parts[-_DOMAIN_LABELS:] == others[-_DOMAIN_LABELS:]


def _unsafe(message: str) -> TerminalError:
    return TerminalError(message, operation=TOKEN, code="UnsafeRealm")
