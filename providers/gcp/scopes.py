"""Scopes of a Google Cloud project, and reading pages into their tallies."""

from __future__ import annotations

from collections.abc import Iterator

from audit.errors import SourceError
from audit.model.enums import ScopeKind
from audit.model.scope import ScopeRef, ScopeTally
from providers.gcp.values import Message

PROVIDER = "gcp"
SOURCE = "artifact-analysis"


def root_scope(root: str) -> ScopeRef:
    """The projects below an organisation, a folder or a project, or all that can be seen."""
    return ScopeRef(PROVIDER, f"{PROVIDER}/{root}", ScopeKind.DISCOVERY)


def discovery_scope(project: str, root: str = "") -> ScopeRef:
    """The project's list of locations; ``root`` is what its own finding goes back to."""
    parent = f"{PROVIDER}/{root}" if root else ""
    return ScopeRef(
        PROVIDER,
        f"{PROVIDER}/{project}",
        ScopeKind.DISCOVERY,
        account=project,
        parent_scope_id=parent,
    )


def inventory_scope(project: str, location: str, *, discovered: bool) -> ScopeRef:
    """The registries and images of one location of the project.

    Only a location that the project's own list names has that list as its parent.
    """
    return ScopeRef(
        PROVIDER,
        f"{PROVIDER}/{project}/{location}",
        ScopeKind.INVENTORY,
        account=project,
        region=location,
        parent_scope_id=f"{PROVIDER}/{project}" if discovered else "",
    )


def findings_scope(project: str) -> ScopeRef:
    """What Artifact Analysis says of the project's images, all locations at once."""
    return ScopeRef(
        PROVIDER,
        f"{PROVIDER}/{project}/{SOURCE}",
        ScopeKind.FINDINGS,
        account=project,
        source=SOURCE,
        parent_scope_id=f"{PROVIDER}/{project}",
    )


def posture_scope(project: str) -> ScopeRef:
    """The settings of the project and of its registries that the inventory does not tell."""
    return ScopeRef(
        PROVIDER,
        f"{PROVIDER}/{project}/posture",
        ScopeKind.CONFIGURATION,
        account=project,
        parent_scope_id=f"{PROVIDER}/{project}",
    )


def tallied(pages: Iterator[Message], tally: ScopeTally) -> Iterator[Message]:
    """Yield pages, counting the calls; an error ends them and is recorded, not raised."""
    try:
        for page in pages:
            tally.api_calls += 1
            yield page
    except SourceError as error:
        tally.api_calls += 1
        tally.fail(error)
