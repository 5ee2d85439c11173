"""Calls to Google Cloud's services that speak JSON: pages of parsed objects out.

Cloud Asset, Resource Manager and Service Usage are asked a few times a project at most, so their
REST interface through google-auth's own session does, which is there already: each client library
would be one more dependency, with dependencies of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import google.auth
import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession

from audit.errors import BrokenPageError
from providers.gcp.failures import Operation, translated
from providers.gcp.retry import Patience
from providers.gcp.settings import GcpSettings

if TYPE_CHECKING:
    from audit.model.scope import ScopeTally

Answer: TypeAlias = dict[str, Any]
Parameters: TypeAlias = Mapping[str, Any]
"""Of a query: texts, numbers, and tuples of texts that are given one by one."""

_HOSTS = {
    "cloud_asset": "https://cloudasset.googleapis.com",
    "resource_manager": "https://cloudresourcemanager.googleapis.com",
    "service_usage": "https://serviceusage.googleapis.com",
}
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)  # Cloud Asset takes no narrower one
_TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two bytes of an answer


class RestClient:
    """Asks the three services, for one task; not thread-safe.

    A context manager: leaving it closes the connections.

    Args:
        settings: Where the services are, and how often a call is tried.
        patience: How calls are tried again; by default as the settings say.
    """

    def __init__(self, settings: GcpSettings, patience: Patience | None = None) -> None:
        self._settings = settings
        self._patience = patience or Patience(settings.max_attempts)
        self._sessions: dict[bool, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._sessions.values():
            session.close()

    def get(
        self, tally: ScopeTally, operation: Operation, path: str, parameters: Parameters
    ) -> Answer:
        """Make one call (``GET``) and count it in the tally; a retry is no call of its own.

        Raises:
            SourceError: It was refused, or failed for good.
        """
        return self._ask(tally, operation, "GET", path, {"params": parameters})

    def post(self, tally: ScopeTally, operation: Operation, path: str, body: Answer) -> Answer:
        """Make one call that reads by ``POST``; see :meth:`get`."""
        return self._ask(tally, operation, "POST", path, {"json": body})

    def rows(
        self,
        tally: ScopeTally,
        operation: Operation,
        path: str,
        parameters: Parameters,
        member: str,
    ) -> Iterator[Answer]:
        """Yield the objects in ``member`` of every page; a page without it is an empty one.

        Raises:
            SourceError: A page could not be read, or is not what was promised.
        """
        seen: set[str] = set()
        token = ""
        while True:
            more = {"pageToken": token} if token else {}
            page = self.get(tally, operation, path, {**parameters, **more})
            yield from _objects(page.get(member, []), member, operation)
            token = str(page.get("nextPageToken") or "")
            if token in seen:
                raise BrokenPageError(
                    "a page token came back a second time", operation=operation.name
                )
            if not token:
                return
            seen.add(token)

    def _ask(
        self, tally: ScopeTally, operation: Operation, verb: str, path: str, what: Answer
    ) -> Answer:
        tally.api_calls += 1
        url = self._url(operation) + path
        with translated(operation):
            answer = self._patience.ask(lambda: self._send(verb, url, what))
        return _object(answer, operation)

    def _send(self, verb: str, url: str, what: Answer) -> requests.Response:
        session = self._session(plain=url.startswith("http://"))
        # A redirect would carry the token to another address.
        try:
            answer: requests.Response = session.request(
                verb, url, timeout=_TIMEOUT, allow_redirects=False, **what
            )
        except requests.RequestException as error:
            raise _unavailable(type(error).__name__) from error
        if answer.status_code != requests.codes.ok:
            raise exceptions.from_http_response(answer)  # type: ignore[no-untyped-call]  # has none
        return answer

    def _session(self, *, plain: bool) -> Any:  # noqa: ANN401  google-auth types none of it
        """Return a session; a server without TLS on this machine is given no credentials."""
        if plain not in self._sessions:
            found = AnonymousCredentials() if plain else google.auth.default(scopes=_SCOPES)[0]  # type: ignore[no-untyped-call]  # has none
            session = self._sessions[plain] = AuthorizedSession(found)  # type: ignore[no-untyped-call]  # has none
            if self._settings.quota_project:
                session.headers["x-goog-user-project"] = self._settings.quota_project
        return self._sessions[plain]

    def _url(self, operation: Operation) -> str:
        service = _SERVICES[operation.name.partition(":")[0]]
        override: str | None = getattr(self._settings.endpoints, service)
        return (override or _HOSTS[service]).rstrip("/")


_unavailable: Any = exceptions.ServiceUnavailable  # its constructor has no types
_SERVICES = {
    "cloudasset": "cloud_asset",
    "cloudresourcemanager": "resource_manager",
    "serviceusage": "service_usage",
}


def _object(answer: requests.Response, operation: Operation) -> Answer:
    try:
        value = answer.json()
    except requests.JSONDecodeError as error:
        raise BrokenPageError("the answer is no JSON", operation=operation.name) from error
    if not isinstance(value, dict):
        raise BrokenPageError("the answer is no object", operation=operation.name)
    return value


def _objects(value: object, member: str, operation: Operation) -> list[Answer]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BrokenPageError(f"{member} is no list of objects", operation=operation.name)
    return value
