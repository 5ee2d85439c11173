"""A transport of azure-core over urllib3 itself: the same wire, half the CPU of a request.

The SDK's usual transport goes through requests, which prepares a request anew, merges cookies and
walks over the whole environment on every call. The pipeline above (retries, waits, trust) stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import urllib3
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

from providers.azure.answer import Answer

_NOT_REACHED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.LocationParseError,
)


class LeanTransport(HttpTransport[HttpRequest, Answer]):
    """Sends requests to one endpoint; proxies and trust are taken from the environment once.

    Args:
        endpoint: Decides which proxy is used (``HTTPS_PROXY``, ``NO_PROXY``).
        options: ``connection_verify`` (a PEM file), ``connection_timeout``, ``read_timeout``.
    """

    def __init__(self, endpoint: str, options: Mapping[str, Any]) -> None:
        timeout = urllib3.Timeout(
            connect=options.get("connection_timeout"), read=options.get("read_timeout")
        )
        told: dict[str, Any] = {
            "timeout": timeout,
            "retries": False,
            "ca_certs": _authorities(options),
        }
        proxy = select_proxy(endpoint, get_environ_proxies(endpoint))
        self._pool: urllib3.PoolManager = (
            urllib3.ProxyManager(proxy, **told) if proxy else urllib3.PoolManager(**told)
        )

    def send(self, request: HttpRequest, **_: Any) -> Answer:  # noqa: ANN401  options of others
        """Send a request and read its whole answer.

        Raises:
            ServiceRequestError: It did not reach the service, so it may be sent again.
            ServiceResponseError: The answer did not come, or not whole.
        """
        with _as_azure_core():
            response = self._pool.request(
                request.method,
                request.url,
                body=request.content,
                headers=dict(request.headers),
                redirect=False,
            )
        return Answer(request, response)

    def open(self) -> None:
        """Do nothing: connections are opened when they are needed."""

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.close()


def _authorities(options: Mapping[str, Any]) -> str:
    told = options.get("connection_verify")
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return str(told or bundle or DEFAULT_CA_BUNDLE_PATH)


@contextmanager
def _as_azure_core() -> Iterator[None]:
    try:
        yield
    except _NOT_REACHED as error:
        raise ServiceRequestError(str(error), error=error) from error
    except urllib3.exceptions.HTTPError as error:
        raise ServiceResponseError(str(error), error=error) from error
