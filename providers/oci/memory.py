"""What is known of manifests: of the run before, and of this one. A digest never changes."""

from __future__ import annotations

from typing import Any

from audit.normalise.kinds import INDEX_MEDIA_TYPES
from audit.ports import Memory
from providers.oci.parse import Child, Facts
from providers.oci.rows import PROVIDER

_COLUMNS = (
    *("digest", "kind", "media_type", "artifact_type", "os", "architecture", "variant"),
    *("size_bytes", "created_at", "subject_digest", "child_digests", "labels"),
)


class Known:
    """Manifests that need not be read.

    Args:
        memory: The run before.
        registry_id: Whose manifests are remembered.
        configs: Whether an image without platform was read too little: its config was not.

    Attributes:
        repositories: Repositories that were on record, sorted.
    """

    def __init__(self, memory: Memory, registry_id: str, *, configs: bool) -> None:
        here = {"provider": PROVIDER, "registry_id": registry_id}
        told = memory.rows("repositories", ("repository",), **here)
        self.repositories = sorted(name for (name,) in told)
        rows = memory.rows("images", _COLUMNS, placed_in=registry_id)
        named = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        self._facts = {row["digest"]: _facts(row) for row in named if _whole(row, configs)}

    def facts(self, digest: str) -> Facts | None:
        """Return what a manifest is; None if it has to be read."""
        return self._facts.get(digest)

    def learn(self, facts: Facts) -> None:
        """Keep what was read for the other repositories of the registry."""
        self._facts[facts.digest] = facts


def _whole(row: dict[str, Any], configs: bool) -> bool:
    if row["media_type"] in INDEX_MEDIA_TYPES:
        return row["child_digests"] is not None
    return row["media_type"] is not None and not (
        configs and row["kind"] == "image" and row["os"] is None
    )


def _facts(row: dict[str, Any]) -> Facts:
    return Facts(
        digest=row["digest"],
        media_type=row["media_type"],
        artifact_type=row["artifact_type"],
        os=row["os"],
        architecture=row["architecture"],
        variant=row["variant"],
        size_bytes=row["size_bytes"],
        created_at=row["created_at"],
        subject=row["subject_digest"],
        children=tuple(Child(digest) for digest in row["child_digests"] or ()),
        labels=None if row["labels"] is None else tuple(row["labels"]),
        attests=row["kind"] == "attestation",
    )
