"""Judgement: stored tables in, judged tables out. No I/O of its own, no clock of its own.

The steps are SQL over relations that the caller has made in a DuckDB connection:
``placements_current``, ``images_all``, ``registries_all``, ``repositories_all``,
``assessments_all``, ``findings_all``, ``waivers_all``, ``fates``, ``unlisted``, ``scopes_now``,
``prev_*``, ``exposures_before``, ``groups_before``, ``vulnerabilities_history``,
``vulnerabilities_changed``;
and the variables ``run_id``, ``moment``, ``command``, ``policy`` and ``tool_version``. They leave
``groups_changed``, ``exposure_changes``, ``exposure_images_changed``, ``method_changes_now``,
``coverage_now`` and ``control_results_all``.
"""

from __future__ import annotations

from importlib.resources import files

import duckdb
import pyarrow as pa

from audit.judge.groups import leading_ids

_STEPS = (
    *("exposures_1_stated", "exposures_2_prior", "exposures_3_context"),
    *("exposures_3_waivers", "exposures_4_changes", "exposure_images"),
    *("method_changes", "coverage", "controls"),
)


def run_judgement(con: duckdb.DuckDBPyConnection) -> None:
    """Compute what changed in the run in ``con``: alias groups, exposures, methods, controls."""
    _name_groups(con)
    for step in _STEPS:
        con.execute(_sql(step))


def _name_groups(con: duckdb.DuckDBPyConnection) -> None:
    remembered = dict(con.execute("FROM groups_before").fetchall())
    found = leading_ids(con.execute(_sql("names_pairs")).fetchall(), remembered)
    rows = sorted(found.items())
    names = pa.table(
        {
            "vulnerability_id": pa.array([row[0] for row in rows], pa.string()),
            "leading_id": pa.array([row[1] for row in rows], pa.string()),
        }
    )
    con.register("groups_found", names)
    con.execute("CREATE TEMP TABLE groups_now AS FROM groups_found")
    con.execute("CREATE TEMP TABLE groups_changed AS FROM groups_now EXCEPT FROM groups_before")


def _sql(step: str) -> str:
    return files("audit.judge").joinpath("sql", f"{step}.sql").read_text("utf-8")
