"""Pages and opaque page tokens of the loopback servers.

A token names the listing it belongs to, so one that is garbled, or that comes from another
listing (other repository, other filter, the estate of the night before), is refused as the clouds
refuse it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


class PageTokenError(ValueError):
    """The page token is not one that this listing gave out."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page: ``number`` counts from 1; ``next_token`` is empty on the last one."""

    number: int
    items: Sequence[Item]
    next_token: str


@dataclass(frozen=True)
class Listing:
    """The identity of a listing: everything that must be equal on each of its pages."""

    parts: tuple[str, ...]

    def position(self, token: str) -> tuple[int, int]:
        """Return (page number, offset) that ``token`` stands for; an empty one is the start.

        Raises:
            PageTokenError: This listing never gave out that token.
        """
        if not token:
            return 1, 0
        try:
            text = base64.urlsafe_b64decode(token.encode()).decode()
        except (binascii.Error, UnicodeError) as error:
            raise PageTokenError("the page token is not valid") from error
        place, _, seal = text.rpartition(".")
        if not place or seal != self._seal(place):
            raise PageTokenError("the page token is not valid for this request")
        number, offset = place.split(".")
        return int(number), int(offset)

    def page(self, items: Sequence[Item], token: str, size: int) -> Page[Item]:
        """Cut one page of at most ``size`` (>= 1) items out of the whole listing.

        Raises:
            PageTokenError: This listing never gave out that token.
        """
        number, offset = self.position(token)
        end = offset + size
        more = self._token(number + 1, end) if end < len(items) else ""
        return Page(number, items[offset:end], more)

    def _token(self, number: int, offset: int) -> str:
        place = f"{number}.{offset}"
        return base64.urlsafe_b64encode(f"{place}.{self._seal(place)}".encode()).decode()

    def _seal(self, place: str) -> str:
        named = "\0".join((*self.parts, place))
        return hashlib.sha256(named.encode()).hexdigest()[:16]
