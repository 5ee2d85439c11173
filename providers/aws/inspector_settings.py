"""How the findings of Amazon Inspector and of basic scanning are to be read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from audit.ports import Settings

Days = Annotated[float, Field(gt=0, le=400)]


class InspectorSettings(Settings):
    """The ``inspector`` block.

    Attributes:
        delegated_administrator: Account that administers Inspector for the organisation, or
            ``discover`` to ask Inspector in each region; left out, each account is asked itself.
        full_every_days: Days after which every finding of an account is read again at the latest.
        overlap_minutes: How far a window reaches back behind the last reading.
        closures_live_days: A gap longer than this is read in full: Inspector deletes the closed
            findings of deleted images after three days.
        cross_check: Whether a full reading is held against Inspector's own counts.
    """

    delegated_administrator: (
        Annotated[str, StringConstraints(pattern=r"^([0-9]{12}|discover)$")] | None
    ) = None
    full_every_days: Days = 7.0
    overlap_minutes: Annotated[int, Field(ge=0, le=10_080)] = 360
    closures_live_days: Days = 2.5
    cross_check: Literal["full", "never"] = "full"


class BasicSettings(Settings):
    """The ``basic`` block.

    Attributes:
        reask_days: Days after which an image is asked for again although nothing was pushed: a
            scan may have been started by hand. An equal part of the images is asked each night.
    """

    reask_days: Annotated[int, Field(ge=1, le=400)] = 7
