"""A memory made of what an earlier collection wrote, without a warehouse between."""

from __future__ import annotations

import logging
from datetime import datetime

from audit.ports import RunContext
from tests.support.kept import Kept
from tests.unit.azure.support import KeepingSink

LOG = logging.getLogger("tests.azure")


def night(moment: datetime, before: KeepingSink | None = None) -> RunContext:
    """Return the context of a run after another."""
    if before is None:
        return RunContext("run-1", moment, LOG)
    return RunContext("run-2", moment, LOG, Kept(before.tables))
