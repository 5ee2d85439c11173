"""Reads the manifests whose row leaves open what they are or what they hold, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from audit.errors import SourceError
from providers.azure.inventory_rows import Listing
from providers.azure.parse_manifests import check_document, with_document
from providers.azure.registry_client import RegistryClient
from providers.azure.remembered import ImageRow


def read_documents(
    listing: Listing, client: RegistryClient, known: Mapping[str, ImageRow]
) -> Iterator[SourceError]:
    """Complete a listing, and yield the errors met.

    A manifest never changes under its digest: one that was read in an earlier run is taken over
    as it was read, and so are the children that its index told of.

    Args:
        listing: What was listed; completed in place.
        client: The registry.
        known: What earlier runs read.
    """
    for digest, one in listing.manifests.items():
        if not one.needs_document:
            continue
        if _taken_over(digest, listing, known):
            continue
        try:
            document = client.manifest(listing.name, digest)
            listing.manifests[digest] = whole = with_document(one, document)
            check_document(whole, document)
        except SourceError as error:
            yield error


def _taken_over(digest: str, listing: Listing, known: Mapping[str, ImageRow]) -> bool:
    """Take a manifest and its children over, if all of them are known."""
    row = known.get(digest)
    if row is None:
        return False
    names = [name for name in row["child_digests"] or () if name in listing.manifests]
    if not all(name in known for name in names):
        return False
    listing.known |= {name: known[name] for name in (digest, *names)}
    return True
