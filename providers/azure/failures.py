"""azure-core's exceptions and refused answers -> the core's typed errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.rest import HttpResponse

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    DisabledError,
    NotFoundError,
    SourceError,
    TerminalError,
    ThrottledError,
    UnavailableError,
)

_LONGEST = 400
_ENTRA_CODE = re.compile(r"AADSTS\d+")
_BY_STATUS: Mapping[int, type[SourceError]] = {
    401: AccessDeniedError,
    403: AccessDeniedError,
    404: NotFoundError,
    408: UnavailableError,
    429: ThrottledError,
}
_SWITCHED_OFF = frozenset(
    {
        "DisabledSubscription",
        "MissingSubscriptionRegistration",
        "ReadOnlyDisabledSubscription",
        "SubscriptionNotRegistered",
    }
)


@dataclass(frozen=True)
class Call:
    """A call as errors name it: the operation, and the role that would have allowed it."""

    operation: str
    permission: str


_GET_TOKEN = Call("entra:GetToken", "")


def failure(error: AzureError, call: Call) -> SourceError:
    """Return the typed error for an exception of azure-core or azure-identity."""
    if isinstance(error, ClientAuthenticationError) and error.response is None:
        return _no_token(error)
    if isinstance(error, IncompleteReadError | ServiceRequestError | ServiceResponseError):
        return _made(UnavailableError, type(error).__name__, str(error), call)
    if isinstance(error, DecodeError):
        return broken(f"an answer that is not JSON: {error.message}", call)
    if isinstance(error, HttpResponseError):
        return _answered(error, call)
    return _made(TerminalError, type(error).__name__, str(error), call)


def refusal(response: HttpResponse, call: Call) -> SourceError:
    """Return the typed error for an answer with a status of 300 or more."""
    code, words = _said(response)
    said = words or response.reason or "no reason given"
    return _made(_type(response.status_code, code), code or str(response.status_code), said, call)


def broken(message: str, call: Call) -> BrokenPageError:
    """Return the error for an answer that lacks what its operation promises."""
    return BrokenPageError(_short(message), operation=call.operation)


def _answered(error: HttpResponseError, call: Call) -> SourceError:
    response = error.response
    code, words = _said(response) if isinstance(response, HttpResponse) else ("", "")
    status = error.status_code or 0
    made = _type(status, code)
    if isinstance(error, ClientAuthenticationError) and not issubclass(
        made, ThrottledError | UnavailableError
    ):
        # Entra answers refused credentials with 400 or 401, and a missing identity with nothing.
        made = AccessDeniedError
    return _made(made, code or str(status or type(error).__name__), words or error.message, call)


def _type(status: int, code: str) -> type[SourceError]:
    if code in _SWITCHED_OFF:
        return DisabledError
    return _BY_STATUS.get(status, UnavailableError if status >= 500 else TerminalError)


def _no_token(error: ClientAuthenticationError) -> SourceError:
    """Return the error for a token that azure-identity could not get; no role would help."""
    told = _ENTRA_CODE.search(str(error))
    code = told.group() if told else type(error).__name__
    made = UnavailableError if _unreached(error) else AccessDeniedError
    return _made(made, code, str(error), _GET_TOKEN)


def _unreached(error: BaseException | None) -> bool:
    """Whether no answer came; azure-identity wraps that in an authentication error."""
    if isinstance(error, ClientAuthenticationError) and error.response is None:
        return _unreached(error.__cause__)
    return isinstance(error, ServiceRequestError | ServiceResponseError | OSError)


def _said(response: HttpResponse) -> tuple[str, str]:
    """Return code and message of an error body: ``{errors: [..]}`` (ACR), ``{error: ..}``."""
    try:
        body = json.loads(response.text())
    except ValueError:
        return "", ""
    told = body.get("errors") or body.get("error") if isinstance(body, Mapping) else None
    first = told[0] if isinstance(told, list) and told else told
    if isinstance(first, str):  # Entra: {"error": "invalid_client", "error_description": ...}
        return first, str(body.get("error_description") or "")
    if not isinstance(first, Mapping):
        return "", ""
    return str(first.get("code") or ""), str(first.get("message") or "")


def _made(made: type[SourceError], code: str, message: str, call: Call) -> SourceError:
    permission = call.permission if issubclass(made, AccessDeniedError) else ""
    return made(_short(message), operation=call.operation, code=code, permission=permission)


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
