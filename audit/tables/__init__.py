"""Every table of the warehouse, one description a column: the single source of the schemas.

``registry-audit schema`` and docs/data-dictionary.md are printed from here. Columns marked as the
partition (``run_id``) live in the folder name, not in the files. Times are UTC microseconds.
Strings are plain (no dictionary type). An empty list and null differ: null is "could not tell".
"""

from __future__ import annotations

from audit.tables.collected import (
    ASSESSMENTS,
    FINDINGS,
    IMAGES,
    PLACEMENTS,
    READING_MARKS,
    SOURCE_CLOSINGS,
    VEX_STATEMENTS,
    VULNERABILITIES,
    WAIVERS,
)
from audit.tables.configuration import REGISTRIES, REPOSITORIES
from audit.tables.contents import PACKAGES, SBOMS, WEAKNESSES
from audit.tables.judged import (
    CONTROL_RESULTS,
    COVERAGE,
    EXPOSURE_IMAGES,
    EXPOSURES,
    METHOD_CHANGES,
    RUNS,
    SCOPES,
    VULNERABILITY_GROUPS,
)
from audit.tables.parts import RUN_ID, Column, Table

__all__ = ["COLLECTED", "HISTORY", "RUN_ID", "TABLES", "Column", "Table"]

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *(RUNS, SCOPES, REGISTRIES, REPOSITORIES, IMAGES, PLACEMENTS, ASSESSMENTS),
        *(FINDINGS, SOURCE_CLOSINGS, VEX_STATEMENTS, READING_MARKS),
        *(SBOMS, PACKAGES, WEAKNESSES),
        *(VULNERABILITIES, VULNERABILITY_GROUPS),
        *(EXPOSURES, EXPOSURE_IMAGES),
        *(METHOD_CHANGES, COVERAGE, CONTROL_RESULTS, WAIVERS),
    )
}

HISTORY = tuple(name for name, table in TABLES.items() if table.history)
"""Tables that hold changes or totals; those of every run are kept."""

COLLECTED = (
    *("registries", "repositories", "images", "placements", "assessments", "findings"),
    *("vulnerabilities", "source_closings", "reading_marks", "vex_statements"),
    *("sboms", "packages", "weaknesses", "waivers"),
)
"""Tables that providers, importers and scanners fill; the others the core writes itself."""
