"""What is to be scanned, and how much of it in one run: the ``scan`` block of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from audit.ports import Settings

Several = Annotated[int, Field(ge=0)]


class Budget(Settings):
    """How much one run may do; null is no bound. What falls outside is not_scanned and says so."""

    images: Several | None = Field(None, description="Images pulled in one run.")
    bytes: Several | None = Field(
        None,
        description="Compressed bytes pulled in one run, as the registry tells each image's size. "
        "An image of unknown size fits only while nothing else was pulled.",
    )
    minutes: Several | None = Field(
        None, description="Minutes after which no further image is begun with."
    )


class ScanRules(Settings):
    """Which images our own scanners look at."""

    select: Literal["unassessed", "all"] = Field(
        "unassessed",
        description="unassessed: current images that no other source has assessed within the "
        "evidence window; all: every current image. One that was looked into once is matched again "
        "in every run.",
    )
    include: tuple[str, ...] = Field(
        ("*",), description="Patterns of registry/repository that are scanned."
    )
    exclude: tuple[str, ...] = Field(
        (), description="Patterns of registry/repository that are left out even when included."
    )
    database_max_age_days: int = Field(
        7, ge=1, description="A scan with an older database is no fresh look: its images are stale."
    )
    workers: int = Field(1, ge=1, le=64, description="Scanner processes at the same time.")
    budget: Budget = Budget()
