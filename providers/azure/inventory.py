"""Reads one registry: repositories, manifests, tags. Every failure is counted and passed by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from audit.errors import AccessDeniedError, BrokenPageError, SourceError
from audit.model.scope import ScopeOutcome, ScopeRef, ScopeTally
from audit.ports import RunContext, Sink
from providers.azure.documents import read_documents
from providers.azure.inventory_rows import (
    InUse,
    Listing,
    Rows,
    left_out_rows,
    nobody_looked,
    repository_blocks,
    restated_blocks,
)
from providers.azure.names import ABAC_CATALOG
from providers.azure.page_size import MOST
from providers.azure.parse_manifests import manifest
from providers.azure.parse_registries import Registry
from providers.azure.placements import Place, Placements
from providers.azure.registry_client import RegistryClient
from providers.azure.remembered import Remembered, RepositoryBefore
from providers.azure.settings import AzureSettings
from providers.azure.unchanged import is_due, is_unchanged, waits_for_count


@dataclass
class Shelf:
    """Where the registries of one subscription put what they read.

    Attributes:
        in_use: Whether an image was seen running, and in how many containers.
        digests: Digests that have an ``images`` row already.
    """

    sink: Sink
    context: RunContext
    settings: AzureSettings
    placements: Placements = field(default_factory=Placements)
    digests: set[str] = field(default_factory=set)
    in_use: InUse = nobody_looked


class RegistryReader:
    """Reads one registry into a shelf."""

    def __init__(
        self, registry: Registry, ref: ScopeRef, client: RegistryClient, shelf: Shelf
    ) -> None:
        self._registry, self._client, self._shelf = registry, client, shelf
        self._before = Remembered(shelf.context.memory, registry.login_server)
        self._tally = ScopeTally(ref)
        self._expected: int | None = 0

    def read(self) -> ScopeOutcome:
        """Read everything that can be read and say how it went."""
        names = self._names()
        self._client.expect(names)
        for name in names:
            self._repository(name)
        self._tally.api_calls = self._client.calls
        self._tally.expected = self._expected
        return self._tally.finish()

    def _names(self) -> list[str]:
        """List the catalogue; where that fails, what came of it and what is known is read."""
        names: dict[str, None] = {}
        try:
            for page in self._client.repositories():
                names.update(dict.fromkeys(page))
        except SourceError as error:
            self._fail(error)
        if not names and self._registry.abac and self._tally.complete:
            # Under repository permissions an empty list is also what a stranger is shown.
            self._fail(
                AccessDeniedError(
                    "the catalogue is empty, as it is without the permission to list it",
                    operation="acr:ListRepositories",
                    permission=ABAC_CATALOG,
                )
            )
        if not self._tally.complete:
            names.update(dict.fromkeys(self._known()))
            self._expected = None
        wanted = [name for name in names if self._shelf.settings.selects(name)]
        self._put_left_out(names.keys() - set(wanted))
        return wanted

    def _known(self) -> list[str]:
        """Return the repositories that the configuration or the run before names."""
        told = self._shelf.settings.repositories.get(self._registry.login_server, ())
        return sorted({*told, *self._before.repositories})

    def _put_left_out(self, names: Iterable[str]) -> None:
        """Mark what the configuration leaves out as not listed, never as holding nothing."""
        block = left_out_rows(names, self._registry, self._shelf.context.run_id)
        if len(block):
            self._shelf.sink.write(block)

    def _repository(self, name: str) -> None:
        listing, before = Listing(name), self._before.repositories.get(name)
        settings, moment = self._shelf.settings, self._shelf.context.moment
        if self._counts(name, before):
            self._read_properties(listing)
        due = is_due(name, before, moment, settings.full_listing_days)
        if not due and is_unchanged(listing, before, self._before):
            assert before is not None  # noqa: S101  else nothing is unchanged
            listing.listed_at = before.listed_at
            self._put(listing, restated_blocks(listing, self._before, *self._into()))
        else:
            self._list(listing, due=due)
            self._put(listing, repository_blocks(listing, *self._into()))
        self._count(listing)

    def _counts(self, name: str, before: RepositoryBefore | None) -> bool:
        """Whether a repository is asked for its attributes before anything else."""
        if before is not None and (before.listed or 0) > MOST:
            return True  # they cost one request where listing costs several
        asked, moment = self._shelf.settings.count_check, self._shelf.context.moment
        spread = asked == "spread" and not waits_for_count(name, before, moment)
        return asked == "always" or spread

    def _list(self, listing: Listing, *, due: bool) -> None:
        self._read_manifests(listing)
        if listing.properties is None and not listing.unread and self._in_doubt(listing):
            self._read_properties(listing)
        self._compare_count(listing)
        known = {} if due else self._before.images
        for error in read_documents(listing, self._client, known):
            self._fail(error)
        if listing.complete:
            listing.listed_at = self._shelf.context.moment

    def _in_doubt(self, listing: Listing) -> bool:
        """Whether something that was there is not listed any more, or nothing is."""
        gone = (
            one
            for one in self._before.placements(listing.name)
            if one.digest not in listing.manifests
        )
        return not listing.manifests or any(True for _ in gone)

    def _read_properties(self, listing: Listing) -> None:
        columns = ("created_at", "updated_at", "expected_images")
        try:
            listing.properties = self._client.repository(listing.name)
        except SourceError as error:
            listing.unread = [f"{column}: {error}" for column in columns]
            self._fail(error)
        if listing.expected is None and listing.properties is not None:
            listing.unread = ["expected_images: manifestCount cannot be read"]
            self._fail(
                BrokenPageError(
                    f"the manifestCount of {listing.name} cannot be read",
                    operation="acr:GetRepositoryProperties",
                )
            )

    def _read_manifests(self, listing: Listing) -> None:
        try:
            for page in self._client.manifests(listing.name, listing.expected):
                for row in page:
                    listing.manifests.setdefault(row["digest"], manifest(row))
        except SourceError as error:
            listing.complete = False
            self._fail(error)

    def _compare_count(self, listing: Listing) -> None:
        if listing.complete and len(listing.manifests) < (listing.expected or 0):
            listing.complete = False
            self._fail(
                BrokenPageError(
                    f"{listing.name} lists {len(listing.manifests)} manifests and counts "
                    f"{listing.expected}",
                    operation="acr:ListManifests",
                )
            )

    def _count(self, listing: Listing) -> None:
        if listing.expected is None or self._expected is None:
            self._expected = None
        else:
            self._expected += listing.expected

    def _into(self) -> tuple[Registry, str, set[str], InUse]:
        return self._registry, self._shelf.context.run_id, self._shelf.digests, self._shelf.in_use

    def _put(self, listing: Listing, rows: Rows) -> None:
        for block in (rows.repositories, rows.images, rows.placements):
            if len(block):
                self._shelf.sink.write(block)
        placed = rows.placements.data
        for digest, pushed_at in zip(placed["digest"], placed["pushed_at"], strict=True):
            place = Place(self._registry.login_server, listing.name, digest)
            self._shelf.placements.add(place, pushed_at, assessable=digest in rows.assessable)
        self._tally.listed += len(rows.placements)

    def _fail(self, error: SourceError) -> None:
        self._tally.fail(error)
        self._shelf.context.log.warning("%s: %s", self._tally.ref.scope_id, error)
