"""Raw answers of a registry's data plane, through azure-containerregistry's own pipeline.

The SDK's public methods drop ``mediaType``, ``configMediaType`` and ``references``, without which
an index, a signature and an image look alike. Its pipeline (transport, retry, token exchange) is
kept; the JSON is taken as it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from azure.containerregistry import ContainerRegistryClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.rest import HttpRequest, HttpResponse

from providers.azure.failures import Call, broken, failure, refusal
from providers.azure.token_policy import TokenPolicies


class AcrPipeline:
    """Sends GET requests to one registry. Not thread-safe.

    Attributes:
        calls: Calls made, token calls and retries left out.
    """

    def __init__(
        self, endpoint: str, credential: TokenCredential, options: Mapping[str, Any]
    ) -> None:
        self.endpoint = endpoint
        self.calls = 0
        self._credential, self._options = credential, options
        self._opened = ExitStack()
        self._proven = False
        self._client = self._open()

    def get(self, url: str, call: Call, accept: str = "application/json") -> HttpResponse:
        """Return the answer to a GET of an absolute address of this registry.

        Raises:
            SourceError: The registry refused, could not be reached or answered in another shape.
        """
        self.calls += 1
        request = HttpRequest("GET", url, headers={"Accept": accept})
        try:
            response = self._send(request)
        except AzureError as error:
            raise failure(error, call) from error
        except (KeyError, IndexError, ValueError) as error:
            # The SDK reads challenges and tokens without checking their shape. What it stumbled
            # over may be part of a token, so it is not repeated here.
            kind = type(error).__name__
            raise broken(f"a challenge or token of another shape ({kind})", call) from None
        if response.status_code != 200:
            raise refusal(response, call)
        self._proven = True
        return response

    def close(self) -> None:
        """Close the sockets."""
        self._opened.close()

    def _open(self) -> Any:  # noqa: ANN401  the generated client has no public name
        client = self._opened.enter_context(
            ContainerRegistryClient(
                self.endpoint, self._credential, per_call_policies=TokenPolicies(), **self._options
            )
        )
        return client._client  # noqa: SLF001  the only way to raw answers with the SDK's auth

    def _send(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._run(request)
        except HttpResponseError as error:
            if not (self._proven and _token_refused(error)):
                raise
        # The refresh token has run out (after about three hours); the SDK never renews a token
        # that is in its last minutes, so begin again with a new client, once.
        self.close()
        self._client, self._proven = self._open(), False
        return self._run(request)

    def _run(self, request: HttpRequest) -> HttpResponse:
        # Plain http is let through to loopback only: the settings refuse it elsewhere.
        secure = {} if self.endpoint.startswith("https://") else {"enforce_https": False}
        response: HttpResponse = self._client.send_request(request, **secure)
        return response


def _token_refused(error: HttpResponseError) -> bool:
    response = error.response
    return (
        isinstance(response, HttpResponse)
        and response.status_code in {400, 401}
        and "/oauth2/" in response.request.url
    )
