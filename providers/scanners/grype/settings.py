"""How Grype and Syft are found and run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from audit.ports import Settings

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class GrypeSettings(Settings):
    """Where the two programs are, what Grype knows, and the limits."""

    program: str = Field("grype", description="Path of Grype, or its name on PATH.")
    sha256: Sha256 | None = Field(
        None, description="SHA-256 that Grype must have; any other is not run."
    )
    syft: str = Field("syft", description="Path of Syft, which looks into images, or its name.")
    syft_sha256: Sha256 | None = Field(
        None, description="SHA-256 that Syft must have; any other is not run."
    )
    cache_dir: Path | None = Field(
        None, description="Folder of Grype's database; by default Grype's own."
    )
    update_database: bool = Field(
        False, description="Whether Grype fetches its database before scanning, from its own place."
    )
    allow_plain_fallback: bool = Field(
        False,
        description="Whether a login may go to hosts at which Syft falls back to plain http where "
        "https does not answer: private addresses, localhost and .local names.",
    )
    timeout_seconds: Annotated[int, Field(ge=1)] = Field(
        600, description="After this long a look at one image is given up."
    )
