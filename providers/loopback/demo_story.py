"""The story that `make demo` tells: two nights with everything a newcomer should see."""

from __future__ import annotations

from dataclasses import replace

from providers.loopback import scans
from providers.loopback.estate import Estate, Fault, Place, Registry, Repository
from providers.loopback.story import Sizes, first_night, next_night

DENIED = Fault("denied", "aws", "222222222222", "us-east-1")
NEWLY_DENIED = Fault("denied", "gcp", "acme-data", "europe-west1")
_CROWDED = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"


def two_nights(seed: int = 2026, sizes: Sizes | None = None) -> tuple[Estate, Estate]:
    """Return the estate of both nights.

    First night: one AWS region is denied, one page of a large repository fails for good. Second
    night: a day has passed, and a Google Cloud location is denied too.
    """
    quiet = first_night(seed, sizes)
    crowded = _crowd(_copy_across(quiet))
    broken = Fault("images_page", "aws", "222222222222", "eu-west-1", _CROWDED, "team/legacy")
    one = replace(crowded, faults=(DENIED, broken))
    two = next_night(one, seed + 1, sizes, faults=(DENIED, broken, NEWLY_DENIED))
    return one, replace(two, name="night 2")


def _copy_across(estate: Estate) -> Estate:
    """Place the first AWS image in the first Azure registry too: the same digest in two clouds."""
    aws, azure = estate.of("aws")[0], estate.of("azure")[0]
    repository = aws.registries[0].repositories[0]
    original = next(i for i in repository.images if i.kind == "image" and i.tags)
    told = original.scan.statements if original.scan else ()
    copy = replace(
        original,
        archived=False,
        last_pulled_at=None,
        scan=scans.assessed("defender", estate.moment, told),
    )
    mirror = Repository("mirror/web", repository.created_at, (copy,), {})
    return _with_repository(estate, azure, azure.registries[0], mirror)


def _crowd(estate: Estate) -> Estate:
    """Give one AWS registry a repository of more than one page."""
    place = next(p for p in estate.of("aws") if p.registries[0].registry_id == _CROWDED)
    donors = [i for r in place.registries[0].repositories for i in r.images if i.kind == "image"]
    held = {c for r in place.registries[0].repositories for i in r.images for c in i.children}
    plain = [i for i in donors if i.digest not in held][:27]
    images = tuple(replace(image, tags=(f"r{n}",)) for n, image in enumerate(plain))
    legacy = Repository("team/legacy", estate.moment, images, {"tag_mutability": "MUTABLE"})
    return _with_repository(estate, place, place.registries[0], legacy)


def _with_repository(
    estate: Estate, place: Place, registry: Registry, repository: Repository
) -> Estate:
    fuller = replace(registry, repositories=(*registry.repositories, repository))
    others = tuple(fuller if r is registry else r for r in place.registries)
    grown = replace(place, registries=others)
    return replace(estate, places=tuple(grown if p is place else p for p in estate.places))
