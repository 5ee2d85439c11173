"""What all AWS operations share on the wire: the caller, the call, errors and times."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from providers.loopback.aws.world import AwsWorld, RegistryView
from providers.loopback.paging import Listing, Page, PageTokenError

Item = TypeVar("Item")

_ASSUMED_KEY = re.compile(r"^ASIALOOPBACK([0-9]{12})$")
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[0-9]{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")


class AwsError(Exception):
    """An error answer: ``code`` is the exception's name in the service model."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Caller:
    """Who signed a request, for which service and region.

    ``account`` is None for a caller with base credentials (no assumed role).
    """

    service: str
    region: str
    account: str | None
    access_key_id: str


@dataclass(frozen=True)
class Call:
    """One operation on the registry of one account and region, with its parameters."""

    operation: str
    view: RegistryView
    params: dict[str, Any]
    world: AwsWorld

    def page(
        self, items: Sequence[Item], *, default: int, most: int, cap: int, within: str = ""
    ) -> Page[Item]:
        """Return the page that ``maxResults`` and ``nextToken`` ask for.

        Args:
            items: The whole listing.
            default: Page size when none is asked for.
            most: Largest ``maxResults`` that the service takes.
            cap: What the estate allows at most.
            within: What else the token belongs to (repository, filter).

        Raises:
            PageTokenError: ``maxResults`` out of range, or a token that is not ours.
        """
        asked = self.params.get("maxResults", default)
        if not isinstance(asked, int) or not 1 <= asked <= most:
            raise PageTokenError(f"maxResults must be between 1 and {most}")
        view = self.view
        parts = (self.operation, view.account, view.region, within, view.estate.name)
        return Listing(parts).page(items, str(self.params.get("nextToken") or ""), min(asked, cap))


Operation = Callable[[Call], dict[str, Any]]


def assumed_key(account: str) -> str:
    """Return the access key id that stands for a role assumed in ``account``."""
    return f"ASIALOOPBACK{account}"


def session_token(account: str, number: int = 0) -> str:
    """Return the session token that goes with ``assumed_key``; each session has its own."""
    return f"loopback-session-{account}-{number}"


def read_caller(authorization: str, token: str) -> Caller:
    """Read the caller from a Signature Version 4 ``Authorization`` header.

    Raises:
        AwsError: No such header, or temporary credentials without their session token.
    """
    found = _CREDENTIAL.search(authorization)
    if not authorization.startswith("AWS4-HMAC-SHA256 ") or found is None:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    key, region, service = found.groups()
    assumed = _ASSUMED_KEY.match(key)
    account = assumed.group(1) if assumed else None
    if account is not None and not re.fullmatch(rf"loopback-session-{account}-[0-9]+", token):
        raise AwsError(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            403,
        )
    return Caller(service, region, account, key)


def epoch(moment: datetime) -> float:
    """Return a time as both services send it: seconds since 1970 as a float."""
    return moment.timestamp()


def without_empty(members: dict[str, Any]) -> dict[str, Any]:
    """Drop members that are None: AWS leaves out what it does not know."""
    return {key: value for key, value in members.items() if value is not None}
