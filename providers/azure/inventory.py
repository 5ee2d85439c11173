"""Reads one registry: repositories, manifests, tags. Every failure is counted and passed by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from audit.errors import AccessDeniedError, BrokenPageError, SourceError
from audit.model.scope import ScopeOutcome, ScopeRef, ScopeTally
from audit.ports import RunContext, Sink
from providers.azure.inventory_rows import (
    InUse,
    Listing,
    left_out_rows,
    nobody_looked,
    repository_blocks,
)
from providers.azure.names import ABAC_CATALOG
from providers.azure.parse_manifests import check_document, manifest, with_document
from providers.azure.parse_registries import Registry
from providers.azure.placements import Place, Placements
from providers.azure.registry_client import RegistryClient


@dataclass
class Shelf:
    """Where the registries of one subscription put what they read.

    Attributes:
        in_use: Whether an image was seen running, and in how many containers.
        digests: Digests that have an ``images`` row already.
    """

    sink: Sink
    context: RunContext
    selects: Callable[[str], bool]
    placements: Placements = field(default_factory=Placements)
    digests: set[str] = field(default_factory=set)
    in_use: InUse = nobody_looked


class RegistryReader:
    """Reads one registry into a shelf."""

    def __init__(
        self, registry: Registry, ref: ScopeRef, client: RegistryClient, shelf: Shelf
    ) -> None:
        self._registry, self._client, self._shelf = registry, client, shelf
        self._tally = ScopeTally(ref)
        self._expected: int | None = 0

    def read(self) -> ScopeOutcome:
        """Read everything that can be read and say how it went."""
        for name in self._names():
            self._repository(name)
        self._tally.api_calls = self._client.calls
        self._tally.expected = self._expected
        return self._tally.finish()

    def _names(self) -> list[str]:
        """List the catalogue; with a broken page, the names before it are still read."""
        names: dict[str, None] = {}
        try:
            for page in self._client.repositories():
                names.update(dict.fromkeys(page))
        except SourceError as error:
            self._fail(error)
            self._expected = None
        if not names and self._registry.abac and self._tally.complete:
            # Under repository permissions an empty list is also what a stranger is shown.
            self._fail(
                AccessDeniedError(
                    "the catalogue is empty, as it is without the permission to list it",
                    operation="acr:ListRepositories",
                    permission=ABAC_CATALOG,
                )
            )
            self._expected = None
        wanted = [name for name in names if self._shelf.selects(name)]
        self._put_left_out(names.keys() - set(wanted))
        return wanted

    def _put_left_out(self, names: Iterable[str]) -> None:
        """Mark what the configuration leaves out as not listed, never as holding nothing."""
        block = left_out_rows(names, self._registry, self._shelf.context.run_id)
        if len(block):
            self._shelf.sink.write(block)

    def _repository(self, name: str) -> None:
        listing = Listing(name)
        self._read_properties(listing)
        self._read_manifests(listing)
        self._read_documents(listing)
        self._put(listing)

    def _read_properties(self, listing: Listing) -> None:
        try:
            listing.properties = self._client.repository(listing.name)
        except SourceError as error:
            listing.unread = [
                f"{column}: {error}" for column in ("created_at", "updated_at", "expected_images")
            ]
            self._fail(error)
        count = listing.expected
        if count is None and listing.properties is not None:
            listing.unread = ["expected_images: manifestCount cannot be read"]
            self._fail(
                BrokenPageError(
                    f"the manifestCount of {listing.name} cannot be read",
                    operation="acr:GetRepositoryProperties",
                )
            )
        if count is None or self._expected is None:
            self._expected = None
        else:
            self._expected += count

    def _read_manifests(self, listing: Listing) -> None:
        try:
            for page in self._client.manifests(listing.name, listing.expected):
                for row in page:
                    listing.manifests.setdefault(row["digest"], manifest(row))
        except SourceError as error:
            listing.complete = False
            self._fail(error)
        if listing.complete and len(listing.manifests) < (listing.expected or 0):
            listing.complete = False
            self._fail(
                BrokenPageError(
                    f"{listing.name} lists {len(listing.manifests)} manifests and counts "
                    f"{listing.expected}",
                    operation="acr:ListManifests",
                )
            )

    def _read_documents(self, listing: Listing) -> None:
        """Read the manifests whose row leaves open what they are or what they hold."""
        for digest, one in listing.manifests.items():
            if one.needs_document:
                try:
                    document = self._client.manifest(listing.name, digest)
                    listing.manifests[digest] = whole = with_document(one, document)
                    check_document(whole, document)
                except SourceError as error:
                    self._fail(error)

    def _put(self, listing: Listing) -> None:
        shelf = self._shelf
        rows = repository_blocks(
            listing, self._registry, shelf.context.run_id, shelf.digests, shelf.in_use
        )
        for block in (rows.repositories, rows.images, rows.placements):
            if len(block):
                shelf.sink.write(block)
        for digest, one in listing.manifests.items():
            place = Place(self._registry.login_server, listing.name, digest)
            shelf.placements.add(place, one.pushed_at, assessable=digest in rows.assessable)
        self._tally.listed += len(listing.manifests)

    def _fail(self, error: SourceError) -> None:
        self._tally.fail(error)
        self._shelf.context.log.warning("%s: %s", self._tally.ref.scope_id, error)
