"""What one repository's listing told -> rows of repositories, images and placements. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.model.columns import Columns
from audit.model.enums import ImageKind
from audit.model.scope import LEFT_OUT
from providers.azure.names import PROVIDER
from providers.azure.parse_manifests import Manifest, kinds, named_by_indexes
from providers.azure.parse_registries import Registry
from providers.azure.remembered import ImageRow, Remembered
from providers.azure.values import count, dig, moment, pick

InUse = Callable[[str], tuple[bool | None, int | None]]
"""By digest: whether it was seen running, and in how many containers."""


def nobody_looked(_: str) -> tuple[bool | None, int | None]:
    """Say of no image whether it runs."""
    return None, None


@dataclass
class Listing:
    """One repository as far as it could be read.

    Attributes:
        properties: Its properties; None when they could not be read.
        manifests: By digest, in listing order.
        complete: Listed to the end without error, and not less than the repository counts.
        listed_at: When its manifests were last listed; None when they could not be.
        unread: ``column: reason`` for facts that could not be read.
        known: Manifests whose documents were read in an earlier run, as they were read then.
    """

    name: str
    properties: Mapping[str, Any] | None = None
    manifests: dict[str, Manifest] = field(default_factory=dict)
    complete: bool = True
    listed_at: datetime | None = None
    unread: list[str] = field(default_factory=list)
    known: dict[str, ImageRow] = field(default_factory=dict)

    @property
    def updated_at(self) -> datetime | None:
        """``lastUpdateTime`` of the repository."""
        return moment(pick(self.properties, "lastUpdateTime"))

    @property
    def expected_tags(self) -> int | None:
        """``tagCount`` of the repository; None when it could not be read."""
        return count(pick(self.properties, "tagCount"))

    @property
    def expected(self) -> int | None:
        """``manifestCount`` of the repository; None when it could not be read."""
        return count(pick(self.properties, "manifestCount"))


@dataclass(frozen=True)
class Rows:
    """The blocks of one repository, and which of its digests are assessable images."""

    repositories: Columns
    images: Columns
    placements: Columns
    assessable: frozenset[str]


def repository_blocks(
    listing: Listing,
    registry: Registry,
    run_id: str,
    seen: set[str],
    in_use: InUse = nobody_looked,
) -> Rows:
    """Return the blocks of one repository.

    Args:
        listing: What was read of it.
        registry: Where it lies.
        run_id: The run that observes it.
        seen: Digests whose ``images`` row was written already; those of this block are added.
        in_use: What was seen running.
    """
    manifests = list(listing.manifests.values())
    kind_of = kinds(manifests) | {d: ImageKind(row["kind"]) for d, row in listing.known.items()}
    return Rows(
        repositories=_repository(listing, registry, run_id, len(manifests)),
        images=_images(manifests, kind_of, seen, listing.known),
        placements=_placements(
            listing.name,
            ((one.digest, list(one.tags), one.pushed_at) for one in manifests),
            registry,
            run_id,
            in_use,
        ),
        assessable=frozenset(d for d, kind in kind_of.items() if kind is ImageKind.IMAGE),
    )


def restated_blocks(
    listing: Listing,
    memory: Remembered,
    registry: Registry,
    run_id: str,
    seen: set[str],
    in_use: InUse = nobody_looked,
) -> Rows:
    """Return the blocks of a repository in which nothing changed, as the run before read them."""
    placed = memory.placements(listing.name)
    rows = [memory.images[one.digest] for one in placed]
    images = Columns("images")
    for row in rows:
        if row["digest"] not in seen:
            seen.add(row["digest"])
            images.append(**row)
    return Rows(
        repositories=_repository(listing, registry, run_id, len(placed)),
        images=images,
        placements=_placements(listing.name, placed, registry, run_id, in_use),
        assessable=frozenset(row["digest"] for row in rows if row["kind"] == ImageKind.IMAGE),
    )


def left_out_rows(names: Iterable[str], registry: Registry, run_id: str) -> Columns:
    """Return the ``repositories`` block of those that the patterns leave out: not listed."""
    columns = Columns("repositories", **_where(registry, run_id), complete=False)
    for name in sorted(names):
        columns.append(repository=name, unread=[LEFT_OUT])
    return columns


def _where(registry: Registry, run_id: str) -> dict[str, Any]:
    return {
        "provider": PROVIDER,
        "scope_id": f"azure/{registry.login_server}",
        "account": registry.subscription,
        "region": registry.location,
        "registry_id": registry.login_server,
        "observed_run_id": run_id,
    }


def _repository(listing: Listing, registry: Registry, run_id: str, listed: int) -> Columns:
    columns = Columns("repositories", **_where(registry, run_id))
    columns.append(
        repository=listing.name,
        created_at=moment(pick(listing.properties, "createdTime")),
        updated_at=listing.updated_at,
        expected_images=listing.expected,
        writable=_flag(listing, "writeEnabled"),
        deletable=_flag(listing, "deleteEnabled"),
        expected_tags=listing.expected_tags,
        listed_images=listed,
        listed_at=listing.listed_at,
        complete=listing.complete,
        labels=[],
        unread=listing.unread,
    )
    return columns


def _flag(listing: Listing, name: str) -> bool | None:
    """Return an attribute of the repository; locks are attributes that are off."""
    told = dig(listing.properties, "changeableAttributes", name)
    return told if isinstance(told, bool) else None


def _images(
    manifests: Sequence[Manifest],
    kind_of: Mapping[str, ImageKind],
    seen: set[str],
    known: Mapping[str, ImageRow],
) -> Columns:
    columns, named = Columns("images"), named_by_indexes(manifests)
    for one in manifests:
        if one.digest in seen:
            continue
        seen.add(one.digest)
        if one.digest in known:
            columns.append(**known[one.digest])
            continue
        child = named.get(one.digest)
        columns.append(
            digest=one.digest,
            kind=str(kind_of[one.digest]),
            media_type=one.media_type,
            artifact_type=one.artifact_type,
            os=one.os or (child.os if child else None),
            architecture=one.architecture or (child.architecture if child else None),
            variant=child.variant if child else None,
            size_bytes=one.size_bytes,
            subject_digest=one.subject or (child.subject if child else None),
            child_digests=_child_digests(one),
        )
    return columns


def _child_digests(one: Manifest) -> list[str] | None:
    """An index whose children could not be read has null; what is no index has none."""
    if one.children is None:
        return None if one.is_index else []
    return [child.digest for child in one.children]


def _placements(
    repository: str,
    placed: Iterable[tuple[str, list[str] | None, datetime | None]],
    registry: Registry,
    run_id: str,
    in_use: InUse,
) -> Columns:
    """ACR has no archive storage, tells no pull time and sees nothing running; Defender may."""
    where = _where(registry, run_id)
    columns = Columns("placements", **where, repository=repository, archived=False)
    for digest, tags, pushed_at in placed:
        running, containers = in_use(digest)
        columns.append(
            digest=digest,
            tags=tags,
            pushed_at=pushed_at,
            in_use=running,
            in_use_count=containers,
        )
    return columns
