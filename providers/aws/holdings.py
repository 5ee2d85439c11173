"""What one account and region turned out to hold: the placements that findings are matched with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from audit.model.enums import ImageKind
from providers.aws.parse_inventory import Child, Listed, kind_of


@dataclass
class Holdings:
    """Manifests by digest, and where they are placed.

    Attributes:
        manifests: Each digest once, tags of all its placements together.
        children: What indexes say of their manifests, by the child's digest.
        indexes: Children of each index that could be read, in order.
        plain: Digests listed as indexes that turned out to be none.
        placed: Repository -> digest -> archived.
        pushed: When each placed image was pushed, as far as it is told.
    """

    manifests: dict[str, Listed] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    indexes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)
    placed: dict[str, dict[str, bool | None]] = field(default_factory=dict)
    pushed: dict[tuple[str, str], datetime | None] = field(default_factory=dict)

    def place(self, repository: str, image: Listed) -> None:
        """Note that ``repository`` holds ``image``."""
        self.placed.setdefault(repository, {})[image.digest] = image.archived
        self.pushed[repository, image.digest] = image.pushed_at
        known = self.manifests.get(image.digest)
        tags = tuple(sorted({*image.tags, *(known.tags if known else ())}))
        self.manifests[image.digest] = replace(known or image, tags=tags)

    def read_index(self, digest: str, children: tuple[Child, ...] | None) -> None:
        """Note an index's children; None says that it is a plain manifest after all."""
        if children is None:
            self.plain.add(digest)
            return
        self.recall_index(digest, tuple(child.digest for child in children), children)

    def recall_index(self, digest: str, names: tuple[str, ...], children: Iterable[Child]) -> None:
        """Note an index's children, of which only some may be known."""
        self.indexes[digest] = names
        for child in children:
            self.children.setdefault(child.digest, child)

    def kind(self, digest: str) -> ImageKind:
        """Say what a placed digest is."""
        plain = digest in self.plain
        return kind_of(self.manifests[digest], self.children.get(digest), plain=plain)

    def holds(self, repository: str, digest: str) -> bool:
        """Whether the digest was listed in the repository."""
        return digest in self.placed.get(repository, {})

    def assessable(self) -> Iterator[tuple[str, str, bool | None]]:
        """Yield (repository, digest, archived) of every placed image that a scanner can judge."""
        for repository, digests in self.placed.items():
            for digest, archived in digests.items():
                if self.kind(digest) is ImageKind.IMAGE:
                    yield repository, digest, archived
