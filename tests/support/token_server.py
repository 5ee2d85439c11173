"""A token server in front of a real registry, which holds its signature against an authority."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import jwt
import trustme

from providers.loopback.http import HttpCloud, Request, Response, json_response
from tests.support.docker_registry import PASSWORD, READER

_SERVICE, _ISSUER = "docker-registry", "tests"


class TokenServer(HttpCloud):
    """Gives whoever logs in what is asked for, by the token specification.

    Attributes:
        asked: The scopes that were asked for, in order.
    """

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self._bundle = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self._bundle))
        self._leaf = authority.issue_cert("tokens.example")
        self.asked: list[str] = []

    @property
    def auth(self) -> dict[str, Any]:
        """What makes a registry send its readers here."""
        bundle = str(self._bundle)
        told = {"realm": f"{self.url}/token", "service": _SERVICE, "issuer": _ISSUER}
        return {"token": {**told, "rootcertbundle": bundle}}

    def token(self, scope: str) -> str:
        """Return a token for a scope (``repository:<name>:pull,push``)."""
        kind, name, actions = scope.split(":")
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": _SERVICE,
            "sub": READER,
            "nbf": now - 60,
            "exp": now + 300,
            "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
        }
        pem = self._leaf.cert_chain_pems[0].bytes().decode()
        chain = ["".join(pem.strip().splitlines()[1:-1])]
        key = self._leaf.private_key_pem.bytes()
        return jwt.encode(claims, key, "ES256", headers={"x5c": chain})

    def _handle(self, request: Request) -> Response:
        both = base64.b64encode(f"{READER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {both}":
            return Response(401)
        self.asked.append(request.query["scope"])
        return json_response({"token": self.token(request.query["scope"]), "expires_in": 300})
