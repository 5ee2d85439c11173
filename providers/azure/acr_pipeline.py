"""Raw answers of a registry's data plane, through azure-containerregistry's own pipeline.

The SDK's public methods drop ``mediaType``, ``configMediaType`` and ``references``, without which
an index, a signature and an image look alike, and its models cost fifteen times the parsing. Its
pipeline (transport, retry) is kept; the JSON is taken as it comes and the tokens are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from azure.containerregistry import ContainerRegistryClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from audit.errors import BrokenPageError, UnavailableError
from providers.azure.acr_tokens import RegistryTokens
from providers.azure.failures import Call, broken, failure, refusal
from providers.azure.transport import LeanTransport

_CHALLENGE = "WWW-Authenticate"
_HIDDEN = "x-registry-audit-challenge"
_PAGED = "registry_audit_paged"
_TOO_LARGE = frozenset({502, 504})


class TooLargeError(UnavailableError):
    """A gateway gave up on a page that may have been too large."""


class AcrPipeline:
    """Sends GET requests to one registry. Not thread-safe.

    Args:
        endpoint: Where the registry is reached.
        service: Its login server.
        credential: Who reads; None reads anonymously.
        audience: What the Entra token is for, such as ``https://containerregistry.azure.net``.
        options: Options of the SDK's client.

    Attributes:
        calls: Calls made, token calls and retries left out.
    """

    def __init__(
        self,
        endpoint: str,
        service: str,
        credential: TokenCredential | None,
        audience: str,
        options: Mapping[str, Any],
    ) -> None:
        self.endpoint = endpoint
        self.calls = 0
        # Plain http is let through to loopback only: the settings refuse it elsewhere.
        self._secure = {} if endpoint.startswith("https://") else {"enforce_https": False}
        client = ContainerRegistryClient(
            endpoint,
            credential,
            audience=audience,
            per_retry_policies=_Policies(),
            transport=LeanTransport(endpoint, options),
            **options,
        )
        self._client = client._client  # noqa: SLF001  the only way to raw answers
        entra = None if credential is None else _entra(credential, audience)
        self.tokens = RegistryTokens(self._post, service, entra)

    def get(
        self,
        url: str,
        call: Call,
        scope: str,
        accept: str = "application/json",
        *,
        paged: bool = False,
    ) -> HttpResponse:
        """Return the answer to a GET of an absolute address of this registry.

        Args:
            url: The address.
            call: The call as errors name it.
            scope: What the access token must be good for.
            accept: Media types.
            paged: A smaller page may be asked for: a 502 is told at once instead of tried again.

        Raises:
            TooLargeError: 502 or 504 of a paged call.
            SourceError: The registry refused, could not be reached or answered in another shape.
        """
        self.calls += 1
        response = self._sent(url, call, self.tokens.bearer(scope, call), accept, paged=paged)
        if response.status_code == 401:
            token = self.tokens.refused(scope, response.headers.get(_HIDDEN), call)
            if token is not None:
                response = self._sent(url, call, token, accept, paged=paged)
        if response.status_code != 200:
            raise refusal(response, call)
        return response

    def close(self) -> None:
        """Close the sockets."""
        self._client.close()

    def _sent(self, url: str, call: Call, token: str, accept: str, *, paged: bool) -> HttpResponse:
        headers = {"Accept": accept, "Authorization": f"Bearer {token}"}
        return self._run(HttpRequest("GET", url, headers=headers), call, **{_PAGED: paged})

    def _post(self, path: str, form: Mapping[str, str], call: Call) -> Any:  # noqa: ANN401  JSON
        request = HttpRequest(
            "POST",
            f"{self.endpoint}{path}?api-version=2021-07-01",
            content=urlencode(form),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        try:
            response = self._run(request, call, retry_on_methods=["POST"])
            if response.status_code != 200:
                raise refusal(response, call)
            return orjson.loads(response.content)
        except (BrokenPageError, ValueError):
            # What it stumbled over may be part of a token, so it is not repeated.
            raise broken("a token answer that is not JSON", call) from None

    def _run(self, request: HttpRequest, call: Call, **options: Any) -> HttpResponse:  # noqa: ANN401
        try:
            response: HttpResponse = self._client.send_request(request, **options, **self._secure)
        except _GaveUpError as error:
            raise TooLargeError(
                "the gateway gave up on the page", operation=call.operation, code=str(error)
            ) from None
        except AzureError as error:
            raise failure(error, call) from error
        return response


def _entra(credential: TokenCredential, audience: str) -> Callable[[Call], str]:
    def token(call: Call) -> str:
        try:
            return credential.get_token(f"{audience}/.default").token
        except AzureError as error:
            raise failure(error, call) from error

    return token


class _GaveUpError(Exception):
    """Not one of azure-core's, so that its retry policy lets it through."""


class _Policies(Iterable[HTTPPolicy[HttpRequest, HttpResponse]]):
    """Made anew for each of the two pipelines that the client builds: a policy fits one only."""

    def __iter__(self) -> Iterator[HTTPPolicy[HttpRequest, HttpResponse]]:
        yield _BelowTheSdk()


class _BelowTheSdk(HTTPPolicy[HttpRequest, HttpResponse]):
    """Keeps challenges from the SDK, which would buy tokens it does not keep; tells large pages."""

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        options = request.context.options
        # A retry goes through here again, and by then the option is taken out.
        paged = request.context.setdefault(_PAGED, options.pop(_PAGED, False))
        answer = self.next.send(request)
        response = answer.http_response
        if paged and response.status_code in _TOO_LARGE:
            raise _GaveUpError(str(response.status_code))
        # Else the JSON would be parsed here, by the slower parser, and once more by us.
        if response.status_code == 200:
            request.context.options["stream"] = True
        if response.status_code == 401 and (told := response.headers.pop(_CHALLENGE, None)):
            response.headers[_HIDDEN] = told
        return answer
