"""Reads an account's ECR Public registry: repositories and images that anyone may pull."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.errors import BrokenPageError
from audit.model.enums import State
from audit.model.scope import ScopeOutcome, ScopeTally
from providers.aws.api import PUBLIC_IMAGES, PUBLIC_REPOSITORIES, Answer, Listing, member
from providers.aws.asking import Facts, told
from providers.aws.inventory import Inventory, list_images
from providers.aws.judgement import write_assessments
from providers.aws.parse_inventory import repository_name
from providers.aws.place import Place
from providers.aws.scopes import public_scope
from providers.aws.status import Verdict

ECR_PUBLIC = "ecr-public"
_NO_SCANNING = "ECR Public has no scanning."
_NOT_READ = ("policy_present", "anonymous_write", "external_write", "labels")


@dataclass(frozen=True)
class PublicPlace(Place):
    """A public registry.

    Attributes:
        host: ``public.ecr.aws/<alias>``.
    """

    host: str = ""

    @property
    def scope_id(self) -> str:
        """The scope of the account's public registry."""
        return public_scope(self.account).scope_id

    @property
    def registry_id(self) -> str:
        """The registry's host and alias."""
        return self.host


def collect_public(place: PublicPlace, tally: ScopeTally) -> Sequence[ScopeOutcome]:
    """Read repositories and images. Indexes stay unread: this API gives no manifests."""
    listing = Listing(place.api, tally, PUBLIC_REPOSITORIES, "repositories")
    registries: dict[str, Inventory] = {}
    for page in listing.pages(maxResults=1000):
        for row in page:
            try:
                host = _host(row)
            except BrokenPageError as error:
                listing.record(error)
                continue
            if host not in registries:
                registries[host] = _open(replace(place, host=host), tally)
            _read(registries[host], row)
    for inventory in registries.values():
        inventory.write_images()
        write_assessments(inventory.place, ECR_PUBLIC, inventory.holdings, _verdict)
    return [tally.finish()]


def _host(row: Answer) -> str:
    """The registry's part of ``repositoryUri``: public.ecr.aws/<alias>/<repository>."""
    uri, name = member(row, "repositoryUri", PUBLIC_REPOSITORIES), repository_name(row)
    if not uri.endswith(f"/{name}"):
        raise BrokenPageError("repositoryUri names another", operation=PUBLIC_REPOSITORIES)
    return uri.removesuffix(f"/{name}")


def _open(place: PublicPlace, tally: ScopeTally) -> Inventory:
    inventory = Inventory(place, tally)
    inventory.write_registry(told(scanning_enabled=False, language_packages_scanned=False))
    return inventory


def _read(inventory: Inventory, row: Answer) -> None:
    name, place = repository_name(row), inventory.place
    facts = _facts(row)
    if not place.settings.wants(name):
        inventory.write_left_out(name, facts)
        return
    listing = Listing(place.api, inventory.tally, PUBLIC_IMAGES, "imageDetails", may_vanish=True)
    images = list_images(listing, repositoryName=name)
    if listing.vanished:
        return
    # There is no archive here, and nobody counts what runs.
    inventory.take(name, [replace(image, archived=False) for image in images], _nobody_counts)
    inventory.write_repository(name, facts, listed=len(images), complete=listing.error is None)


def _facts(row: Answer) -> Facts:
    facts = told(
        native_id=row.get("repositoryArn"),
        created_at=row.get("createdAt"),
        scan_frequency="NONE",
        anonymous_access=True,
        external_accounts=["*"],
        outside_organisation=True,
    )
    facts.miss("not read of a public registry", *_NOT_READ)
    return facts


def _nobody_counts(_repository: str, _digest: str) -> int | None:
    return None


def _verdict(_repository: str, _digest: str, _archived: bool | None) -> Verdict:
    return Verdict(State.NOT_SCANNED, _NO_SCANNING)
