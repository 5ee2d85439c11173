"""How Trivy is found and run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from audit.endpoints import is_loopback
from audit.model.enums import Weakness
from providers.scanners.settings import ProgramSettings


class TrivySettings(ProgramSettings):
    """Where Trivy is, what it knows, and its limits."""

    program: str = Field("trivy", description="Its path, or its name on PATH.")
    cache_dir: Path | None = Field(
        None, description="Trivy's cache, which holds its database; by default Trivy's own."
    )
    database_repository: str | None = Field(
        None,
        description="OCI repository that the database is fetched from before scanning, such as a "
        "mirror; without one the database in the cache is used as it is.",
    )
    java_database_repository: str | None = Field(
        None, description="The same for the database that Java archives are told by."
    )
    allow_insecure_loopback: bool = Field(
        False, description="Whether the database may come over plain http from a loopback address."
    )
    also_look_for: tuple[Weakness, ...] = Field(
        (),
        description="What else is looked for in images: secret (passwords, keys and tokens left in "
        "files, variables and history), misconfiguration (of the image, and of Dockerfiles, "
        "Kubernetes, CloudFormation and ARM files in it). Looking for secrets takes several "
        "times as long, and images that were looked into before are pulled again.",
    )
    max_image_bytes: Annotated[int, Field(ge=1)] | None = Field(
        None, description="An image of more compressed bytes is not pulled and not_scanned."
    )
    detection_priority: Literal["precise", "comprehensive"] = Field(
        "precise", description="Trivy's --detection-priority: fewer false statements, or more."
    )

    @model_validator(mode="after")
    def _safe(self) -> TrivySettings:
        for name in (self.database_repository, self.java_database_repository):
            if name is not None and name.startswith("-"):
                raise ValueError(f"{name!r} is no repository")
        return self

    def plain(self, repository: str) -> bool:
        """Whether a repository is to be spoken to without TLS: on a loopback address only."""
        host = repository.partition("/")[0].rpartition(":")[0] or repository.partition("/")[0]
        return self.allow_insecure_loopback and is_loopback(host)
