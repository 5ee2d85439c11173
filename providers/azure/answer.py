"""An answer that was read whole, as azure-core wants to see one."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any

import urllib3
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest, HttpResponse
from azure.core.utils import case_insensitive_dict


class Answer(HttpResponse):
    """A urllib3 response in azure-core's words."""

    def __init__(self, request: HttpRequest, response: urllib3.BaseHTTPResponse) -> None:
        self._request, self._response = request, response
        self._headers = case_insensitive_dict(response.headers.items())
        self._encoding: str | None = None

    @property
    def request(self) -> HttpRequest:
        """The request that was answered."""
        return self._request

    @property
    def status_code(self) -> int:
        """The status."""
        return self._response.status

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The header fields, in any letter case."""
        return self._headers

    @property
    def reason(self) -> str:
        """The words beside the status."""
        return self._response.reason or ""

    @property
    def content_type(self) -> str | None:
        """The media type."""
        return self._headers.get("Content-Type")

    @property
    def is_closed(self) -> bool:
        """True: it was read whole."""
        return True

    @property
    def is_stream_consumed(self) -> bool:
        """True: it was read whole."""
        return True

    @property
    def encoding(self) -> str | None:
        """The encoding that was set, if any."""
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    @property
    def url(self) -> str:
        """The address that answered."""
        return self._request.url

    @property
    def content(self) -> bytes:
        """The body."""
        return self._response.data

    def text(self, encoding: str | None = None) -> str:
        """Return the body as text; what cannot be read is replaced."""
        return self.content.decode(encoding or self._encoding or "utf-8-sig", "replace")

    def json(self) -> Any:  # noqa: ANN401  a JSON value
        """Return the body's JSON."""
        return json.loads(self.text())

    def raise_for_status(self) -> None:
        """Raise for a status of 400 or more."""
        if self.status_code >= 400:
            raise HttpResponseError(response=self)

    def read(self) -> bytes:
        """Return the body."""
        return self.content

    def iter_raw(self, **_: Any) -> Iterator[bytes]:  # noqa: ANN401  as azure-core has it
        """Yield the body."""
        yield self.content

    def iter_bytes(self, **_: Any) -> Iterator[bytes]:  # noqa: ANN401  as azure-core has it
        """Yield the body."""
        yield self.content

    def close(self) -> None:
        """Do nothing: it was read whole."""

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        """Name the status only: a body may hold a token."""
        return f"<Answer: {self.status_code}>"
