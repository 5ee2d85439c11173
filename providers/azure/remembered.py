"""What the run before read of a registry: what is unchanged need not be read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from audit.model.enums import ImageKind
from audit.ports import Memory
from audit.tables import TABLES
from providers.azure.names import PROVIDER

_IMAGE = TABLES["images"].stored_names
_REPOSITORY = (
    *("repository", "created_at", "updated_at", "expected_images", "expected_tags"),
    *("listed_images", "complete", "listed_at"),
)
ImageRow = Mapping[str, Any]


class RepositoryBefore(NamedTuple):
    """A repository's row of the run before."""

    name: str
    created_at: datetime | None
    updated_at: datetime | None
    images: int | None
    tags: int | None
    listed: int | None
    complete: bool | None
    listed_at: datetime | None


class Placed(NamedTuple):
    """A placement of the run before."""

    digest: str
    tags: list[str] | None
    pushed_at: datetime | None


@dataclass
class Remembered:
    """One registry as the run before held it, asked for when first needed: three questions."""

    memory: Memory
    registry_id: str

    @cached_property
    def repositories(self) -> Mapping[str, RepositoryBefore]:
        """Its repositories by name."""
        rows = self.memory.rows("repositories", _REPOSITORY, **self._here)
        return {row[0]: RepositoryBefore(*row) for row in rows}

    def placements(self, repository: str) -> list[Placed]:
        """Return what lay in a repository."""
        return self._placements.get(repository, [])

    @cached_property
    def images(self) -> Mapping[str, ImageRow]:
        """Its manifests by digest, those left out of which something could not be read."""
        if not self.repositories:
            return {}
        rows = self.memory.rows("images", _IMAGE, placed_in=self.registry_id)
        told = (dict(zip(_IMAGE, row, strict=True)) for row in rows)
        return {row["digest"]: row for row in told if _is_whole(row)}

    @cached_property
    def _placements(self) -> Mapping[str, list[Placed]]:
        columns = ("repository", *Placed._fields)
        found = defaultdict(list)
        for repository, *row in self.memory.rows("placements", columns, **self._here):
            found[repository].append(Placed(*row))
        return found

    @property
    def _here(self) -> dict[str, str]:
        return {"provider": PROVIDER, "registry_id": self.registry_id}


def _is_whole(row: ImageRow) -> bool:
    """Whether the manifest was read: an index tells its children, anything else its type."""
    if row["kind"] == ImageKind.INDEX:
        return row["child_digests"] is not None
    return row["media_type"] is not None and row["artifact_type"] is not None
