"""What all Google Cloud methods share on the wire: status errors, enum words, pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import grpc
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # has none

from providers.loopback.paging import Listing, Page, PageTokenError

Item = TypeVar("Item")
Message: TypeAlias = Any
"""A generated protobuf message, class or enum: the packages that hold them carry no types."""

UNKNOWN_ENUM = 99
"""Sent for a word that the enum does not have, as a newer server would send a newer number."""


class GcpError(Exception):
    """A status answer; ``reason`` goes into an ErrorInfo detail when it is given."""

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str = "",
        service: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.service = service

    def trailers(self) -> tuple[tuple[str, bytes], ...]:
        """Return the trailing metadata that carries the details; none without a reason."""
        if not self.reason:
            return ()
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        status.details.add().Pack(
            error_details_pb2.ErrorInfo(
                reason=self.reason, domain="googleapis.com", metadata={"service": self.service}
            )
        )
        return (("grpc-status-details-bin", status.SerializeToString()),)


def denied(permission: str, resource: str) -> GcpError:
    """Return the refusal of a caller who lacks ``permission`` on ``resource``."""
    return GcpError(
        grpc.StatusCode.PERMISSION_DENIED,
        f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
        reason="IAM_PERMISSION_DENIED",
        service=f"{permission.partition('.')[0]}.googleapis.com",
    )


def invalid(message: str) -> GcpError:
    """Return the refusal of a request that is wrong in itself."""
    return GcpError(grpc.StatusCode.INVALID_ARGUMENT, message)


def enum_number(enum: Message, word: str) -> int:
    """Return the number of an enum's word, or ``UNKNOWN_ENUM`` if it has no such word.

    A word of digits is that number, be it in the enum or not.
    """
    if word.isdecimal():
        return int(word)
    return int(enum[word].value) if word in enum.__members__ else UNKNOWN_ENUM


def page_of(
    items: Sequence[Item],
    request: Message,
    listing: tuple[str, ...],
    *,
    default: int,
    cap: int,
) -> Page[Item]:
    """Return the page that ``page_size`` and ``page_token`` of a request ask for.

    Args:
        items: The whole listing.
        request: A list request.
        listing: What the page token belongs to.
        default: Page size when none is asked for.
        cap: The largest page given.

    Raises:
        GcpError: A negative size, or a token of another listing.
    """
    if request.page_size < 0:
        raise invalid("page_size must not be negative")
    try:
        size = min(request.page_size or default, cap)
        return Listing(listing).page(items, request.page_token, size)
    except PageTokenError as error:
        raise invalid(str(error)) from error
