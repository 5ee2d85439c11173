"""Two nights of an estate: what is there, and what happens in between. Deterministic by seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from providers.loopback import scans
from providers.loopback.estate import (
    Estate,
    Fault,
    Image,
    Place,
    Registry,
    Repository,
    Scan,
    Statement,
)
from providers.loopback.repositories import Workshop, settled
from providers.loopback.vocabulary import Flaw, flaws

FIRST_NIGHT = datetime(2026, 11, 22, 2, tzinfo=UTC)
TENANT = "72f988bf-0000-4000-8000-00000000cafe"
_TEAMS = ("team", "shop", "data", "ops", "mobile")
_APPS = ("web", "app/api", "worker", "app/batch", "gateway", "search", "mail", "auth", "jobs")


@dataclass(frozen=True)
class Sizes:
    """How large an estate is made."""

    repositories: int = 9
    versions: int = 7
    flaws: int = 700
    flaws_per_image: int = 37
    odd_share: float = 0.16


def places() -> tuple[Place, ...]:
    """Return the demo's places, still without repositories."""
    aws = [
        Place("aws", account, region, (), {"scan_type": scan_type})
        for account, region, scan_type in (
            ("111111111111", "eu-west-1", "ENHANCED"),
            ("111111111111", "us-east-1", "BASIC"),
            ("222222222222", "eu-west-1", "ENHANCED"),
            ("222222222222", "us-east-1", "ENHANCED"),
        )
    ]
    azure = [
        Place("azure", f"00000000-0000-4000-8000-00000000000{n}", "", (), {"defender_plan": plan})
        for n, plan in ((1, "Standard"), (2, "Standard"))
    ]
    gcp = [
        Place("gcp", project, location, (), {"api": "enabled"})
        for project, location in (("acme-prod", "us-central1"), ("acme-data", "europe-west1"))
    ]
    return (*aws, *azure, *gcp)


def registries_of(place: Place, created: datetime) -> list[Registry]:
    """Return a place's registries, still empty, with their configuration."""
    if place.provider == "aws":
        host = f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
        return [Registry(host, place.account, created, (), dict(place.settings))]
    if place.provider == "azure":
        open_door = place.account.endswith("2")
        name = "acmepublic" if open_door else "acmeprod"
        group = f"/subscriptions/{place.account}/resourceGroups/registries"
        native = f"{group}/providers/Microsoft.ContainerRegistry/registries/{name}"
        settings = {
            "sku": "Premium",
            "location": "westeurope",
            "admin_user_enabled": str(open_door).lower(),
            "anonymous_pull_enabled": str(open_door).lower(),
            "public_network_access": "Enabled" if open_door else "Disabled",
            "network_default_action": "Allow" if open_door else "Deny",
            "encryption_status": "disabled",
            "retention_status": "disabled" if open_door else "enabled",
            "export_policy": "enabled",
            "role_assignment_mode": "LegacyRegistryPermissions",
        }
        return [Registry(f"{name}.azurecr.io", native, created, (), settings)]
    found = []
    for name, immutable in (("apps", "true"), ("base", "false")):
        settings = {
            "immutable_tags": immutable,
            "enablement_state": "SCANNING_ACTIVE",
            "cleanup": "active" if immutable == "true" else "dry_run",
            "kms_key": "",
            "mode": "STANDARD_REPOSITORY",
            "format": "DOCKER",
        }
        native = f"projects/{place.account}/locations/{place.region}/repositories/{name}"
        host = f"{place.region}-docker.pkg.dev/{place.account}/{name}"
        found.append(Registry(host, native, created, (), settings))
    return found


def first_night(
    seed: int = 2026,
    sizes: Sizes | None = None,
    frame: Sequence[Place] | None = None,
    faults: tuple[Fault, ...] = (),
) -> Estate:
    """Return the estate of the first night."""
    size = sizes or Sizes()
    pool = flaws(Random("flaws"), size.flaws)
    filled = tuple(
        _fill(place, Random(f"{seed} {place.account} {place.region}"), pool, size)
        for place in frame or places()
    )
    return Estate("night 1", FIRST_NIGHT, filled, TENANT, faults)


def _fill(place: Place, random: Random, pool: list[Flaw], size: Sizes) -> Place:
    workshop = _workshop(place, random, FIRST_NIGHT, pool, size)
    bare = registries_of(place, FIRST_NIGHT - timedelta(days=500))
    share = max(1, size.repositories // len(bare))
    full = []
    for registry in bare:
        names = [f"{random.choice(_TEAMS)}{n}/{_APPS[n % len(_APPS)]}" for n in range(share)]
        made = tuple(
            workshop.repository(name, size.versions + random.randrange(-2, 3)) for name in names
        )
        full.append(replace(registry, repositories=made))
    return replace(place, registries=tuple(full))


def _workshop(
    place: Place, random: Random, moment: datetime, pool: list[Flaw], size: Sizes
) -> Workshop:
    return Workshop(
        place,
        random,
        moment,
        pool,
        flaws_per_image=size.flaws_per_image,
        odd_share=size.odd_share,
    )


def next_night(
    estate: Estate,
    seed: int = 2027,
    sizes: Sizes | None = None,
    faults: tuple[Fault, ...] | None = None,
) -> Estate:
    """Return the estate a day later: some images pushed, rebuilt, deleted, some scans changed."""
    size, moment = sizes or Sizes(), estate.moment + timedelta(days=1)
    pool = flaws(Random("flaws"), size.flaws)
    moved = []
    for place in estate.places:
        random = Random(f"{seed} {place.account} {place.region}")
        workshop = _workshop(place, random, moment, pool, size)
        moved.append(_each_repository(place, lambda r, w=workshop: _live_a_day(r, w)))  # type: ignore[misc]  # default argument binds the loop's workshop
    return replace(
        estate,
        name=f"after {estate.name}",
        moment=moment,
        places=tuple(moved),
        faults=estate.faults if faults is None else faults,
    )


def _each_repository(place: Place, change: Callable[[Repository], Repository]) -> Place:
    changed = [
        replace(registry, repositories=tuple(change(r) for r in registry.repositories))
        for registry in place.registries
    ]
    return replace(place, registries=tuple(changed))


def _live_a_day(repository: Repository, workshop: Workshop) -> Repository:
    """Let a day pass over a repository."""
    random, images = workshop.random, list(repository.images)
    images = [_rescanned(image, workshop) for image in images]
    chance = random.random()
    if chance < 0.3:
        images += _rebuilt(images, repository.name, workshop)
    elif chance < 0.45:
        tags = (f"2.{random.randrange(1000)}.0",)
        seed = f"{repository.name}:{workshop.moment:%m%d}"
        images += workshop.version(seed, workshop.moment - timedelta(hours=6), tags)
    elif chance < 0.6:
        images = _without_one(images, random)
    return replace(repository, images=tuple(images))


def _rescanned(image: Image, workshop: Workshop) -> Image:
    """Let the cloud look again: mostly the same answer, sometimes more, less, or none."""
    if image.scan is None:
        return image
    scan, random = image.scan, workshop.random
    if scan.state != "assessed":
        return replace(image, scan=_moved_on(image, scan, workshop))
    chance, told = random.random(), scan.statements
    if chance < 0.03 and not image.archived:
        odd = scans.odd(workshop.source, random, workshop.moment)
        if workshop.source == "artifact-analysis" and not odd.native:
            odd = scans.unfollowed(workshop.moment)
        return replace(image, scan=settled(odd, image, workshop))
    if chance < 0.06:
        told = tuple(dict.fromkeys((*told, *workshop.statements()[:2])))
    elif chance < 0.09:
        told = told[1:]
    elif chance < 0.12:
        told = _rerated(told)
    return replace(image, scan=scans.assessed(workshop.source, workshop.moment, _one_each(told)))


def _one_each(told: Sequence[Statement]) -> list[Statement]:
    """Keep one statement for each vulnerability and package, one severity a vulnerability.

    An image is one finding a vulnerability for most clouds, so their APIs can say no more.
    """
    kept = {(t.vulnerability_id, t.package): t for t in reversed(told)}
    leads = {t.vulnerability_id: t for t in reversed(told)}
    return [
        replace(
            t,
            severity=leads[t.vulnerability_id].severity,
            native_severity=leads[t.vulnerability_id].native_severity,
            cvss_score=leads[t.vulnerability_id].cvss_score,
            cvss_vector=leads[t.vulnerability_id].cvss_vector,
        )
        for t in reversed(kept.values())
    ]


def _rerated(told: Sequence[Statement]) -> tuple[Statement, ...]:
    """Let the source change its mind about the first vulnerability's severity."""
    if not told or told[0].severity == "HIGH":
        return tuple(told)
    word = "High" if told[0].native_severity.capitalize() == told[0].native_severity else "HIGH"
    return (replace(told[0], severity="HIGH", native_severity=word), *told[1:])


def _moved_on(image: Image, scan: Scan, workshop: Workshop) -> Scan:
    if scan.state == "pending":
        return scans.assessed(workshop.source, workshop.moment, workshop.statements())
    if workshop.source == "defender" and not scan.native:
        return settled(replace(scan, state="by time"), image, workshop)
    return scan


def _rebuilt(images: list[Image], name: str, workshop: Workshop) -> list[Image]:
    """Push a rebuild of the newest image that mends some of its flaws and takes its tags."""
    latest = next((i for i in images if "latest" in i.tags and i.scan is not None), None)
    if latest is None or latest.scan is None:
        return []
    pushed = workshop.moment - timedelta(hours=8)
    rebuilt = workshop.image(f"{name}:rebuilt:{pushed:%m%d}", pushed, latest.tags)
    if latest.scan.state == "assessed" and rebuilt.scan and rebuilt.scan.state == "assessed":
        left = latest.scan.statements[:: workshop.random.choice((2, 3))]
        rebuilt = replace(rebuilt, scan=scans.assessed(workshop.source, workshop.moment, left))
    images[images.index(latest)] = replace(latest, tags=())
    return [rebuilt]


def _without_one(images: list[Image], random: Random) -> list[Image]:
    """Delete one plain image, with what refers to it."""
    held = {child for image in images for child in image.children}
    plain = [i for i in images if i.kind == "image" and i.digest not in held]
    if len(plain) < 2:
        return images
    gone = random.choice(plain).digest
    return [image for image in images if gone not in (image.digest, image.subject)]
