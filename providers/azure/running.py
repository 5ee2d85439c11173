"""What Defender saw running: containers of the images that it has something to say of. Pure.

Defender names a running container only where its image has findings and its cluster is watched,
so an image that is not named may run all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.azure.values import digest, pick, text, whole


@dataclass
class Running:
    """Running containers of a tenant.

    Attributes:
        containers: How many were seen of each digest.
        clusters: Subscriptions that they run in.
        whole: The rows were read to their end, and each tells its image.
        expected: Subscriptions in which containers were seen before.
        stated: Digests of registry images that Defender has rows of.
    """

    containers: dict[str, int] = field(default_factory=dict)
    clusters: set[str] = field(default_factory=set)
    whole: bool = False
    expected: frozenset[str] = frozenset()
    stated: Collection[str] = ()

    def take(self, rows: Iterable[Mapping[str, Any]]) -> bool:
        """Take in a page; returns whether every row tells its image."""
        told_all = True
        for row in rows:
            image, count = digest(pick(row, "digest")), whole(pick(row, "containers"))
            if image is None or not count:
                told_all = False
                continue
            self.containers[image] = self.containers.get(image, 0) + count
            self.clusters.add((text(pick(row, "subscriptionId")) or "").lower())
        return told_all

    def in_use(self, image: str) -> tuple[bool | None, int | None]:
        """Return whether an image was seen running and in how many containers.

        It was seen not to run only if it would have been named: it has findings, everything was
        read, and every subscription with containers of an earlier run shows some in this one. A
        cluster's subscription that is no longer visible gives no row and no error.
        """
        count = self.containers.get(image)
        if count is not None:
            return True, count
        visible = self.whole and bool(self.clusters) and self.expected <= self.clusters
        return (False, 0) if visible and image in self.stated else (None, None)

    def note(self) -> str:
        """Return the subscriptions with containers as the note that the next run reads back."""
        return " ".join(sorted(self.expected | self.clusters))
