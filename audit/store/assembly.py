"""From staged rows to a run's full snapshot: carry forward, decide what is current, write files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from audit.judge import run_judgement
from audit.model.scope import ScopeOutcome
from audit.store import views
from audit.store.history import exposures_as_of, groups_as_of, images_as_of, previous_rows
from audit.store.layout import Layout
from audit.store.ledger import Ledger
from audit.store.writing import write_findings, write_ordered
from audit.tables import COLLECTED, TABLES

_STEPS = (
    *("01_fates", "02_inventory", "03_current", "04_assessments", "05_findings"),
    *("05_vex", "05_waivers", "06_vulnerabilities"),
)
_ASSESSED = 4
"""Steps after which it is known which images there are and how each was assessed."""
STAGED = ("raw", "scans/*")
"""Folders of a run's staged rows: what providers and importers read, and what scanners found."""
_SNAPSHOT = {
    "scopes": "scopes_now",
    "registries": "registries_all",
    "repositories": "repositories_all",
    "images": "images_all",
    "placements": "placements_current",
    "assessments": "assessments_all",
    "source_closings": "closings_now",
    "vex_statements": "vex_all",
    "sboms": "staged_sboms",
    "packages": "staged_packages",
    "weaknesses": "staged_weaknesses",
    "reading_marks": "marks_all",
    "vulnerabilities": "vulnerabilities_changed",
    "vulnerability_groups": "groups_changed",
    "exposures": "exposure_changes",
    "exposure_images": "exposure_images_changed",
    "method_changes": "method_changes_now",
    "coverage": "coverage_now",
    "control_results": "control_results_all",
    "waivers": "waivers_now",
}
_FLAT = {
    "images": ("flat_images", TABLES["placements"].sort_by),
    "exposures": ("flat_exposures", TABLES["exposures"].sort_by),
    "controls": ("flat_controls", TABLES["control_results"].sort_by),
}


class Owners(NamedTuple):
    """Who answers for which repositories.

    Attributes:
        rules: (registry pattern, repository pattern, owner); the first that fits holds.
        labels: Names of labels that name the owner where no rule fits, the first first.
    """

    rules: tuple[tuple[str, str, str], ...] = ()
    labels: tuple[str, ...] = ()


NO_OWNERS = Owners()


class ScopeEnd(NamedTuple):
    """How one scope of a run ended."""

    scope_id: str
    outcome: str
    error_code: str | None
    error: str | None


@dataclass(frozen=True)
class Inputs:
    """What a run's assembly needs beside the staged rows.

    Attributes:
        settings: Named values the SQL steps read (``newest_tagged`` ...).
        ledger: The runs it builds on.
        policy: The rules in force as JSON, for comparison with the run before.
        owners: Who answers for which repositories.
        retired: Scope ids that the operator declared gone for good.
        staged: Table -> query for the rows that the run read; the staged files where it is not
            given.
    """

    run_id: str
    moment: datetime
    command: str
    outcomes: Sequence[ScopeOutcome]
    ledger: Ledger
    settings: Mapping[str, int]
    policy: str
    tool_version: str
    owners: Owners = NO_OWNERS
    retired: tuple[str, ...] = ()
    staged: Mapping[str, str] | None = None


@dataclass
class Assembly:
    """One run's snapshot in a DuckDB engine; ``build`` it, then ``write`` it."""

    layout: Layout
    inputs: Inputs
    memory: str = "512MB"
    con: duckdb.DuckDBPyConnection = field(init=False)

    def __post_init__(self) -> None:
        self.con = views.connect(self._spill, self.memory)

    @property
    def _spill(self) -> Path:
        return self.layout.staged(self.inputs.run_id) / "spill"

    def build(self) -> None:
        """Compute every table of the run."""
        self.look_ahead()
        for step in _STEPS[_ASSESSED:]:
            self.con.execute(_sql(step))
        run_judgement(self.con)
        views.view(self.con, "exposures_now", self._exposures_now())
        self.con.execute(_sql("07_current_tables"))

    def look_ahead(self) -> None:
        """Compute what there is and who has looked at it, and nothing that follows from that."""
        self._set_values()
        self._load()
        for step in _STEPS[:_ASSESSED]:
            self.con.execute(_sql(step))

    def write(self) -> dict[str, int]:
        """Write all files of the run below its staging folder; return path -> rows.

        The flat tables of the newest run stay where a run is filled in for an earlier moment.
        """
        aside = self._spill / "parts"
        flat = self.inputs.run_id > (self.inputs.ledger.newest or "")
        written = {}
        for table, relation in _SNAPSHOT.items():
            path = self.layout.part(table, self.inputs.run_id)
            order, schema = TABLES[table].sort_by, TABLES[table].schema
            written[path] = write_ordered(
                self.con, self._target(path), relation, order, schema, aside
            )
        path = self.layout.part("findings", self.inputs.run_id)
        beside = self._target("current/findings.parquet") if flat else None
        written[path] = write_findings(self.con, self._target(path), beside, aside)
        for name, (relation, order) in _FLAT.items() if flat else ():
            target = self._target(f"current/{name}.parquet")
            write_ordered(self.con, target, relation, order, None, aside)
        return written

    def _target(self, path: str) -> Path:
        return self.layout.staged(self.inputs.run_id) / "publish" / path

    def scopes(self) -> list[ScopeEnd]:
        """Return how every scope of this run ended, those that nobody planned included."""
        rows = self.con.execute(
            "SELECT scope_id, outcome, error_code, error FROM scopes_now "
            "WHERE observed_run_id = getvariable('run_id') ORDER BY ALL"
        ).fetchall()
        return [ScopeEnd(*row) for row in rows]

    def databases(self) -> dict[str, datetime]:
        """Return the date of the database that each scanner of our own looked with in this run."""
        return dict(
            self.con.execute(
                "SELECT source, max(db_updated_at) FROM assessments_all "
                "WHERE observed_run_id = getvariable('run_id') AND provider <> 'files' "
                "AND scanned_at IS NOT NULL AND db_updated_at IS NOT NULL AND source IN ("
                "SELECT source FROM scopes_now WHERE kind = 'scan') GROUP BY source"
            ).fetchall()
        )

    def unassessed(self) -> int:
        """Return how many assessable placements no source has assessed.

        An import answers for the images it speaks of; a nightly run for all there are.
        """
        row = self.con.execute(
            "SELECT count(*) FROM assessable AS p ANTI JOIN (FROM assessments_all "
            "WHERE state = 'assessed') AS a USING (provider, registry_id, repository, digest) "
            "WHERE getvariable('command') IN ('run', 'scan') "
            "OR p.observed_run_id = getvariable('run_id')"
        ).fetchone()
        return int(row[0]) if row else 0

    def _set_values(self) -> None:
        values: dict[str, object] = {
            "run_id": self.inputs.run_id,
            "moment": self.inputs.moment,
            "command": self.inputs.command,
            "policy": self.inputs.policy,
            "tool_version": self.inputs.tool_version,
            "replayed": self.inputs.staged is not None,
            "retired": list(self.inputs.retired),
            **self.inputs.settings,
        }
        for name, value in values.items():
            cast = "::VARCHAR[]" if name == "retired" else ""
            self.con.execute(f"SET VARIABLE {name} = $value{cast}", {"value": value})

    def _load(self) -> None:
        earlier = self.inputs.ledger.before(self.inputs.run_id)
        for table in COLLECTED:
            views.view(self.con, f"staged_{table}", self._staged(table))
        for table in (*COLLECTED, "scopes"):
            views.view(self.con, f"prev_{table}", previous_rows(self.layout, table, earlier))
        for table in ("runs", "scopes", "vulnerabilities"):
            history = views.history_rows(self.layout, table, earlier.run_ids)
            views.view(self.con, f"{table}_history", history)
        before = views.partition_rows(self.layout, "runs", earlier.newest)
        views.view(self.con, "prev_runs", before)
        exposures = exposures_as_of(self.layout, earlier)
        self.con.execute(f"CREATE TEMP TABLE exposures_before AS {exposures}")
        groups = groups_as_of(self.layout, earlier)
        self.con.execute(f"CREATE TEMP TABLE groups_before AS {groups}")
        views.view(self.con, "images_told", images_as_of(self.layout, earlier))
        late = earlier.filled_in_since(earlier.newest) if earlier.newest else []
        self.con.execute("SET VARIABLE filled_in = $value", {"value": bool(late)})
        self._load_owners()
        self._load_scopes()

    def _staged(self, table: str) -> str:
        if self.inputs.staged is not None:
            return self.inputs.staged[table]
        folder = self.layout.staged(self.inputs.run_id)
        files = [path for part in STAGED for path in folder.glob(f"{part}/{table}/*.parquet")]
        return views.parquet_rows(table, sorted(files))

    def _load_owners(self) -> None:
        self.con.execute(
            "CREATE TEMP TABLE owner_rules (place BIGINT, registry VARCHAR, repository VARCHAR, "
            "owner VARCHAR)"
        )
        self.con.execute("CREATE TEMP TABLE owner_labels (place BIGINT, name VARCHAR)")
        for place, rule in enumerate(self.inputs.owners.rules):
            self.con.execute("INSERT INTO owner_rules VALUES ($1, $2, $3, $4)", [place, *rule])
        for place, name in enumerate(self.inputs.owners.labels):
            self.con.execute("INSERT INTO owner_labels VALUES ($1, $2)", [place, name])

    def _load_scopes(self) -> None:
        empty = views.parquet_rows("scopes", [])
        self.con.execute(f"CREATE TEMP TABLE scopes_now AS {empty}")
        rows = scope_rows(self.inputs.outcomes, self.inputs.run_id)
        self.con.register("planned_scopes", rows)
        self.con.execute("INSERT INTO scopes_now SELECT * FROM planned_scopes")

    def _exposures_now(self) -> str:
        return (
            "SELECT * EXCLUDE (run_id) REPLACE (CASE WHEN state = 'open' AND scope_id IN "
            "(SELECT scope_id FROM scopes_now WHERE kind = 'inventory' AND observed_run_id = "
            "getvariable('run_id')) THEN getvariable('moment') ELSE last_confirmed_at END "
            "AS last_confirmed_at) FROM exposures_before WHERE "
            "exposure_id NOT IN (SELECT exposure_id FROM exposure_changes) "
            "UNION ALL BY NAME FROM exposure_changes"
        )


def scope_rows(outcomes: Iterable[ScopeOutcome], run_id: str) -> pa.Table:
    """Turn a run's outcomes into rows of the ``scopes`` table."""
    rows = [
        {
            **vars(outcome.ref),
            **{name: value for name, value in vars(outcome).items() if name != "ref"},
            "observed_run_id": run_id,
        }
        for outcome in outcomes
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["scopes"].schema)


def _sql(step: str) -> str:
    return files("audit.store").joinpath("sql", f"{step}.sql").read_text(encoding="utf-8")
