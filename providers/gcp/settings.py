"""Settings of the Google Cloud adapter: the ``gcp`` block of the configuration."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from audit.endpoints import check_endpoint
from audit.ports import Settings

_PROJECT_ID = r"([a-z0-9.-]+:)?[a-z0-9-]+"
VISIBLE = "visible"
"""In place of an organisation: every project that the identity may see."""

LOCATION = "{location}"
"""Stands in an address of Artifact Registry for the location that is asked about."""
_BY_LOCATION = frozenset({"artifact_registry", "docker"})

Location = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
ProjectId = Annotated[str, StringConstraints(pattern=rf"^{_PROJECT_ID}$")]
Folder = Annotated[str, StringConstraints(pattern=r"^folders/[0-9]+$")]
Root = Annotated[
    str,
    StringConstraints(
        pattern=rf"^(organizations/[0-9]+|folders/[0-9]+|projects/{_PROJECT_ID}|{VISIBLE})$"
    ),
]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class GcpEndpoints(Settings):
    """Addresses to talk to instead of Google's; ``http://`` only for loopback.

    Attributes:
        artifact_registry: Instead of ``artifactregistry.googleapis.com``. With ``{location}`` in
            it each location is asked at its own address.
        grafeas: Instead of ``containeranalysis.googleapis.com``.
        cloud_asset: Instead of ``cloudasset.googleapis.com``.
        resource_manager: Instead of ``cloudresourcemanager.googleapis.com``.
        service_usage: Instead of ``serviceusage.googleapis.com``.
        docker: Where a scanner pulls images, instead of ``https://{location}-docker.pkg.dev``.
    """

    artifact_registry: str | None = None
    grafeas: str | None = None
    cloud_asset: str | None = None
    resource_manager: str | None = None
    service_usage: str | None = None
    docker: str | None = None


class DiscoverySettings(Settings):
    """Which projects to look for.

    A project is read when the ``include_*`` lists are empty or one of them names it, and no
    ``exclude_*`` list does. A folder stands for all below it.

    Attributes:
        scopes: ``organizations/N``, ``folders/N``, ``projects/ID``, or ``visible``: every project
            that the identity may see.
        by: Who is asked: Cloud Asset knows where repositories lie; Resource Manager knows the
            projects only. ``auto`` asks the first, and the second where the first does not answer.
        include_projects: Patterns (fnmatch) of project ids.
        exclude_projects: Patterns of project ids to leave out.
    """

    scopes: tuple[Root, ...] = Field(min_length=1)
    by: Literal["auto", "cloud-asset", "resource-manager"] = "auto"
    include_projects: tuple[str, ...] = ()
    exclude_projects: tuple[str, ...] = ()
    include_folders: tuple[Folder, ...] = ()
    exclude_folders: tuple[Folder, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.scopes)) != len(self.scopes):
            raise ValueError("scopes: a value is given twice")
        if VISIBLE in self.scopes and self.by == "cloud-asset":
            raise ValueError(f"scopes: Cloud Asset cannot search {VISIBLE!r}")
        return self


class GcpSettings(Settings):
    """What to read of Google Cloud, and how.

    Attributes:
        projects: Project ids (``my-project``, or ``example.com:my-project``); none where
            ``discovery`` finds them.
        quota_project: Project that is charged for the calls to Cloud Asset, Resource Manager and
            Service Usage, and in which those services are switched on; the identity's own unless
            told.
        locations: Locations to read; empty means those that ListLocations names.
        stale_after_days: Age of the last scan from which a success no longer counts as looked at.
            Google scans an image on as long as it was pulled in the last 30 days.
        full_read_days: Days after which all statements are read again at the latest. Between, only
            those of images of which Google says that they changed.
        posture: Whether to read settings beside the inventory: services, IAM policies, gcr.io.
        domains: Domains of the organisation, by which a policy's members are told from strangers.
        endpoints: Endpoint overrides.
        allow_insecure_loopback: Whether an override may be ``http://`` to a loopback address.
        max_attempts: Tries per call, the first one counted.
        include: Patterns (fnmatch) of repository names to read; empty means all.
        exclude: Patterns of repository names to leave out; wins over ``include``.
    """

    projects: tuple[ProjectId, ...] = ()
    discovery: DiscoverySettings | None = None
    quota_project: ProjectId | None = None
    locations: tuple[Location, ...] = ()
    stale_after_days: int = Field(default=30, gt=0)
    full_read_days: int = Field(default=7, gt=0)
    posture: bool = True
    domains: tuple[Domain, ...] = ()
    endpoints: GcpEndpoints = GcpEndpoints()
    allow_insecure_loopback: bool = False
    max_attempts: int = Field(default=6, gt=0)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_scopes(self) -> Self:
        """Refuse nothing to read, and a scope that would be read twice."""
        if bool(self.projects) == bool(self.discovery):
            raise ValueError("give projects or discovery, one of the two")
        for name in ("projects", "locations"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"{name}: a value is given twice")
        return self

    @model_validator(mode="after")
    def _check_endpoints(self) -> Self:
        for name in GcpEndpoints.model_fields:
            url = getattr(self.endpoints, name)
            if url is None:
                continue
            try:
                check_endpoint(
                    _without_location(name, url),
                    allow_insecure_loopback=self.allow_insecure_loopback,
                )
            except ValueError as error:
                raise ValueError(f"endpoints.{name}: {error}") from error
        return self

    def wants(self, repository: str) -> bool:
        """Whether the include and exclude patterns let ``repository`` through."""
        if any(fnmatchcase(repository, pattern) for pattern in self.exclude):
            return False
        return not self.include or any(fnmatchcase(repository, name) for name in self.include)


def _without_location(name: str, url: str) -> str:
    """Return an address as it may be asked, with a location filled in.

    Raises:
        ValueError: The service is not asked by location.
    """
    if name not in _BY_LOCATION and LOCATION in url:
        raise ValueError(f"{url!r} holds {LOCATION}, and this service is not asked by location")
    return url.replace(LOCATION, "us")
