"""The story that `make demo` tells: two nights with everything a newcomer should see."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from providers.loopback import scans
from providers.loopback.aws_settings import with_aws_settings
from providers.loopback.demo_images import with_real_images
from providers.loopback.estate import Estate, Fault, Place, Registry, Repository, Scan
from providers.loopback.story import Sizes, first_night, next_night

DENIED = Fault("denied", "aws", "222222222222", "us-east-1")
NEWLY_DENIED = Fault("denied", "gcp", "acme-data", "europe-west1")
_CROWDED = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"


SIZES = Sizes(repositories=8, versions=6, flaws_per_image=51, odd_share=0.02)


def two_nights(seed: int = 2026, sizes: Sizes = SIZES) -> tuple[Estate, Estate]:
    """Return the estate of both nights.

    First night: one AWS region is denied, one page of a large repository fails for good, and one
    repository of each place shows every way in which its scanner can fail to look. Second night:
    a day has passed, and a Google Cloud location is denied too. Both hold two images that a
    scanner can pull.
    """
    quiet = with_aws_settings(first_night(seed, sizes))
    crowded = _crowd(_copy_across(_with_oddities(quiet)))
    broken = Fault("images_page", "aws", "222222222222", "eu-west-1", _CROWDED, "team/legacy")
    one = replace(crowded, faults=(DENIED, broken))
    two = next_night(one, seed + 1, sizes, faults=(DENIED, broken, NEWLY_DENIED))
    later = _expire_one(replace(two, name="night 2"), one)
    return with_real_images(one, one.moment), with_real_images(later, one.moment)


def _expire_one(estate: Estate, before: Estate) -> Estate:
    """Let the rescan window of one current image of the first AWS place lapse.

    It is one that was assessed the night before.
    """
    place = estate.of("aws")[0]
    known = {
        image.digest
        for repository in before.of("aws")[0].registries[0].repositories
        for image in repository.images
        if image.scan and image.scan.state == "assessed"
    }
    repository, image = next(
        (repository, image)
        for repository in place.registries[0].repositories
        for image in repository.images
        if "latest" in image.tags and image.digest in known
    )
    lapsed = Scan(
        ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED"), "expired", estate.moment - timedelta(days=15)
    )
    images = tuple(replace(i, scan=lapsed) if i is image else i for i in repository.images)
    changed = replace(repository, images=images)
    registry = place.registries[0]
    kept = tuple(changed if r is repository else r for r in registry.repositories)
    return _with_registry(estate, place, registry, replace(registry, repositories=kept))


def _with_oddities(estate: Estate) -> Estate:
    """Let each place's first repository hold an image for every oddity of its scanner."""
    return replace(
        estate, places=tuple(_odd_place(place, estate.moment) for place in estate.places)
    )


def _odd_place(place: Place, moment: datetime) -> Place:
    source = scans.source_of(place)
    registry = place.registries[0]
    odd, donor = list(scans.ODDITIES[source]), registry.repositories[0]
    plain = next(i for i in donor.images if i.kind == "image" and i.tags)
    images = []
    for number, (native, state) in enumerate(odd):
        digest = "sha256:" + hashlib.sha256(f"{plain.digest} odd {number}".encode()).hexdigest()
        told = native and source in {"inspector", "artifact-analysis"} and state != "pending"
        scan = Scan(native, state, moment - timedelta(days=2) if told else None)
        image = replace(plain, digest=digest, tags=(f"trial-{number}",), scan=scan)
        if state == "by time":
            by_time = scans.azure_state_by_time(image, place, moment)
            image = replace(image, scan=replace(scan, state=by_time))
        images.append(image)
    trials = Repository("lab/trials", donor.created_at, tuple(images), dict(donor.settings))
    full = replace(registry, repositories=(*registry.repositories, trials))
    return replace(place, registries=(full, *place.registries[1:]))


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
    return _with_registry(estate, place, registry, fuller)


def _with_registry(estate: Estate, place: Place, old: Registry, new: Registry) -> Estate:
    registries = tuple(new if registry is old else registry for registry in place.registries)
    moved = replace(place, registries=registries)
    return replace(estate, places=tuple(moved if p is place else p for p in estate.places))
