"""Indexes that an earlier run has read: a digest never changes what it stands for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from audit.model.enums import ImageKind
from audit.normalise.kinds import INDEX_MEDIA_TYPES
from providers.aws.parse_inventory import Child
from providers.aws.place import Place

_COLUMNS = (
    *("digest", "kind", "media_type", "child_digests", "os", "architecture", "variant"),
    "subject_digest",
)


@dataclass(frozen=True)
class KnownIndexes:
    """What the run before held of a registry's indexes.

    Attributes:
        indexes: Children of each index that was read, in order.
        plain: Digests listed as indexes that turned out to be none.
        children: What is known of manifests, by digest; only those of which nothing is missing.
    """

    indexes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    children: dict[str, Child] = field(default_factory=dict)

    def of(self, digest: str, placed: Collection[str]) -> tuple[str, ...] | None:
        """Return the digests of an index's children, or None when it must be read.

        One of them that is placed and not known asks for a reading; one that is gone does not:
        nothing is said of it.
        """
        names = self.indexes.get(digest)
        if names is None or any(one in placed and one not in self.children for one in names):
            return None
        return names


def known_indexes(place: Place) -> KnownIndexes:
    """Ask the run before for the manifests that it knew in this registry."""
    indexes: dict[str, tuple[str, ...]] = {}
    plain: set[str] = set()
    children: dict[str, Child] = {}
    rows = place.context.memory.rows("images", _COLUMNS, placed_in=place.registry_id)
    for digest, kind, media_type, names, os, architecture, variant, subject in rows:
        if kind == ImageKind.INDEX:
            if names is not None:
                indexes[digest] = tuple(names)
        elif media_type in INDEX_MEDIA_TYPES:
            plain.add(digest)
        attests = kind == ImageKind.ATTESTATION
        if attests or kind != ImageKind.IMAGE or (os and architecture):
            children[digest] = Child(digest, os, architecture, variant, attests, subject)
    return KnownIndexes(indexes, frozenset(plain), children)
