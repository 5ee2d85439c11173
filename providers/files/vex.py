"""Statements of a VEX document -> rows of ``vex_statements``, whoever wrote it. Pure.

A statement speaks of a product: an image, or a package anywhere. What it means for the findings of
an image is settled when the run is put together, where all images are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.model.columns import Columns
from audit.ports import ImportOrder
from providers.files.purl import Purl, image_of_purl, parse_purl
from providers.files.reference import Reference, is_digest, parse_reference
from providers.files.rows import ROWS

_REFERENCE = re.compile(r"\S+@sha\d{3}:[0-9a-f]+")
_SAME = ("product", "digest", "package", "vulnerability_id", "status", "stated_at")


@dataclass(frozen=True)
class VexDocument:
    """Who states, and when."""

    document_id: str
    author: str | None
    issued_at: datetime | None


@dataclass(frozen=True)
class Product:
    """What a statement is about, in its own words.

    Attributes:
        name: Package URL, reference or other id of the product.
        digest: Digest of the image, where it is told beside the name.
        package: Package URL or name of the part of it; None when it is all of it.
    """

    name: str
    digest: str | None = None
    package: str | None = None


class VexRows:
    """The statements of one document on their way out; one made twice is one.

    Of several that differ about the same thing the store keeps the one that was made last.
    """

    def __init__(self, document: VexDocument, order: ImportOrder) -> None:
        self._document, self._order = document, order
        self._block = self._new()
        self._seen: set[int] = set()

    def add(self, product: Product, row: dict[str, Any]) -> None:
        """Add a statement about a product."""
        placed = {**_placed(product), **row}
        key = hash(tuple(map(placed.get, _SAME)))
        if key not in self._seen:
            self._seen.add(key)
            self._block.append(**placed)

    @property
    def full(self) -> bool:
        """Whether it is time to hand rows on."""
        return self._block.rows >= ROWS

    def flushed(self) -> Iterator[Columns]:
        """Yield what was stated since the last time."""
        if self._block.rows:
            yield self._block
            self._block = self._new()

    def _new(self) -> Columns:
        document = self._document
        return Columns(
            "vex_statements",
            provider="files",
            scope_id=self._order.scope_id,
            document_id=document.document_id,
            author=document.author,
            issued_at=document.issued_at,
            observed_run_id=self._order.context.run_id,
        )


def _placed(product: Product) -> dict[str, Any]:
    reference, digest, package = _told(product)
    part = parse_purl(product.package) if product.package else package
    names: Sequence[str] | None = part.names if part else None
    if names is None and product.package:
        names = (product.package,)
    return {
        "product": product.name,
        "package": product.package or (package.bare if package else None),
        "registry_id": reference.registry_id if reference else None,
        "repository": reference.repository if reference else None,
        "digest": digest or None,
        "package_names": list(names) if names else None,
        "package_version": part.version or None if part else None,
    }


def _told(product: Product) -> tuple[Reference | None, str, Purl | None]:
    """Return the image that a product is, and the package that it is instead."""
    purl = parse_purl(product.name)
    if purl and purl.is_image:
        reference, digest = image_of_purl(purl)
        return reference, digest or product.digest or "", None
    if purl:
        return None, product.digest or "", purl
    digest = product.name if is_digest(product.name) else product.digest or ""
    named = parse_reference(product.name) if _REFERENCE.fullmatch(product.name) else None
    return named, (named.digest if named else "") or digest, None
