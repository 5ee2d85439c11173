"""Bearer tokens of JWT shape. They say when they end, and only their own mint takes them back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

_HEADER = {"alg": "HS256", "typ": "JWT"}


class Mint:
    """Issues tokens and reads its own back.

    Args:
        clock: Seconds since the epoch. The machine's time, because clients judge the end of a
            token by theirs.

    Attributes:
        issued: Every token given out.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self.issued: list[str] = []

    def forget(self) -> None:
        """End every token given out so far."""
        self._key = secrets.token_bytes(32)

    def issue(self, claims: Mapping[str, Any], lifetime: int) -> str:
        """Return a token with ``claims`` that ends after ``lifetime`` seconds."""
        now = int(self._clock())
        body = {**claims, "iat": now, "nbf": now, "exp": now + lifetime}
        signed = f"{_encode(json.dumps(_HEADER))}.{_encode(json.dumps(body))}"
        self.issued.append(f"{signed}.{self._signature(signed)}")
        return self.issued[-1]

    def read(self, token: str, **wanted: str) -> dict[str, Any] | None:
        """Return the claims of a token, None unless it is ours, still good, and as ``wanted``.

        Args:
            token: The text after ``Bearer``.
            wanted: Claims that must have these values.
        """
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        claims = _decode(signed.partition(".")[2])
        good = claims.get("exp", 0) > self._clock()
        matches = all(claims.get(name) == value for name, value in wanted.items())
        return claims if good and matches else None

    def _signature(self, signed: str) -> str:
        digest = hmac.digest(self._key, signed.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def bearer(authorization: str | None) -> str:
    """Return the token of an ``Authorization`` header, empty when there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.casefold() == "bearer" else ""


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(part: str) -> dict[str, Any]:
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
