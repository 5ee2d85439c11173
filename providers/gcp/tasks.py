"""One task a project: the scopes it promises, and what it must know to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.model.scope import ScopeRef, Task
from providers.gcp.scopes import (
    PROVIDER,
    discovery_scope,
    findings_scope,
    inventory_scope,
    posture_scope,
)
from providers.gcp.settings import GcpSettings

_BETWEEN = ","


@dataclass(frozen=True)
class Read:
    """What a task reads.

    Attributes:
        root: What the project was found by; empty where the configuration names it.
        locations: Those to read; None where the project's own list is asked for.
    """

    project: str
    root: str
    locations: tuple[str, ...] | None

    @property
    def empty(self) -> bool:
        """Whether discovery says that no repository lies in the project."""
        return bool(self.root) and self.locations == ()

    @property
    def discovery(self) -> ScopeRef | None:
        """The scope of the project's list of locations; None where they are all given."""
        if self.locations is not None and not self.root:
            return None
        return discovery_scope(self.project, self.root)

    def inventory(self, location: str) -> ScopeRef:
        """Return the scope of one location.

        One that the configuration gives hangs on no list, so that taking it out of there does not
        read as its end.
        """
        discovered = self.discovery is not None
        return inventory_scope(self.project, location, discovered=discovered)


def project_task(
    settings: GcpSettings, project: str, *, root: str = "", locations: Iterable[str] | None = None
) -> Task:
    """Return the task of a project; see :class:`Read`."""
    names = None if locations is None else tuple(sorted(set(locations)))
    read = Read(project, root, names)
    scopes = [read.discovery] if read.discovery else []
    scopes += [read.inventory(location) for location in names or ()]
    if settings.posture:
        scopes.append(posture_scope(project))
    if not read.empty:
        scopes.append(findings_scope(project))
    params = {"project": project, "root": root}
    if names is not None:
        params["locations"] = _BETWEEN.join(names)
    return Task(PROVIDER, f"{PROVIDER}/{project}", tuple(scopes), params)


def read_of(params: Mapping[str, str]) -> Read:
    """Return what a task's parameters ask for."""
    names = params.get("locations")
    locations = None if names is None else tuple(one for one in names.split(_BETWEEN) if one)
    return Read(params["project"], params["root"], locations)
