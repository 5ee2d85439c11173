"""Settings of the Google Cloud adapter: the ``gcp`` block of the configuration."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from audit.endpoints import check_endpoint
from audit.ports import Settings

_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z0-9-]+")
Location = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]


class GcpEndpoints(Settings):
    """Addresses to talk to instead of Google's; ``http://`` only for loopback.

    Attributes:
        artifact_registry: Instead of ``artifactregistry.googleapis.com``.
        grafeas: Instead of ``containeranalysis.googleapis.com``.
    """

    artifact_registry: str | None = None
    grafeas: str | None = None


class GcpSettings(Settings):
    """What to read of Google Cloud, and how.

    Attributes:
        projects: Project ids (``my-project``, or ``example.com:my-project``).
        locations: Locations to read; empty means those that ListLocations names.
        stale_after_days: Age of the last scan from which a success no longer counts as looked at.
            Google scans an image on as long as it was pulled in the last 30 days.
        full_read_days: Days after which all statements are read again at the latest. Between, only
            those of images of which Google says that they changed.
        endpoints: Endpoint overrides.
        allow_insecure_loopback: Whether an override may be ``http://`` to a loopback address.
        max_attempts: Tries per call, the first one counted.
        include: Patterns (fnmatch) of repository names to read; empty means all.
        exclude: Patterns of repository names to leave out; wins over ``include``.
    """

    projects: tuple[str, ...] = Field(min_length=1)
    locations: tuple[Location, ...] = ()
    stale_after_days: int = Field(default=30, gt=0)
    full_read_days: int = Field(default=7, gt=0)
    endpoints: GcpEndpoints = GcpEndpoints()
    allow_insecure_loopback: bool = False
    max_attempts: int = Field(default=6, gt=0)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_scopes(self) -> Self:
        """Refuse names that are not ids, and a scope that would be read twice."""
        for project in self.projects:
            if not _PROJECT.fullmatch(project):
                raise ValueError(f"projects: {project!r} is not a project id")
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
                check_endpoint(url, allow_insecure_loopback=self.allow_insecure_loopback)
            except ValueError as error:
                raise ValueError(f"endpoints.{name}: {error}") from error
        return self

    def wants(self, repository: str) -> bool:
        """Whether the include and exclude patterns let ``repository`` through."""
        if any(fnmatchcase(repository, pattern) for pattern in self.exclude):
            return False
        return not self.include or any(fnmatchcase(repository, name) for name in self.include)
