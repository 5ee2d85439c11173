"""A registry's own tokens: challenge, exchange, and access tokens that name repositories."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from providers.loopback.azure.tokens import Mint, bearer
from providers.loopback.http import Request, Response, json_response

REFRESH_LIFETIME = 3 * 3600
ACCESS_LIFETIME = 75 * 60
NOBODY = "00000000-0000-0000-0000-000000000000"
"""User name that goes with a refresh token where a password is asked for."""
AUDIENCES = ("https://containerregistry.azure.net", "https://management.azure.com")


def refused(status: int, code: str, message: str, challenge: str = "") -> Response:
    """Return an error in the registry's form."""
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return json_response({"errors": [{"code": code, "message": message}]}, status, headers)


class Gate:
    """Gives out and checks the tokens of one registry.

    Args:
        entra: Reads Entra's tokens.
        mint: The mint of all registries; ``aud`` ties a token to this one.
        service: The login server.
    """

    def __init__(self, entra: Mint, mint: Mint, service: str) -> None:
        self._entra, self._mint, self._service = entra, mint, service

    def exchange(self, request: Request, *, closed: bool = False) -> Response:
        """``POST /oauth2/exchange``: an Entra token for a refresh token.

        Args:
            request: Its form holds grant_type, service and access_token.
            closed: Every token is refused.
        """
        form = request.form()
        if form.get("grant_type") != "access_token" or form.get("service") != self._service:
            return refused(400, "BAD_REQUEST", "grant_type or service is not valid")
        token = form.get("access_token", "")
        if closed or not any(self._entra.read(token, aud=audience) for audience in AUDIENCES):
            return refused(401, "UNAUTHORIZED", "the Entra access token is not valid")
        claims = {"aud": self._service, "grant_type": "refresh_token"}
        return json_response({"refresh_token": self._mint.issue(claims, REFRESH_LIFETIME)})

    def access(self, request: Request, *, anonymous: bool) -> Response:
        """``POST /oauth2/token``: a refresh token, or nothing, for an access token.

        Args:
            request: Its form holds service, scope, grant_type and perhaps refresh_token.
            anonymous: Whether the registry lets in who has no credential.
        """
        return self._granted(request.form(), anonymous=anonymous)

    def _granted(self, form: dict[str, str], *, anonymous: bool, known: bool = True) -> Response:
        if form.get("service") != self._service or not form.get("scope"):
            return refused(400, "BAD_REQUEST", "service or scope is not valid")
        if not (known and self._may(form, anonymous=anonymous)):
            return refused(401, "UNAUTHORIZED", "authentication required")
        claims = {
            "aud": self._service,
            "grant_type": "access_token",
            "access": [_access(part) for part in form["scope"].split()],
        }
        return json_response({"access_token": self._mint.issue(claims, ACCESS_LIFETIME)})

    def pulled(self, request: Request, *, anonymous: bool) -> Response:
        """``GET /oauth2/token``: the same for a client that logs in with user and password."""
        told = request.headers.get("authorization", "")
        if not told:
            return self._granted({**request.query, "grant_type": "password"}, anonymous=anonymous)
        user, password = _login(told)
        form = {**request.query, "grant_type": "refresh_token", "refresh_token": password}
        return self._granted(form, anonymous=False, known=user == NOBODY)

    def forget(self) -> None:
        """End every token given out so far."""
        self._mint.forget()

    def knows(self, request: Request) -> bool:
        """Whether a request bears an access token of this registry, for whatever it is good."""
        token = bearer(request.headers.get("authorization"))
        return bool(self._mint.read(token, aud=self._service, grant_type="access_token"))

    def _may(self, form: dict[str, str], *, anonymous: bool) -> bool:
        if form.get("grant_type") == "password":
            return anonymous
        wanted = {"aud": self._service, "grant_type": "refresh_token"}
        token = form.get("refresh_token", "")
        return form.get("grant_type") == "refresh_token" and bool(self._mint.read(token, **wanted))

    def challenge(self, request: Request, scope: str) -> Response | None:
        """Return the 401 for a request whose token does not cover ``scope``, None if it does."""
        token = bearer(request.headers.get("authorization"))
        claims = self._mint.read(token, aud=self._service, grant_type="access_token")
        if claims is not None and _covers(claims["access"], _access(scope)):
            return None
        told = f'realm="https://{request.headers["Host"]}/oauth2/token"'
        told = f'Bearer {told},service="{self._service}"' + (f',scope="{scope}"' if scope else "")
        if token:
            told += f',error="{"invalid_token" if claims is None else "insufficient_scope"}"'
        return refused(401, "UNAUTHORIZED", "authentication required", told)


def _access(scope: str) -> dict[str, Any]:
    """``repository:team/app:pull,metadata_read`` as an entry of the claim ``access``."""
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _login(authorization: str) -> tuple[str, str]:
    """Return user and password of a ``Basic`` header, empty where there are none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (user, password) if scheme.casefold() == "basic" else ("", "")


def _covers(granted: list[dict[str, Any]], wanted: dict[str, Any]) -> bool:
    return any(
        (one["type"], one["name"]) == (wanted["type"], wanted["name"])
        and ("*" in one["actions"] or set(wanted["actions"]) <= set(one["actions"]))
        for one in granted
    )
