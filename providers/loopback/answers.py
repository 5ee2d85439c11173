"""What can be read of an estate tonight, its faults taken into account. Part of the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from providers.loopback.estate import Estate, Fault, Image, Place, Registry, Statement

_BY_REGISTRY = frozenset({"azure", "oci"})
"""Providers each registry of which is a scope of its own."""


class Answers:
    """What a place's scanner answers tonight, faults included."""

    def __init__(self, blanket: str | None, told: dict[str, list[Statement]] | None) -> None:
        self._blanket, self._told = blanket, told

    def state(self, image: Image) -> str:
        """Return the state an image must get."""
        assert image.scan is not None  # noqa: S101  the description's own promise
        if self._blanket == "silent":
            return "unknown" if image.scan.state == "inferred_clean" else image.scan.state
        return self._blanket or image.scan.state

    def statements(self, image: Image) -> list[Statement]:
        """Return the statements that could be read about an image."""
        assert image.scan is not None  # noqa: S101  the description's own promise
        if self._told is not None:
            return self._told.get(image.digest, [])
        return list(image.scan.statements)


def answered(estate: Estate, place: Place) -> Answers:
    """Return what the scanner of a place answers, given the estate's faults."""
    region = place.region if place.provider == "aws" else ""
    if estate.fault("findings_denied", place.provider, place.account, region):
        return Answers("denied", {})
    if estate.fault("denied", place.provider, place.account, region) and place.provider == "aws":
        return Answers("denied", {})
    silent = not any(i.scan and i.scan.native for r in place.registries for _, i in everything(r))
    return Answers("silent" if place.provider == "azure" and silent else None, None)


def everything(registry: Registry) -> Iterator[tuple[str, Image]]:
    """Yield (repository, image) of a registry in listing order."""
    for repository in registry.repositories:
        for image in repository.images:
            yield repository.name, image


def scope_of(place: Place, registry: Registry) -> str:
    """Return the inventory scope that lists a registry."""
    if place.provider in _BY_REGISTRY:
        return f"{place.provider}/{registry.registry_id}"
    return f"{place.provider}/{place.account}/{place.region}"


def listed(estate: Estate, place: Place, registry: Registry) -> Iterator[tuple[str, Image]]:
    """Yield (repository, image) of what can be listed of a registry, given the faults."""
    if _refused(estate, place, registry):
        return
    pages = [f for f in _page_faults(estate, place) if f.registry_id == registry.registry_id]
    if place.provider == "oci":
        yield from _led_to(registry, {f.repository: (f.page - 1) * estate.page_size for f in pages})
        return
    seen: Counter[str] = Counter()
    for repository, image in everything(registry):
        unit = registry.registry_id if place.provider == "gcp" else repository
        cut = [f for f in pages if place.provider == "gcp" or f.repository == repository]
        if not any(seen[unit] >= (fault.page - 1) * estate.page_size for fault in cut):
            yield repository, image
        seen[unit] += 1


def inventory_outcome(estate: Estate, place: Place, registry: Registry) -> str:
    """Return how the listing of a registry ends."""
    if _refused(estate, place, registry):
        return "denied"
    found = list(listed(estate, place, registry))
    whole = list(listed(replace(estate, faults=()), place, registry))
    if len(found) == len(whole):
        return "complete"
    return "partial" if found else "failed"


def worst(one: str | None, other: str) -> str:
    """Join the outcomes of two registries of one scope."""
    if one is None or one == other:
        return other
    return "partial"


def _led_to(registry: Registry, told: Mapping[str, int]) -> Iterator[tuple[str, Image]]:
    """Yield what the tags of a plain registry lead to: nothing else of it can be found.

    That is what they point at, the manifests of an index, and whatever refers to one of these.

    Args:
        registry: Of this registry.
        told: How many tags each repository tells, in their order, where it does not tell all.
    """
    for repository in registry.repositories:
        tags = sorted(tag for image in repository.images for tag in image.tags)
        seen = set(tags[: told.get(repository.name)])
        heads = [image for image in repository.images if seen.intersection(image.tags)]
        found = {digest for one in heads for digest in (one.digest, *one.children)}
        for image in repository.images:
            if image.digest in found or image.subject in found:
                yield repository.name, image


def _refused(estate: Estate, place: Place, registry: Registry) -> bool:
    for fault in estate.faults:
        if (fault.kind, fault.provider, fault.account) == ("denied", place.provider, place.account):
            if place.provider in _BY_REGISTRY:
                return fault.registry_id == registry.registry_id
            if fault.region == place.region:
                return True
    return False


def _page_faults(estate: Estate, place: Place) -> list[Fault]:
    return [
        fault
        for fault in estate.faults
        if (fault.kind, fault.provider, fault.account)
        == ("images_page", place.provider, place.account)
        and fault.region in {"", place.region}
    ]
