"""What botocore raises -> the tool's error types. Imports botocore: for the client only."""

from __future__ import annotations

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  botocore's own class of that name
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
)

from audit.errors import (
    AccessDeniedError,
    DisabledError,
    NotFoundError,
    SourceError,
    TerminalError,
    ThrottledError,
    UnavailableError,
)
from providers.aws.scrub import scrubbed

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_REFUSED = frozenset(
    {
        *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"),
        *("MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized"),
        "UnrecognizedClientException",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_CLOSED = frozenset({"OptInRequired", "SubscriptionRequiredException"})
_UNPROVEN = re.compile(r"credential|token|accesskey|requestexpired|^auth", re.IGNORECASE)
"""Codes about who asks. AWS may answer them with the request's headers, the session token among
them: its words are not repeated."""
_UNPROVEN_WORDS = "the credentials or the signature of the request were refused"
_THROTTLED = frozenset(
    {
        *("LimitExceededException", "RequestLimitExceeded", "RequestThrottled", "SlowDown"),
        *("RequestThrottledException", "Throttling", "ThrottlingException", "ThrottledException"),
        *("TooManyRequestsException", "429"),
    }
)
_UNAVAILABLE = frozenset(
    {
        *("InternalError", "InternalFailure", "InternalServerError", "InternalServerException"),
        *("RequestTimeout", "RequestTimeoutException", "ServerException", "ServiceUnavailable"),
        "ServiceUnavailableException",
    }
)
_NO_CREDENTIALS = (
    *(NoCredentialsError, PartialCredentialsError, CredentialRetrievalError),
    *(TokenRetrievalError, SSOError),
)
_UNREACHABLE = (ConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError)
FEATURE_DISABLED = "This feature is disabled"
"""Words of the ValidationException of regions without registry scanning configuration."""


def from_client_error(error: ClientError, operation: str) -> SourceError:
    """Type an answer that AWS gave as an error: by its code, then by its HTTP status."""
    parts = error.response.get("Error", {})
    code, message = str(parts.get("Code", "")), scrubbed(str(parts.get("Message", "")))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if _is_unproven(code, status):
        return AccessDeniedError(_UNPROVEN_WORDS, operation=operation, code=code)
    if code in _DENIED:
        return AccessDeniedError(message, operation=operation, code=code, permission=operation)
    if code == "ValidationException" and FEATURE_DISABLED in message:
        return DisabledError(message, operation=operation, code=code)
    return _kind(code, status)(message or "no message", operation=operation, code=code)


def _is_unproven(code: str, status: int) -> bool:
    """Whether AWS refuses who asks; a page token that it refuses is a client's error as well."""
    if code in _REFUSED or "signature" in code.lower():
        return True
    return status in (401, 403) and code not in _DENIED | _CLOSED and bool(_UNPROVEN.search(code))


def _kind(code: str, status: int) -> type[SourceError]:
    if code in _CLOSED:
        return AccessDeniedError
    if code in _THROTTLED or status == 429:
        return ThrottledError
    if code in _UNAVAILABLE or status >= 500:
        return UnavailableError
    if code.endswith("NotFoundException"):
        return NotFoundError
    return AccessDeniedError if status in (401, 403) else TerminalError


def is_expired(code: str) -> bool:
    """Whether the session has ended: another one may be let in."""
    return code in _EXPIRED


def is_unreachable(error: BotoCoreError) -> bool:
    """Whether no answer came at all."""
    return isinstance(error, _UNREACHABLE)


def from_botocore_error(error: BotoCoreError, operation: str) -> SourceError:
    """Type an error that happened on this side: no credentials, no connection, a bad request."""
    code, message = type(error).__name__, scrubbed(str(error))
    if isinstance(error, _NO_CREDENTIALS):
        return AccessDeniedError(message, operation=operation, code=code)
    if is_unreachable(error):
        return UnavailableError(message, operation=operation, code=code)
    return TerminalError(message, operation=operation, code=code)
