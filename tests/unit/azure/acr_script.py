"""A registry that keeps ACR's token rules, counts every request, and misbehaves when told to."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from azure.core.credentials import TokenCredential

from audit.errors import SourceError
from providers.azure.acr_pipeline import AcrPipeline
from providers.azure.client import client_options
from providers.azure.registry_client import RegistryClient
from providers.azure.settings import AzureSettings
from tests.unit.azure.scripted import Asked, Credential, Say, Scripted, jwt

REGISTRIES = "https://containerregistry.azure.net"
AUDIENCE = f"{REGISTRIES}/.default"
CREDENTIAL = Credential()
ATTEMPTS = 3
MANIFESTS = [{"digest": f"sha256:{n:064}"} for n in range(1200)]


class Registry:
    """Answers data calls with ``data`` once they carry a token for their scope.

    Attributes:
        calls: Requests by kind.
        together: What an access token asked for several scopes is good for: ``all`` of them, the
            ``first`` alone, or ``none``: the call is refused.
    """

    def __init__(
        self,
        data: Callable[[Asked], Say],
        refresh_lifetime: float = 10_800,
        together: str = "all",
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.data = data
        self.lifetime = refresh_lifetime
        self.together = together
        self.anonymous = False
        self._made = itertools.count()
        self._refresh: set[str] = set()
        self._access: dict[str, list[str]] = {}

    def __call__(self, asked: Asked) -> Say:
        path = urlsplit(asked.path).path
        if path == "/oauth2/exchange":
            return self._exchange(asked)
        if path == "/oauth2/token":
            return self._token(asked)
        wanted = scope(path)
        bearer = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if wanted not in self._access.get(bearer, []):
            self.calls["challenge"] += 1
            told = f'Bearer realm="http://here/oauth2/token",service="here",scope="{wanted}"'
            return Say({}, 401, {"WWW-Authenticate": told})
        self.calls["data"] += 1
        return self.data(asked)

    def expire(self) -> None:
        """Forget every token given so far."""
        self._refresh.clear()
        self._access.clear()

    def _exchange(self, asked: Asked) -> Say:
        self.calls["exchange"] += 1
        form = asked.form()
        assert form["access_token"] == f"entra for {AUDIENCE}"
        token = f"{jwt(self.lifetime)}{next(self._made)}"
        self._refresh.add(token)
        return Say({"refresh_token": token})

    def _token(self, asked: Asked) -> Say:
        self.calls["token"] += 1
        form = asked.form()
        scopes = form["scope"].split()
        known = form.get("refresh_token") in self._refresh
        if form["grant_type"] == "password":
            known = self.anonymous and "refresh_token" not in form
        if not known or (len(scopes) > 1 and self.together == "none"):
            return Say({"errors": [{"code": "UNAUTHORIZED", "message": "token expired"}]}, 401)
        token = f"access-{next(self._made)}"
        self._access[token] = scopes if self.together == "all" else scopes[:1]
        return Say({"access_token": token})


def scope(path: str) -> str:
    """The scope a path needs, as ACR names it."""
    if path == "/acr/v1/_catalog":
        return "registry:catalog:*"
    kind, _, rest = path.removeprefix("/").partition("/")
    name = unquote(rest.removeprefix("v1/").split("/", 1)[0])
    return f"repository:{name}:{'metadata_read' if kind == 'acr' else 'pull'}"


@contextmanager
def opened(
    answer: Callable[[Asked], Say],
    *,
    abac: bool = False,
    credential: TokenCredential | None = CREDENTIAL,
) -> Iterator[tuple[RegistryClient, Scripted]]:
    settings = AzureSettings.model_validate(
        {"tenants": [{"tenant_id": "t"}], "max_attempts": ATTEMPTS}
    )
    options = client_options(settings) | {"retry_backoff_factor": 0.001}
    with Scripted(answer) as server:
        pipeline = AcrPipeline(server.url, "here", credential, REGISTRIES, options)
        yield RegistryClient(pipeline, abac=abac), server
        pipeline.close()


def paged(rows: list[Any], member: str, size: int) -> Callable[[Asked], Say]:
    """Serve ``rows`` in pages of ``size`` with ACR's Link headers (names spelled out)."""

    def answer(asked: Asked) -> Say:
        parts = urlsplit(asked.path)
        query = parse_qs(parts.query)
        start = int(query.get("last", ["0"])[0])
        headers = {}
        if start + size < len(rows):
            onward = f"{unquote(parts.path)}?last={start + size}&n={size}&orderby="
            headers["Link"] = f'<{onward}>; rel="next"'
        return Say({member: rows[start : start + size]}, headers=headers)

    return answer


def drained(pages: Iterable[Sequence[object]]) -> tuple[list[object], SourceError | None]:
    rows: list[object] = []
    try:
        for page in pages:
            rows += page
    except SourceError as error:
        return rows, error
    return rows, None
