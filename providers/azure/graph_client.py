"""Azure Resource Graph, page by page, with the checks that make absence believable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineResponse
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions, QueryResponse

from providers.azure.failures import Call, broken, failure
from providers.azure.queries import PAGE
from providers.azure.quota import Quota

API_VERSION = "2022-10-01"
_LIMIT_HIT = "x-ms-tenant-subscription-limit-hit"

Row = dict[str, Any]


class GraphClient:
    """Runs Resource Graph queries (``POST /providers/Microsoft.ResourceGraph/resources``).

    Attributes:
        calls: Calls made, retries left out.
        total: ``totalRecords`` of the page read last; None from the start of a query to its first.
    """

    def __init__(
        self,
        address: str,
        scope: str,
        credential: TokenCredential,
        options: Mapping[str, Any],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.calls = 0
        self.total: int | None = None
        self._quota = Quota(sleep)
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
        """Yield the rows of a query page by page; all the principal sees if no scope is given.

        Args:
            query: In Kusto; it must project ``id``.
            subscriptions: Those to ask about.
            call: What errors name.
            groups: Management groups to ask about, only without subscriptions; the tenant's id is
                that of the root group, where alone some tables are visible.

        Raises:
            SourceError: A page could not be read, or what was read is not all there is: the rows
                of all pages do not add up to ``totalRecords``, the total moved between pages, a
                row came twice, or Azure left subscriptions out. Pages before it were yielded.
        """
        count, token, before = 0, None, set[str]()
        told = self.total = None  # its own: another query may be asked between two pages
        scope = {
            "subscriptions": list(subscriptions) or None,
            "management_groups": None if subscriptions else list(groups) or None,
        }
        while True:
            answer, cut = self._page(query, scope, token, call)
            rows = self._checked(answer, before, told, call)
            told = self.total = answer.total_records
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
        if count != told:
            raise broken(f"{count} rows came where totalRecords says {told}", call)

    def _page(
        self, query: str, scope: Mapping[str, Any], token: str | None, call: Call
    ) -> tuple[QueryResponse, bool]:
        headers: dict[str, str] = {}

        def keep_headers(response: PipelineResponse[HttpRequest, HttpResponse]) -> None:
            told = response.http_response.headers
            headers.update({name.lower(): value for name, value in told.items()})

        request = QueryRequest(
            query=query,
            **scope,
            options=QueryRequestOptions(
                top=PAGE, skip_token=token, result_format="objectArray", allow_partial_scopes=False
            ),
        )
        self.calls += 1
        self._quota.wait()
        try:
            answer = self._client.resources(
                request, raw_response_hook=keep_headers, **self._call_options
            )
        except AzureError as error:
            raise failure(error, call) from error
        except ValueError as error:
            raise broken(f"an answer of another shape: {error}", call) from error
        finally:
            self._quota.note(headers)
        return answer, headers.get(_LIMIT_HIT, "").lower() == "true"

    def _checked(
        self, answer: QueryResponse, before: set[str], told: int | None, call: Call
    ) -> list[Row]:
        rows: Any = answer.data  # typed as a mapping; with objectArray it is a list
        total: Any = answer.total_records
        if not isinstance(rows, list) or not isinstance(total, int):
            raise broken("a page without data or totalRecords", call)
        if not all(isinstance(row, dict) and isinstance(row.get("id"), str) for row in rows):
            raise broken("a row without an id", call)
        if told not in {None, total}:
            raise broken(f"totalRecords moved from {told} to {total} between pages", call)
        if not before.isdisjoint(row["id"] for row in rows):
            raise broken("a row of the page before came again", call)
        return rows
