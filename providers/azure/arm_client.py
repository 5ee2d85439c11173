"""Azure Resource Manager: lists of what hangs below a registry, which Resource Graph leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import policies
from azure.core.rest import HttpRequest

from providers.azure.failures import Call, broken, failure, refusal

API_VERSION = "2025-11-01"
"""Of Microsoft.ContainerRegistry: the newest stable one (azure-mgmt-containerregistry 15.0.0)."""

Row = dict[str, Any]


class ArmClient:
    """Reads lists (``GET <registry>/<children>``) through azure-core's pipeline.

    Five small lists need no generated SDK of a hundred models, and the JSON keeps what a model of
    another version would drop. Not thread-safe.

    Attributes:
        calls: Calls made, retries left out.
    """

    def __init__(
        self, address: str, scope: str, credential: TokenCredential, options: Mapping[str, Any]
    ) -> None:
        self.calls = 0
        self._address = address
        # Plain http is let through to loopback only: the settings refuse it elsewhere.
        self._secure = {} if address.startswith("https://") else {"enforce_https": False}
        self._client: PipelineClient[Any, Any] = PipelineClient(
            address,
            policies=[
                policies.RequestIdPolicy(),
                policies.UserAgentPolicy(**options),
                policies.RetryPolicy(**options),
                policies.BearerTokenCredentialPolicy(credential, scope),
            ],
            **options,
        )

    def close(self) -> None:
        """Close the sockets."""
        self._client.close()

    def children(self, registry: str, kind: str, call: Call) -> list[Row]:
        """Return all children of one kind of a registry.

        Args:
            registry: ARM id of the registry.
            kind: Such as ``replications``.
            call: The call as errors name it.

        Raises:
            SourceError: A page could not be read.
        """
        rows: list[Row] = []
        url = f"{self._address}{registry}/{kind}?api-version={API_VERSION}"
        visited = set[str]()
        while url:
            visited.add(url)
            page = self._page(url, call)
            rows += page["value"]
            url = self._onward(page.get("nextLink"), call)
            if url in visited:
                raise broken("the link to the next page does not advance", call)
        return rows

    def _page(self, url: str, call: Call) -> Row:
        self.calls += 1
        try:
            response = self._client.send_request(HttpRequest("GET", url), **self._secure)
        except AzureError as error:
            raise failure(error, call) from error
        if response.status_code != 200:
            raise refusal(response, call)
        try:
            page = orjson.loads(response.content)
        except ValueError as error:
            raise broken("an answer that is not JSON", call) from error
        rows = page.get("value") if isinstance(page, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise broken("a page without a list of values", call)
        return dict(page)

    def _onward(self, link: object, call: Call) -> str:
        """Return the address of the next page; one on another host would get the token."""
        if link is None or link == "":
            return ""
        url = urljoin(self._address, str(link))
        if urlsplit(url)[:2] != urlsplit(self._address)[:2]:
            raise broken("the link to the next page leads elsewhere", call)
        return url
