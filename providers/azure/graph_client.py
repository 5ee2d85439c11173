"""Azure Resource Graph, page by page, with the checks that make absence believable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineResponse
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions, QueryResponse

from providers.azure.failures import Call, broken, failure

API_VERSION = "2022-10-01"
PAGE = 1000
_LIMIT_HIT = "x-ms-tenant-subscription-limit-hit"

Row = dict[str, Any]


class GraphClient:
    """Runs Resource Graph queries (``POST /providers/Microsoft.ResourceGraph/resources``).

    Attributes:
        calls: Calls made, retries left out.
        total: ``totalRecords`` of the query read last; None before its first page.
    """

    def __init__(
        self, address: str, scope: str, credential: TokenCredential, options: Mapping[str, Any]
    ) -> None:
        self.calls = 0
        self.total: int | None = None
        # The query changes nothing, so a cut connection or a 5xx is tried again like a GET.
        self._call_options: dict[str, Any] = {"retry_on_methods": ["POST"]}
        if not address.startswith("https://"):  # loopback only: the settings refuse it elsewhere
            self._call_options["enforce_https"] = False
        self._client = ResourceGraphClient(
            credential,
            base_url=address,
            credential_scopes=[scope],
            api_version=API_VERSION,
            **options,
        )

    def close(self) -> None:
        """Close the sockets."""
        self._client.close()

    def pages(
        self, query: str, subscriptions: Sequence[str], call: Call, groups: Sequence[str] = ()
    ) -> Iterator[list[Row]]:
        """Yield the rows of a query page by page; all the principal sees if nothing is given.

        Args:
            query: The query.
            subscriptions: Those to look into.
            call: The call as errors name it.
            groups: Management groups to look below; looked at only without subscriptions.

        Raises:
            SourceError: A page could not be read, or what was read is not all there is: the rows
                of all pages do not add up to ``totalRecords``, the total moved between pages, a
                row came twice, or Azure left subscriptions out. Pages before it were yielded.
        """
        count, token, before = 0, None, set[str]()
        self.total = None
        while True:
            answer, cut = self._page(_request(query, subscriptions, groups, token), call)
            rows = self._checked(answer, before, call)
            before = {row["id"] for row in rows}
            count += len(rows)
            yield rows
            if cut:
                raise broken("Azure left out subscriptions beyond its limit", call)
            if not answer.skip_token:
                break
            if not rows or answer.skip_token == token:
                raise broken("the token of the next page does not advance", call)
            token = answer.skip_token
        if count != self.total:
            raise broken(f"{count} rows came where totalRecords says {self.total}", call)

    def _page(self, request: QueryRequest, call: Call) -> tuple[QueryResponse, bool]:
        headers: dict[str, str] = {}

        def keep_headers(response: PipelineResponse[HttpRequest, HttpResponse]) -> None:
            headers.update(response.http_response.headers)

        self.calls += 1
        try:
            answer = self._client.resources(
                request, raw_response_hook=keep_headers, **self._call_options
            )
        except AzureError as error:
            raise failure(error, call) from error
        except ValueError as error:
            raise broken(f"an answer of another shape: {error}", call) from error
        limit = {name.lower(): value for name, value in headers.items()}.get(_LIMIT_HIT, "")
        return answer, limit.lower() == "true"

    def _checked(self, answer: QueryResponse, before: set[str], call: Call) -> list[Row]:
        rows: Any = answer.data  # typed as a mapping; with objectArray it is a list
        total: Any = answer.total_records
        if not isinstance(rows, list) or not isinstance(total, int):
            raise broken("a page without data or totalRecords", call)
        if not all(isinstance(row, dict) and isinstance(row.get("id"), str) for row in rows):
            raise broken("a row without an id", call)
        if self.total not in {None, total}:
            raise broken(f"totalRecords moved from {self.total} to {total} between pages", call)
        self.total = total
        if not before.isdisjoint(row["id"] for row in rows):
            raise broken("a row of the page before came again", call)
        return rows


def _request(
    query: str, subscriptions: Sequence[str], groups: Sequence[str], token: str | None
) -> QueryRequest:
    return QueryRequest(
        query=query,
        subscriptions=list(subscriptions) or None,
        management_groups=None if subscriptions else list(groups) or None,
        options=QueryRequestOptions(
            top=PAGE, skip_token=token, result_format="objectArray", allow_partial_scopes=False
        ),
    )
