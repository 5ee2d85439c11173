"""What was read of a registry -> rows. No I/O but the sink's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.model.columns import Columns
from audit.model.scope import LEFT_OUT
from audit.ports import Sink
from providers.oci.parse import Facts

PROVIDER = "oci"


@dataclass(frozen=True)
class Held:
    """A manifest in a repository, and the tags that point at it there."""

    facts: Facts
    tags: tuple[str, ...]

    def with_tags(self, tags: tuple[str, ...]) -> Held:
        """Add tags."""
        return replace(self, tags=tuple(sorted({*self.tags, *tags})))

    def about(self, subject: str) -> Held:
        """Note whom it refers to, unless it says so itself."""
        return replace(self, facts=replace(self.facts, subject=self.facts.subject or subject))


def scope_id(host: str) -> str:
    """Return the inventory scope of a registry."""
    return f"{PROVIDER}/{host}"


@dataclass(frozen=True)
class Rows:
    """Writes the inventory of one registry."""

    host: str
    run_id: str
    sink: Sink

    def write_registry(self) -> None:
        """Write the registry's row: the specification tells nothing of its configuration."""
        block = Columns("registries", **self._where())
        block.append(native_id=self.host, format="DOCKER", labels=[], unread=[])
        self.sink.write(block)

    def write_left_out(self, name: str) -> None:
        """Write a repository that the patterns leave out: not listed."""
        block = Columns("repositories", **self._where(), complete=False)
        block.append(repository=name, unread=[LEFT_OUT])
        self.sink.write(block)

    def write_repository(self, name: str, held: Mapping[str, Held], *, complete: bool) -> None:
        """Write a repository and what it holds."""
        repositories = Columns("repositories", **self._where())
        repositories.append(
            repository=name, listed_images=len(held), complete=complete, labels=[], unread=[]
        )
        images = Columns("images")
        placements = Columns("placements", **self._where(), repository=name, archived=False)
        for digest, one in held.items():
            images.append(**_image(one))
            placements.append(digest=digest, tags=list(one.tags))
        for block in (repositories, images, placements):
            self.sink.write(block)

    def _where(self) -> dict[str, Any]:
        return {
            "provider": PROVIDER,
            "scope_id": scope_id(self.host),
            "account": "",
            "region": "",
            "registry_id": self.host,
            "observed_run_id": self.run_id,
        }


def _image(held: Held) -> dict[str, Any]:
    facts = held.facts
    children = None if facts.children is None else [child.digest for child in facts.children]
    return {
        "digest": facts.digest,
        "kind": str(facts.kind(held.tags)),
        "media_type": facts.media_type,
        "artifact_type": facts.artifact_type,
        "os": facts.os,
        "architecture": facts.architecture,
        "variant": facts.variant,
        "size_bytes": facts.size_bytes,
        "created_at": facts.created_at,
        "subject_digest": facts.subject,
        "child_digests": children,
        "base_image": facts.base_image,
        "labels": None if facts.labels is None else list(facts.labels),
    }
