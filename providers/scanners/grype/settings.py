"""How Grype and Syft are found and run."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from providers.scanners.settings import ProgramSettings, Sha256


class GrypeSettings(ProgramSettings):
    """Where the two programs are, what Grype knows, and the limits."""

    program: str = Field("grype", description="Path of Grype, or its name on PATH.")
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
