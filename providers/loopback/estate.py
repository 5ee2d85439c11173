"""A declarative description of a cloud estate at one moment: what the loopback servers serve.

The description holds both sides of each fact: the words a cloud's API uses for it (``native``)
and the truth it stands for (``state``), so that the right figures are computed from here
(``providers.loopback.truth``) and never from the code under test. Everything is frozen and
deterministic: the same seed gives the same estate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

FaultKind = Literal[
    "denied",
    "images_page",
    "findings",
    "findings_denied",
    "invisible",
    "findings_silent",
    "findings_throttled",
    "findings_moving",
    "findings_bare",
    "limit_hit",
    "unreachable",
    "posture_denied",
    "exemptions_denied",
]


@dataclass(frozen=True)
class Statement:
    """One thing a scanner says: a vulnerability in a package of an image.

    ``native_severity`` is the source's own word (``UNTRIAGED``, ``MINIMAL``, ``High`` ...);
    ``severity`` is the right normalised word for it. ``fixed_version`` is None when no fix exists.
    """

    vulnerability_id: str
    package: str
    version: str
    package_type: str
    native_severity: str
    severity: str
    fixed_version: str | None
    cvss_score: float | None
    cvss_vector: str | None
    title: str


@dataclass(frozen=True)
class Scan:
    """What the cloud's own scanner knows of one image.

    Attributes:
        native: The words of the API, by cloud. ``aws`` enhanced: ``("ACTIVE", "SUCCESSFUL")``
            (coverage status code and reason), or ``()`` for no coverage row; ``aws`` basic:
            ``("COMPLETE",)`` (scan status), or ``()`` for ScanNotFoundException; ``azure``:
            ``("Unhealthy",)`` (status code of its rows), or ``()`` for no row; ``gcp``:
            ``("FINISHED_SUCCESS", "ACTIVE")`` (analysis status, continuous analysis), or ``()``
            for no DISCOVERY occurrence.
        state: The assessment state this must become (a word of ``audit.model.enums.State``).
        scanned_at: Time of the evidence.
        statements: What it states; only served while the cloud would still serve it.
    """

    native: tuple[str, ...]
    state: str
    scanned_at: datetime | None = None
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Image:
    """One manifest in a repository.

    ``kind`` is the truth (a word of ``ImageKind``). ``scan`` is None for what is not assessable
    (index, attestation, signature, SBOM, artifact). ``children`` are the digests of an index, in
    order; they are images of the same repository. ``os``/``architecture`` of an attestation are
    ``unknown``. ``manifest`` is the text that was pushed and hashes to the digest; None for an
    image that nobody pulls: the servers make up a manifest of it where one is asked for.
    """

    digest: str
    kind: str
    media_type: str
    pushed_at: datetime
    tags: tuple[str, ...] = ()
    artifact_type: str | None = None
    os: str | None = None
    architecture: str | None = None
    size_bytes: int = 0
    children: tuple[str, ...] = ()
    subject: str | None = None
    archived: bool = False
    last_pulled_at: datetime | None = None
    in_use_count: int | None = None
    scan: Scan | None = None
    manifest: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Repository:
    """A named repository; ``images`` in the order in which the registry lists them."""

    name: str
    created_at: datetime
    images: tuple[Image, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registry:
    """A registry. ``settings`` hold its configuration in the cloud's words.

    Keys in use: ``aws`` (registry of an account-region): ``scan_type``; (repository):
    ``tag_mutability``, ``scan_frequency``, ``encryption_type``, ``kms_key``, ``key_manager``,
    ``tags``, ``repository_policy``, ``lifecycle_policy``; more of the registry is listed in
    ``providers.loopback.aws.ecr_settings``.
    ``azure``: ``sku``, ``admin_user_enabled``, ``anonymous_pull_enabled``,
    ``public_network_access``, ``network_default_action``, ``encryption_status``,
    ``export_policy``, ``retention_status``, ``role_assignment_mode`` (booleans as true/false).
    ``gcp``: ``immutable_tags``, ``kms_key``, ``enablement_state``, ``cleanup`` (none, dry_run or
    active), ``mode``, ``format``.
    """

    registry_id: str
    native_id: str
    created_at: datetime
    repositories: tuple[Repository, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where registries lie: AWS account x region, Azure subscription, GCP project x location.

    A plain registry (``oci``) is a place by itself, without account and region.

    AWS places hold one registry; a second one is the account's ECR Public registry (its
    ``registry_id`` begins with ``public.ecr.aws/``), in us-east-1 only. ``region`` is empty for
    Azure (a registry's location is its setting ``location``). ``settings``: aws ``scan_type`` BASIC
    or ENHANCED; azure ``defender_plan`` Standard, Free or hidden,
    ``defender_rows`` individual (default), older or both; gcp ``api`` enabled or disabled.
    """

    provider: str
    account: str
    region: str
    registries: tuple[Registry, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, for good, while the estate is in this description.

    Kinds: ``denied``: listing the place (aws, gcp), the registry's data plane (azure) or its
    catalogue (oci) is refused.
    ``images_page``: page ``page`` (from 1) of the image listing of ``repository`` (aws, azure; of
    its tags: oci) or of the whole registry (gcp, ``repository`` empty) always fails with a server
    error; ``repository`` empty (oci): a page of the catalogue.
    ``findings``: the findings listing of the place always fails with a server error after its
    first page. ``findings_denied``: the findings listing of the place is refused.
    ``unreachable`` (gcp): occurrences of the place are left out, and its location named, where the
    caller takes part of an answer; without that the listing fails.
    ``invisible`` (azure): Resource Graph leaves the subscription out entirely, without an error.
    ``posture_denied`` (aws): the one operation ``operation`` (``ecr:GetRepositoryPolicy``, as IAM
    names it) is refused; of ``repository`` alone where that is given.
    The rest are azure's. ``findings_silent``: no findings row at all. ``findings_throttled``: the
    second page is refused once with 429. ``findings_moving``: the total changes after the first
    page. ``findings_bare``: rows name CVEs but not their details. ``limit_hit``: every answer says
    that subscriptions beyond the tenant's limit were left out. ``exemptions_denied``: the listing
    of exemptions is refused.
    """

    kind: FaultKind
    provider: str
    account: str
    region: str = ""
    registry_id: str = ""
    repository: str = ""
    page: int = 2
    operation: str = ""


@dataclass(frozen=True)
class CveDetail:
    """What Defender knows of a CVE at the root of the tenant (azure)."""

    vulnerability_id: str
    native_severity: str = "Unknown"
    cvss_score: float | None = None
    rejected: bool = False
    published_at: datetime | None = None


@dataclass(frozen=True)
class Exemption:
    """An exemption in Defender for Cloud (azure): flaws of a package that somebody accepts.

    Attributes:
        account: The subscription it lies in; empty for one of the management group above all.
        package: The rows of this package are exempt while it lasts.
        hides: CVEs that its conditions are about; a row that holds others too leaves them out.
        severity: Its conditions name no CVE, but this severity.
        strips: The rows that it exempts name no CVE.
    """

    name: str
    package: str
    account: str = ""
    category: str = "Waiver"
    reason: str = ""
    author: str = ""
    hides: tuple[str, ...] = ()
    severity: str = ""
    strips: bool = False
    created_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, repr=False)
class Estate:
    """Everything, at one moment.

    Attributes:
        page_size: Servers return at most this many images a page, whatever is asked for.
        findings_page_size: The same for findings, coverage and occurrences.
        cve_details: What Azure tells at the tenant's root group, and nowhere else.
        exemptions: Azure's exemptions, ended ones included.
    """

    name: str
    moment: datetime
    places: tuple[Place, ...]
    tenant: str
    faults: tuple[Fault, ...] = ()
    page_size: int = 20
    findings_page_size: int = 100
    cve_details: tuple[CveDetail, ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    def __repr__(self) -> str:
        """Name the estate; its whole content would fill books."""
        return f"<Estate {self.name!r} {self.moment:%Y-%m-%d} faults={self.faults!r}>"

    def fault(self, kind: FaultKind, provider: str, account: str, region: str = "") -> Fault | None:
        """Return the first fault of this kind at this place, if there is one."""
        for fault in self.faults:
            if (fault.kind, fault.provider, fault.account) == (kind, provider, account) and (
                fault.region == region
            ):
                return fault
        return None

    def of(self, provider: str) -> tuple[Place, ...]:
        """Return the places of one provider, in order."""
        return tuple(place for place in self.places if place.provider == provider)
