"""Judgement: stored tables in, judged tables out. No I/O of its own, no clock of its own.

The steps are SQL over relations that the caller has made in a DuckDB connection:
``placements_current``, ``images_all``, ``assessments_all``, ``findings_all``, ``fates``,
``scopes_now``, ``prev_*``, ``exposures_before``, ``vulnerabilities_history``,
``vulnerabilities_changed``; and the variables ``run_id`` and ``moment``. They leave
``exposure_changes`` and ``control_results_all``.
"""

from __future__ import annotations

from importlib.resources import files

import duckdb

_STEPS = (
    *("exposures_1_stated", "exposures_2_context", "exposures_3_changes"),
    "controls",
)


def run_judgement(con: duckdb.DuckDBPyConnection) -> None:
    """Compute exposures' changes and control results of the run in ``con``."""
    for step in _STEPS:
        con.execute(files("audit.judge").joinpath("sql", f"{step}.sql").read_text("utf-8"))
