"""Settings that every scanner has."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from audit.ports import Settings

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ProgramSettings(Settings):
    """A pinned program, what it may do with a login, and how long it may take."""

    sha256: Sha256 | None = Field(
        None, description="SHA-256 that the program must have; any other is not run."
    )
    allow_plain_fallback: bool = Field(
        False,
        description="Whether a login may go to hosts at which the program falls back to plain http "
        "where https does not answer: private addresses, localhost and .local names.",
    )
    timeout_seconds: Annotated[int, Field(ge=1)] = Field(
        600, description="After this long a look at one image is given up."
    )
