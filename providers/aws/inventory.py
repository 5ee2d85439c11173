"""Reads repositories and images of one account and region from ECR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from audit.model.scope import LEFT_OUT, ScopeTally
from providers.aws.api import ECR_IMAGES, ECR_REPOSITORIES, Answer, Listing
from providers.aws.asking import Facts
from providers.aws.holdings import Holdings
from providers.aws.indexes import IndexReader
from providers.aws.parse_inventory import (
    Listed,
    listed_image,
    repository_facts,
    repository_name,
)
from providers.aws.place import Place
from providers.aws.posture import Posture
from providers.aws.scanning import Scanning, read_frequencies

InUse = Callable[[str, str], int | None]
"""(repository, digest) -> running containers counted, or None when nobody counted."""


@dataclass
class Inventory:
    """Collector of the inventory scope; what cannot be read is in the tally."""

    place: Place
    tally: ScopeTally
    holdings: Holdings = field(default_factory=Holdings)

    def repositories(self) -> list[Answer]:
        """List the wanted repositories (ecr DescribeRepositories).

        One that the configuration leaves out gets its row, marked as not listed: nobody looks into
        it, which must not read as though it held nothing.
        """
        listing = Listing(self.place.api, self.tally, ECR_REPOSITORIES, "repositories")
        wanted: list[Answer] = []
        for page in listing.pages(maxResults=1000):
            for row in page:
                try:
                    if self.place.settings.wants(repository_name(row)):
                        wanted.append(row)
                    else:
                        self.write_left_out(repository_name(row), Facts(repository_facts(row)))
                except BrokenPageError as error:
                    listing.record(error)
        return wanted

    def read(
        self, rows: Sequence[Answer], scanning: Scanning, posture: Posture, in_use: InUse
    ) -> None:
        """Read every repository's images and write the inventory tables."""
        frequencies = read_frequencies(self.place, self.tally, rows, scanning)
        registry = scanning.facts(frequencies)
        registry.take(posture.registry)
        self.write_registry(registry)
        indexes = IndexReader(self.place, self.tally, self.holdings)
        for row in rows:
            name = repository_name(row)
            listing = Listing(
                self.place.api, self.tally, ECR_IMAGES, "imageDetails", may_vanish=True
            )
            asked = {"repositoryName": name, "filter": {"imageStatus": "ANY"}}
            images = list_images(listing, **asked)
            if listing.vanished:
                continue  # deleted while the run was reading: it holds nothing any more
            self.take(name, images, in_use)
            indexes.read(name, images)
            facts = Facts(repository_facts(row))
            facts.take(frequencies[name].facts())
            facts.take(posture.of(name))
            self.write_repository(name, facts, listed=len(images), complete=listing.error is None)
        self.write_images()

    def take(self, repository: str, images: Sequence[Listed], in_use: InUse) -> None:
        """Write the placements of a repository's images."""
        self.tally.listed += len(images)
        block = Columns("placements", **self.place.where(), repository=repository)
        for image in images:
            self.holdings.place(repository, image)
            count = in_use(repository, image.digest)
            block.append(
                digest=image.digest,
                tags=list(image.tags),
                pushed_at=image.pushed_at,
                last_pulled_at=image.last_pulled_at,
                in_use=None if count is None else count > 0,
                in_use_count=count,
                archived=image.archived,
            )
        self.place.write(block)

    def write_registry(self, facts: Facts) -> None:
        """Write the registry's row."""
        block = Columns("registries", **self.place.where())
        block.append(
            native_id=self.place.account, format="DOCKER", unread=facts.unread, **facts.columns
        )
        self.place.write(block)

    def write_repository(
        self, repository: str, facts: Facts, *, listed: int | None, complete: bool
    ) -> None:
        """Write a repository's row."""
        block = Columns("repositories", **self.place.where())
        block.append(
            repository=repository,
            listed_images=listed,
            complete=complete,
            unread=facts.unread,
            **facts.columns,
        )
        self.place.write(block)

    def write_left_out(self, repository: str, facts: Facts) -> None:
        """Write a repository that the configuration keeps from being listed."""
        facts.unread.append(LEFT_OUT)
        self.write_repository(repository, facts, listed=None, complete=False)

    def write_images(self) -> None:
        """Write each digest once, when all that indexes say of their children is known."""
        block = Columns("images")
        for digest, image in self.holdings.manifests.items():
            child = self.holdings.children.get(digest)
            children = self.holdings.indexes.get(digest)
            block.append(
                digest=digest,
                kind=self.holdings.kind(digest).value,
                media_type=image.media_type,
                artifact_type=image.artifact_type,
                size_bytes=image.size_bytes,
                subject_digest=image.subject or (child.subject if child else None),
                os=child.os if child else None,
                architecture=child.architecture if child else None,
                variant=child.variant if child else None,
                child_digests=self._children(digest, children),
            )
        self.place.write(block)

    def _children(self, digest: str, read: tuple[str, ...] | None) -> list[str] | None:
        """A manifest that is no index has no children; an index that was not read: not known."""
        if read is not None:
            return list(read)
        is_index = self.holdings.manifests[digest].is_index and digest not in self.holdings.plain
        return None if is_index else []


def list_images(listing: Listing, **parameters: object) -> list[Listed]:
    """List a repository; a digest that moves to a later page meanwhile is listed once."""
    images: dict[str, Listed] = {}
    for page in listing.pages(maxResults=1000, **parameters):
        for row in page:
            try:
                image = listed_image(row)
            except BrokenPageError as error:
                listing.record(error)
            else:
                images[image.digest] = image
    return list(images.values())
