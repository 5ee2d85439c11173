"""Measures over time: views over the history, for trends that an auditor believes.

Each file of this folder defines the views or macros of one subject and says what a row is. They
stand on ``<table>_history`` (rows of the runs known to this run, with ``run_id``),
``repository_owners`` and ``deadline_profile``.
"""

from __future__ import annotations

from importlib.resources import files

import duckdb

from audit.judge.deadlines import DeadlineProfile

_PROFILE = (
    "CREATE TEMP TABLE deadline_profile (profile_id VARCHAR, version VARCHAR, title VARCHAR, "
    "note VARCHAR, clock VARCHAR[], severity VARCHAR, days INTEGER)"
)


def define_measures(con: duckdb.DuckDBPyConnection, profile: DeadlineProfile) -> None:
    """Define every measure in ``con``; deadlines run by ``profile``."""
    con.execute(_PROFILE)
    con.executemany(
        "INSERT INTO deadline_profile VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (profile.id, profile.version, profile.title, profile.note, list(profile.clock), *pair)
            for pair in profile.by_severity()
        ],
    )
    for name in measure_files():
        con.execute(files("audit.judge.measures").joinpath(name).read_text("utf-8"))


def measure_files() -> list[str]:
    """Return the names of the SQL files in the order in which they build on each other."""
    listed = (entry.name for entry in files("audit.judge.measures").iterdir())
    return sorted(name for name in listed if name.endswith(".sql"))
