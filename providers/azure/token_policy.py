"""One access token per repository and one exchange per registry, where the SDK makes one a page.

azure-containerregistry 1.2.0 keeps no access token: it sends every request without one first, and
trades the Entra token for a new refresh token each time while the old one is still good. Twelve
pages cost 48 requests. These policies sit above its own challenge policy: they send the token
that last worked for the same repository, and answer the repeated exchange from memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

_TOKEN_CALLS = "/oauth2/"  # noqa: S105  a path, not a password
_EXCHANGE = "/oauth2/exchange"


@dataclass
class Tokens:
    """What one registry client was given: bearer headers by repository, and the exchange."""

    bearers: dict[str, str] = field(default_factory=dict, repr=False)
    exchange: HttpResponse | None = field(default=None, repr=False)


class TokenPolicies:
    """Policies for a registry client, made anew for each pipeline that is built.

    The client builds two pipelines (requests and token calls) from the same argument, and a
    policy object can belong to one pipeline only.
    """

    def __init__(self) -> None:
        self._tokens = Tokens()

    def __iter__(self) -> Iterator[HTTPPolicy[HttpRequest, HttpResponse]]:
        yield _KeepTokens(self._tokens)


class _KeepTokens(HTTPPolicy[HttpRequest, HttpResponse]):
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        path = urlsplit(request.http_request.url).path
        if _TOKEN_CALLS in path:
            return self._token_call(request, path)
        return self._data_call(request, repository_key(path))

    def _token_call(
        self, request: PipelineRequest[HttpRequest], path: str
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        if not path.endswith(_EXCHANGE):
            return self.next.send(request)
        known = self._tokens.exchange
        if known is not None:
            return PipelineResponse(request.http_request, known, request.context)
        response = self.next.send(request)
        if response.http_response.status_code == 200:
            self._tokens.exchange = response.http_response
        return response

    def _data_call(
        self, request: PipelineRequest[HttpRequest], key: str
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        bearers, headers = self._tokens.bearers, request.http_request.headers
        if key in bearers:
            headers["Authorization"] = bearers[key]
        response = self.next.send(request)
        # On a challenge the SDK's policy below has put the token that worked into the request.
        if response.http_response.status_code < 400 and "Authorization" in headers:
            bearers[key] = headers["Authorization"]
        return response


def repository_key(path: str) -> str:
    """Return what a token is good for: the API and the repository (or the catalogue).

    Repository names are sent with their slashes encoded, so one segment holds the whole name.
    ``/acr/v1/<repository>/...`` needs metadata_read, ``/v2/<repository>/...`` needs pull.
    """
    for api in ("/acr/v1/", "/v2/"):
        _, found, rest = path.partition(api)
        if found:
            return api + rest.split("/", 1)[0]
    return path
