"""Deadline profiles: within how many days of which date an exposure is to be mended.

A profile is data: a YAML file of this folder, or one of the operator's own. The profile in force is
kept whole in ``runs.policy``, so that a past run is measured by what was in force then.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from audit.errors import WarehouseError
from audit.ports import Settings

DEFAULT = "standard"

Clock = Literal[
    "published_at",
    "fix_available_at",
    "native_first_observed_at",
    "first_seen_at",
    "kev_added_at",
    "evaluated_at",
]


class Days(Settings):
    """Days by severity; null where the profile gives none."""

    CRITICAL: int | None = Field(ge=0)
    HIGH: int | None = Field(ge=0)
    MEDIUM: int | None = Field(ge=0)
    LOW: int | None = Field(ge=0)
    NEGLIGIBLE: int | None = Field(ge=0)
    UNKNOWN: int | None = Field(ge=0)


class DeadlineProfile(Settings):
    """Deadlines of one rule book, in calendar days of UTC."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", description="Name of the profile.")
    version: str = Field(min_length=1, description="Version; changes with any other line.")
    title: str = Field(min_length=1, description="What rule book it is, in a line.")
    note: str = Field("", description="What of the rule book it does not express.")
    clock: tuple[Clock, ...] = Field(
        min_length=1, description="Dates that start the clock: the first that is known."
    )
    days: Days = Field(description="Calendar days by severity; null: no deadline.")

    @field_validator("clock")
    @classmethod
    def _each_once(cls, clock: tuple[Clock, ...]) -> tuple[Clock, ...]:
        if len(set(clock)) < len(clock):
            raise ValueError("a date is named twice")
        return clock

    def by_severity(self) -> list[tuple[str, int | None]]:
        """Return each severity with its days, the gravest first."""
        days = self.days.model_dump()
        return [(severity, days[severity]) for severity in Days.model_fields]


def shipped_ids() -> tuple[str, ...]:
    """Return the ids of the profiles that come with the tool, sorted."""
    listed = (entry.name for entry in files("audit.judge.deadlines").iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in listed if n.endswith(".yaml")))


@cache
def shipped(profile_id: str) -> DeadlineProfile:
    """Return a profile that comes with the tool.

    Raises:
        FileNotFoundError: There is none of that id.
    """
    text = files("audit.judge.deadlines").joinpath(f"{profile_id}.yaml").read_text("utf-8")
    return DeadlineProfile.model_validate(yaml.safe_load(text))


def profile_in_force(policy: str | None) -> DeadlineProfile:
    """Return the profile that a run's ``policy`` holds; the default where it names none.

    Runs of earlier versions kept no profile.

    Raises:
        WarehouseError: There is one, and this version cannot read it.
    """
    rules = json.loads(policy) if policy else {}
    if "deadlines" not in rules:
        return shipped(DEFAULT)
    try:
        return DeadlineProfile.model_validate(rules["deadlines"])
    except ValidationError as error:
        raise WarehouseError(f"deadlines in a run's policy cannot be read: {error}") from error
