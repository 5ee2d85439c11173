"""The relations of a published run by name, each made when it is first asked for.

Nothing is read to open a catalog: a view reads the heads of its files when it is made, and a
warehouse of a year has thousands of files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from pathlib import Path

import duckdb

from audit.errors import AuditError, PrunedError, WarehouseError
from audit.judge.measures import measure_files
from audit.judge.opinions import opinion_views
from audit.store import views
from audit.store.history import exposures_as_of, history_of
from audit.store.layout import Layout
from audit.store.ledger import Ledger
from audit.store.measures import MEASURED, prepare_measures
from audit.store.pruned import SNAPSHOTS, read_pruned
from audit.tables import HISTORY, TABLES

FLAT = ("findings", "images", "exposures")
"""Tables that are also given joined to what describes them, as ``flat_<table>``."""

WEAKNESSES = ("weakness_looks", "image_weaknesses")
"""Secrets and misconfigurations of all images, and who looked for them."""

_NAME = re.compile(r"[A-Za-z_]\w*")
_MEASURE = re.compile(r"^CREATE TEMP (VIEW|MACRO) (\w+)", re.MULTILINE)
_MISSING = re.compile(r"Table with name (\w+) does not exist")


@dataclass(frozen=True)
class Bounds:
    """What an engine may take: memory, and a folder for what does not fit in it, if any."""

    memory: str = "512MB"
    spill: Path | None = None


class Catalog:
    """Every relation of one run in an engine of its own, with a bound on memory.

    Relations: the tables of ``audit.tables`` (this run) and ``previous_<table>``;
    ``<table>_history`` of the tables that hold changes or totals (all runs known to this one);
    ``<table>_snapshots`` of the others (those runs that were not pruned); ``all_runs``,
    ``exposures_now``, ``exposures_before``, ``exposure_changes``; ``flat_findings``,
    ``flat_images``, ``flat_exposures``; ``weakness_looks``, ``image_weaknesses``; the views of
    ``audit.judge.opinions``; and the measures over time of ``audit.judge.measures``.
    """

    def __init__(self, layout: Layout, run_id: str, ledger: Ledger, bounds: Bounds) -> None:
        self.run_id = run_id
        self.earlier = ledger.before(run_id)
        self.known = Ledger({**self.earlier.sequences, run_id: ledger.sequences[run_id]})
        self.connection = views.connect(bounds.spill, bounds.memory)
        self._layout = layout
        self._made: set[str] = set()
        self._gone: dict[str, AuditError] = {}
        self._queries = self._definitions()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all relations."""
        return (*self._queries, *measure_names())

    def ask(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyRelation:
        """Return a query as a lazy relation; those that it names are made first.

        Raises:
            PrunedError: It asks for a snapshot that was thinned out.
            WarehouseError: It asks for a table that is damaged.
        """
        self._make_named(sql)
        with self._telling_what_is_gone():
            return self.connection.sql(sql, params=parameters)

    def execute(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Run a query at once; relations that it names are made first.

        Raises:
            PrunedError: It asks for a snapshot that was thinned out.
            WarehouseError: It asks for a table that is damaged.
        """
        self._make_named(sql)
        with self._telling_what_is_gone():
            return self.connection.execute(sql, dict(parameters) if parameters else None)

    def make_first(self) -> PrunedError | None:
        """Make this run's tables and the histories; return why its snapshot is gone, if it is.

        Raises:
            WarehouseError: A file of theirs is missing or damaged.
        """
        first = (*TABLES, *(f"{table}_history" for table in HISTORY))
        self._make_named(" ".join(first))
        pruned = None
        for error in (self._gone[name] for name in first if name in self._gone):
            if not isinstance(error, PrunedError):
                raise error
            pruned = error
        return pruned

    def _make_named(self, sql: str) -> None:
        for name in dict.fromkeys(_NAME.findall(sql)):  # a column may have a table's name
            if name in _measure_words() and "measures" not in self._made:
                self._made.add("measures")
                self._make_measures()
            elif name in self._queries and name not in self._made:
                self._made.add(name)
                self._make(name)

    def _make_measures(self) -> None:
        """Define the measures; they need a relation of every name that they read, then the rows."""
        self._make("runs")
        views.view(self.connection, "repositories", views.parquet_rows("repositories", [], ""))
        prepare_measures(self.connection, owners=False)
        self.connection.execute("DROP VIEW repositories")
        self._made.discard("repositories")
        for name in (*(f"{table}_history" for table in MEASURED), "repository_owners"):
            self._make(name)
            self._made.add(name)

    def _make(self, name: str) -> None:
        try:
            query = self._queries[name]()
            self._make_named(query)
            with self._telling_what_is_gone():
                views.view(self.connection, name, query)
        except (PrunedError, WarehouseError) as error:  # told where the name is really read
            self._gone[name] = error

    @contextmanager
    def _telling_what_is_gone(self) -> Iterator[None]:
        try:
            yield
        except duckdb.CatalogException as error:
            missing = _MISSING.search(str(error))
            if missing and missing[1] in self._gone:
                raise self._gone[missing[1]] from error
            raise

    def _kept(self) -> list[str]:
        """Return the runs known to this one whose snapshots were not thinned out."""
        pruned = read_pruned(self._layout).runs
        return [run for run in self.known.run_ids if run not in pruned]

    def _definitions(self) -> Mapping[str, Callable[[], str]]:
        layout, previous = self._layout, self.earlier.newest
        found: dict[str, Callable[[], str]] = {}
        for table in TABLES:
            found[table] = partial(views.partition_rows, layout, table, self.run_id)
            found[f"previous_{table}"] = partial(views.partition_rows, layout, table, previous)
        for table in HISTORY:
            found[f"{table}_history"] = partial(history_of, layout, table, self.known)
        for table in SNAPSHOTS:
            found[f"{table}_snapshots"] = partial(self._snapshots, table)
        for table in FLAT:
            found[f"flat_{table}"] = partial(_sql, f"flat_{table}")
        for name in WEAKNESSES:
            found[name] = partial(_sql, name)
        for name, query in opinion_views().items():
            found[name] = partial(str, query)
        return found | {
            "all_runs": lambda: "SELECT * FROM runs_history",
            "exposures_now": partial(exposures_as_of, layout, self.known),
            "exposures_before": partial(exposures_as_of, layout, self.earlier),
            "repository_owners": self._owners,
            "exposure_changes": lambda: "SELECT * FROM exposures",
        }

    def _owners(self) -> str:
        """Return who answers for each repository; of a pruned run nobody knows any more."""
        kept = self.run_id if self.run_id in self._kept() else None
        rows = views.partition_rows(self._layout, "repositories", kept)
        return f"SELECT provider, registry_id, repository, owner FROM ({rows})"  # noqa: S608

    def _snapshots(self, table: str) -> str:
        return views.history_rows(self._layout, table, self._kept())


def measure_names() -> tuple[str, ...]:
    """Return the names of the measures over time."""
    return tuple(name for kind, name in _defined() if kind == "VIEW")


@cache
def _measure_words() -> frozenset[str]:
    """Return every name that only the measures bring: their macros and the deadlines too."""
    return frozenset(("deadline_profile", *(name for _, name in _defined())))


@cache
def _defined() -> tuple[tuple[str, str], ...]:
    """Return what the measures define, as (``VIEW`` or ``MACRO``, name)."""
    folder = files("audit.judge.measures")
    text = "\n".join(folder.joinpath(name).read_text("utf-8") for name in measure_files())
    return tuple(_MEASURE.findall(text))


def _sql(name: str) -> str:
    return files("audit.store").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
