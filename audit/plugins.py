"""Entry points -> providers, importers, scanners, reports, stores.

A plug-in that does not load stops the run.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoints, entry_points
from typing import Any, cast

from audit.errors import ConfigError
from audit.ports import Importer, ObjectStore, RegistryProvider, Report, Scanner

PROVIDERS = "registry_audit.providers"
IMPORTERS = "registry_audit.importers"
REPORTS = "registry_audit.reports"
SCANNERS = "registry_audit.scanners"
STORES = "registry_audit.stores"
DEMO = "registry_audit.demo"


@cache
def _installed(group: str) -> EntryPoints:
    """Return a group's entry points: to find them, each installed package's file is read."""
    return entry_points(group=group)


def names(group: str) -> list[str]:
    """Return the names of a group's plug-ins, sorted."""
    return sorted(point.name for point in _installed(group))


def load(group: str, name: str) -> Any:  # noqa: ANN401  the caller knows the group's protocol
    """Return the object that a plug-in's entry point names.

    Raises:
        ConfigError: No plug-in of the group has that name.
    """
    found = list(_installed(group).select(name=name))
    if not found:
        known = ", ".join(names(group)) or "none"
        raise ConfigError(f"no plug-in {name!r} in {group}", where=name, cure=f"known: {known}")
    return found[0].load()


def provider(name: str) -> type[RegistryProvider]:
    """Return a provider class by its configured name."""
    return cast("type[RegistryProvider]", load(PROVIDERS, name))


def scanner(name: str) -> type[Scanner]:
    """Return a scanner class by its configured name."""
    return cast("type[Scanner]", load(SCANNERS, name))


def store(scheme: str) -> type[ObjectStore]:
    """Return the class of an object store by the scheme of its addresses."""
    return cast("type[ObjectStore]", load(STORES, scheme))


def importers() -> list[Importer]:
    """Return every importer, in the order of their names."""
    return [cast("Importer", load(IMPORTERS, name)()) for name in names(IMPORTERS)]


def reports(chosen: tuple[str, ...] = ()) -> list[Report]:
    """Return the chosen reports, or all of them."""
    return [cast("Report", load(REPORTS, name)()) for name in chosen or names(REPORTS)]
