"""Reads the registries of one location and the images in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from audit.model.enums import ImageKind
from audit.model.scope import LEFT_OUT, ScopeOutcome, ScopeRef, ScopeTally
from audit.normalise.kinds import INDEX_MEDIA_TYPES
from audit.ports import Sink
from providers.gcp.names import Where
from providers.gcp.parse_images import (
    Child,
    Listed,
    children_of,
    image_row,
    kind_of,
    listed_of,
    placement_row,
    repository_rows,
    scanned_child,
)
from providers.gcp.parse_registry import Registry, registry_of
from providers.gcp.scopes import PROVIDER, tallied
from providers.gcp.settings import GcpSettings
from providers.gcp.values import Message

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

_LIST_IMAGES = "artifactregistry:ListDockerImages"


class Placed(NamedTuple):
    """What the findings must know of a manifest that lies somewhere.

    Attributes:
        child: What an index says of it.
        scanned_child: Of an index, its first linux/amd64 manifest: the only one Google scans.
    """

    kind: ImageKind
    child: Child | None
    scanned_child: Where | None = None


class Inventory:
    """What lies in one project; filled location by location.

    Attributes:
        placed: Every manifest placed, by identity, over all locations read so far.
    """

    def __init__(
        self,
        clients: GcpClients,
        sink: Sink,
        settings: GcpSettings,
        *,
        run_id: str,
        row_of: Callable[[Registry], dict[str, Any]],
    ) -> None:
        self.placed: dict[Where, Placed] = {}
        self._clients, self._sink, self._settings = clients, sink, settings
        self._run_id = run_id
        self._row_of = row_of

    def read(self, ref: ScopeRef) -> ScopeOutcome:
        """Read one location's registries and images into the sink.

        A registry that cannot be listed to its end keeps what was read of it; the others go on.
        """
        tally = ScopeTally(ref)
        registries: list[Registry] = []
        for page in tallied(self._clients.repository_pages(ref.account, ref.region), tally):
            registries.extend(_parsed_registries(page, tally))
        self._write_registries(registries, tally.ref)
        for registry in registries:
            if registry.holds_images:
                self._read_registry(registry, tally)
        return tally.finish()

    def _read_registry(self, registry: Registry, tally: ScopeTally) -> None:
        errors_before = tally.errors
        listing: dict[tuple[str, str], Listed] = {}
        left_out: set[str] = set()
        for page in tallied(self._clients.image_pages(registry.name), tally):
            for image in _parsed_images(page, tally):
                if self._settings.wants(image.repository):
                    listing[image.repository, image.digest] = image
                else:
                    left_out.add(image.repository)
        tally.listed += len(listing)
        if registry.doubt and not listing and not left_out and tally.errors == errors_before:
            tally.fail(BrokenPageError(registry.doubt, operation=_LIST_IMAGES))
        images = list(listing.values())
        self._write_repositories(registry, images, tally, complete=tally.errors == errors_before)
        self._write_left_out(registry, left_out, tally.ref)
        self._write_images(registry, images, tally.ref)
        _miss_children(images, tally)

    def _write_registries(self, registries: list[Registry], ref: ScopeRef) -> None:
        block = self._block("registries", ref)
        for registry in registries:
            block.append(**self._row_of(registry))
        self._sink.write(block)

    def _write_repositories(
        self, registry: Registry, images: list[Listed], tally: ScopeTally, *, complete: bool
    ) -> None:
        block = self._block("repositories", tally.ref, registry_id=registry.registry_id)
        for row in repository_rows(images, registry.row, complete=complete):
            block.append(**row)
        self._sink.write(block)

    def _write_left_out(self, registry: Registry, names: set[str], ref: ScopeRef) -> None:
        """Mark what the configuration leaves out as not listed, never as holding nothing."""
        block = self._block("repositories", ref, registry_id=registry.registry_id)
        for name in sorted(names):
            block.append(repository=name, complete=False, unread=[LEFT_OUT])
        self._sink.write(block)

    def _write_images(self, registry: Registry, images: list[Listed], ref: ScopeRef) -> None:
        manifests = Columns("images")
        placements = self._block("placements", ref, registry_id=registry.registry_id)
        children = children_of(images)
        written: set[str] = set()
        for image in images:
            child = children.get(image.digest)
            kind = kind_of(image, child)
            where = Where(registry.registry_id, image.repository, image.digest)
            scanned = scanned_child(image)
            self.placed[where] = Placed(
                kind, child, where._replace(digest=scanned) if scanned else None
            )
            placements.append(**placement_row(image))
            if image.digest not in written:
                written.add(image.digest)
                manifests.append(**image_row(image, kind, child))
        self._sink.write(manifests)
        self._sink.write(placements)

    def _block(self, table: str, ref: ScopeRef, **constants: str) -> Columns:
        return Columns(
            table,
            provider=PROVIDER,
            scope_id=ref.scope_id,
            account=ref.account,
            region=ref.region,
            observed_run_id=self._run_id,
            **constants,
        )


def _parsed_registries(page: Message, tally: ScopeTally) -> list[Registry]:
    registries = []
    for message in page.repositories:
        try:
            registries.append(registry_of(message))
        except BrokenPageError as error:
            tally.fail(error)
    return registries


def _miss_children(images: list[Listed], tally: ScopeTally) -> None:
    """Note the indexes that come without their manifests: which belong to them was not told.

    The listing itself is whole, so its repositories stay complete.
    """
    for image in images:
        if image.media_type in INDEX_MEDIA_TYPES and not image.children:
            tally.fail(
                BrokenPageError(
                    f"the index {image.repository}@{image.digest} comes without its manifests",
                    operation=_LIST_IMAGES,
                )
            )


def _parsed_images(page: Message, tally: ScopeTally) -> list[Listed]:
    images = []
    for message in page.docker_images:
        try:
            images.append(listed_of(message))
        except BrokenPageError as error:
            tally.fail(error)
    return images
