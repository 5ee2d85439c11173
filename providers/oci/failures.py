"""Answers of a registry that are no success -> typed errors. Pure."""

from __future__ import annotations

from typing import NamedTuple

import orjson

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

_SHOWN = 200
BASE, CATALOG, TAGS, MANIFEST = "oci:base", "oci:catalog", "oci:tags", "oci:manifest"
REFERRERS, BLOB, TOKEN = "oci:referrers", "oci:blob", "oci:token"


class Answer(NamedTuple):
    """An HTTP answer: status, headers with names in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes


def from_answer(answer: Answer, operation: str, wanted: str) -> SourceError:
    """Return what an answer that is no success means.

    Args:
        answer: Its body may hold ``errors[{code, message}]`` (distribution specification).
        operation: ``oci:tags`` ...
        wanted: The access that was needed, such as ``pull team/app``.
    """
    code, message = told(answer.body)
    code = code or str(answer.status)
    words = message or f"the registry answered {answer.status}"
    if answer.status in (401, 403):
        return AccessDeniedError(words, operation=operation, code=code, permission=wanted)
    if answer.status == 404:
        return NotFoundError(words, operation=operation, code=code)
    if answer.status == 429:
        return ThrottledError(words, operation=operation, code=code)
    if answer.status >= 500:
        return UnavailableError(words, operation=operation, code=code)
    if answer.status == 405 or code == "UNSUPPORTED":
        return DisabledError(words, operation=operation, code=code)
    return TerminalError(words, operation=operation, code=code)


def told(body: bytes) -> tuple[str, str]:
    """Return the first error's code and message, as far as the body tells."""
    try:
        (first, *_) = orjson.loads(body)["errors"]
        return str(first.get("code") or ""), str(first.get("message") or "")[:_SHOWN]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def broken(message: str, operation: str) -> BrokenPageError:
    """Return the error of an answer that is not what its operation promises."""
    return BrokenPageError(message, operation=operation)
