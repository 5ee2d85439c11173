"""Every figure of the posture report: the queries run once, their answers frozen.

Both renderings (page and workbook) are made from one :class:`Posture`, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from audit.errors import WarehouseError
from audit.ports import RunReader
from reports import queries

Row = Mapping[str, Any]

LISTED = 100
"""Rows of a listing kept for the page; the workbook reads the whole."""

WORST = 15

CHANGES = (
    *("new", "reopened", "fixed", "removed", "withdrawn", "not_affected", "merged"),
    "unconfirmed",
)
"""Kinds of change that move or question the number of open exposures, in the page's order."""

_PAGE = 20_000
FIGURES = (
    *(
        "run",
        "totals",
        "evidence_dates",
        "scopes_summary",
        "scopes_incomplete",
        "not_assessed",
        "inferred",
    ),
    *("repositories_incomplete", "carried_forward", "share", "share_by_source", "states"),
    *("exposures_by_cloud", "exposures_open", "waivers", "opinions_basis", "opinions"),
    *("opinions_severity", "opinions_alone", "opinions_listed", "statements_by_source"),
    *(
        "own_scans",
        "own_scans_left",
        "weaknesses",
        "weaknesses_listed",
        "kinds",
        "repositories_worst",
    ),
    *("repositories_unassessed", "controls", "controls_failed", "controls_unknown", "flow"),
    "changes_by_reason",
)
"""Figures that are asked for once and kept, in the order of the appendix."""

LISTINGS = ("changes", "scopes", "exposures", "repositories", "control_results")
"""Listings of which the page shows a part or none and the workbook all."""


@dataclass(frozen=True)
class Figure:
    """The answer to one query.

    Attributes:
        query: What was asked.
        rows: The rows kept, in the query's order.
        total: How many rows there are; more than ``rows`` where a listing is cut.
    """

    query: queries.Query
    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True)
class RunFacts:
    """What is printed about the run itself; None where it was not recorded."""

    run_id: str
    started_at: datetime
    finished_at: datetime | None
    command: str | None
    outcome: str | None
    tool_version: str | None
    config_sha256: str | None
    policy: str | None
    judged_from: str | None
    manifest_sha256: str | None
    previous_run_id: str | None
    previous_started_at: datetime | None
    previous_manifest_sha256: str | None
    kev_as_of: datetime | None
    epss_as_of: datetime | None
    trivy_db_updated_at: datetime | None


@dataclass(frozen=True)
class Totals:
    """Whole numbers of the run: counts of rows; see ``queries/totals.sql``."""

    scopes: int
    scopes_incomplete: int
    scopes_listing: int
    scopes_blank: int
    placements: int
    carried: int
    kind_unread: int
    repositories: int
    repositories_incomplete: int
    controls: int
    controls_failed: int
    controls_unknown: int


@dataclass(frozen=True)
class Share:
    """How many assessable placements there are and what became of them."""

    assessable: int
    assessed: int
    assessed_earlier: int
    inferred: int
    not_assessed: int


@dataclass(frozen=True)
class Flow:
    """How the number of open exposures came about; ``balances`` says whether it adds up."""

    open_before: int
    opened: int
    reopened: int
    fixed: int
    removed: int
    withdrawn: int
    not_affected: int
    merged: int
    open_now: int
    unconfirmed_now: int
    waived_now: int
    newly_unconfirmed: int
    balances: bool


@dataclass(frozen=True)
class Posture:
    """All figures of one run.

    Attributes:
        share: Over all clouds; by cloud it is ``figures["share"]``.
        flow: Over all clouds; by cloud it is ``figures["flow"]``.
        figures: Each figure by the name of its query.
        changes: The rows of each kind of change in ``CHANGES``.
    """

    run: RunFacts
    totals: Totals
    share: Share
    flow: Flow
    figures: Mapping[str, Figure]
    changes: Mapping[str, Figure]

    @property
    def first(self) -> bool:
        """Whether there is no earlier run to compare with."""
        return self.run.previous_run_id is None


_Facts = TypeVar("_Facts", RunFacts, Totals, Share, Flow)


def facts_of(kind: type[_Facts], row: Row) -> _Facts:
    """Make a record of one row, which holds a column of each field."""
    return kind(**{field.name: row[field.name] for field in fields(kind)})


@lru_cache(maxsize=1)  # all files of a run tell the same figures: they are asked for once
def collect(run: RunReader) -> Posture:
    """Run every query of the posture report over ``run``.

    Raises:
        WarehouseError: The run has no row in ``runs``: it was never published.
    """
    figures = {name: _ask(run, name) for name in FIGURES}
    if not figures["run"].rows:
        raise WarehouseError(f"run {run.run_id} has no row in the table runs")
    return Posture(
        run=facts_of(RunFacts, figures["run"].rows[0]),
        totals=facts_of(Totals, figures["totals"].rows[0]),
        share=facts_of(Share, figures["share"].rows[0]),
        flow=facts_of(Flow, figures["flow"].rows[0]),
        figures=figures,
        changes={change: _ask(run, "changes", change=change) for change in CHANGES},
    )


def _ask(run: RunReader, name: str, **parameters: object) -> Figure:
    query = queries.load(name)
    if query.is_listing:
        limit = WORST if name == "repositories_worst" else LISTED
        parameters |= {"limit": limit, "offset": 0}
    rows = tuple(run.rows(query.sql, parameters or None))
    total = rows[0]["total"] if rows and query.is_listing else len(rows)
    return Figure(query, rows, total)


def stream(run: RunReader, name: str, **parameters: object) -> Iterator[Row]:
    """Give every row of a listing, page by page, so that memory does not grow with the estate."""
    query, offset = queries.load(name), 0
    while True:
        page = run.rows(query.sql, {**parameters, "limit": _PAGE, "offset": offset})
        yield from page
        if len(page) < _PAGE:
            return
        offset += _PAGE
