"""A run to report on, held in memory: rows by table, given views as the store's reader gives."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa

from audit.judge.opinions import opinion_views
from audit.store.catalog import WEAKNESSES
from audit.tables import HISTORY, TABLES

Rows = Mapping[str, list[dict[str, Any]]]


class FakeRun:
    """One published run and the run before it.

    ``now`` and ``before`` hold rows by table; columns left out are null. ``exposures`` of a run
    are the changes it wrote; the state of each exposure is its last change.
    """

    def __init__(self, run_id: str, now: Rows, before_id: str = "", before: Rows | None = None):
        self.run_id = run_id
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET TimeZone = 'UTC'")
        for name in TABLES:
            self._view(name, run_id, now.get(name, []))
            self._view(f"previous_{name}", before_id, (before or {}).get(name, []), name)
        self._derive()

    def _view(self, view: str, run_id: str, rows: list[dict[str, Any]], table: str = "") -> None:
        held = pa.Table.from_pylist(rows, schema=TABLES[table or view].schema)
        marked = held.append_column("run_id", pa.array([run_id] * len(rows), pa.string()))
        self.connection.register(view, marked)

    def _derive(self) -> None:
        last = "QUALIFY row_number() OVER (PARTITION BY exposure_id ORDER BY run_id DESC) = 1"
        both = "(FROM exposures UNION ALL FROM previous_exposures)"
        for view, query in {
            "all_runs": "FROM runs UNION ALL FROM previous_runs",
            "exposures_now": f"SELECT * FROM {both} {last}",
            "exposures_before": "FROM previous_exposures",
            "exposure_changes": "FROM exposures",
            **{f"{t}_history": f"FROM {t} UNION ALL FROM previous_{t}" for t in HISTORY},
            **{
                name: files("audit.store").joinpath(f"sql/{name}.sql").read_text()
                for name in WEAKNESSES
            },
            **opinion_views(),
        }.items():
            self.connection.execute(f"CREATE VIEW {view} AS {query}")

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        result = self.connection.execute(sql, dict(parameters) if parameters else None)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
