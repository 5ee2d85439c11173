"""Google's exceptions -> the tool's errors, typed by what can be done about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions

from audit.errors import (
    AccessDeniedError,
    DisabledError,
    NotFoundError,
    SourceError,
    TerminalError,
    ThrottledError,
    UnavailableError,
)

_KINDS: tuple[tuple[type[exceptions.GoogleAPICallError], type[SourceError]], ...] = (
    (exceptions.Forbidden, AccessDeniedError),
    (exceptions.Unauthorized, AccessDeniedError),
    (exceptions.NotFound, NotFoundError),
    (exceptions.TooManyRequests, ThrottledError),
    (exceptions.MethodNotImplemented, TerminalError),
    (exceptions.ServerError, UnavailableError),
)


@dataclass(frozen=True)
class Operation:
    """An API operation and the IAM permission it needs."""

    name: str
    permission: str


@contextmanager
def translated(operation: Operation) -> Iterator[None]:
    """Let Google's errors out as :class:`~audit.errors.SourceError` of ``operation``."""
    try:
        yield
    except exceptions.GoogleAPICallError as error:
        raise _from_call(error, operation) from error
    except auth_exceptions.GoogleAuthError as error:
        raise _from_auth(error, operation) from error


def _from_call(error: exceptions.GoogleAPICallError, operation: Operation) -> SourceError:
    reason = str(error.reason or "")
    kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), TerminalError)
    if kind is AccessDeniedError and reason == "SERVICE_DISABLED":
        kind = DisabledError
    return kind(
        str(error.message),
        operation=operation.name,
        code=reason or _status_of(error),
        permission=_permission(error, reason, operation),
    )


def _permission(error: exceptions.GoogleAPICallError, reason: str, operation: Operation) -> str:
    """Return the permission that was missing; empty when a permission would not have helped.

    A refusal with another reason (billing, a service perimeter, an IP rule) is not one of IAM.
    """
    if not isinstance(error, exceptions.Forbidden) or reason not in {"", "IAM_PERMISSION_DENIED"}:
        return ""
    told = (error.metadata or {}).get("permission", "")
    return str(told or operation.permission)


def _status_of(error: exceptions.GoogleAPICallError) -> str:
    status = error.grpc_status_code
    return str(status.name) if status is not None else type(error).__name__


def _from_auth(error: auth_exceptions.GoogleAuthError, operation: Operation) -> SourceError:
    offline = isinstance(error, auth_exceptions.TransportError) or error.retryable
    kind = UnavailableError if offline else AccessDeniedError
    return kind(str(error), operation=operation.name, code=type(error).__name__)
