"""What a run is going to publish, as far as its staged rows tell: for the scanners to plan by."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from audit.store.assembly import Assembly
from audit.store.commit import Commit, inputs_of
from audit.store.layout import Layout
from audit.store.sboms import SBOM_LOST, StoredSbom
from audit.store.sboms_pruned import view_kept


@dataclass(frozen=True)
class Place:
    """A repository that an image lies in.

    Attributes:
        scope_id: The inventory scope that lists it.
        answered: Whether an earlier answer of the scanner about the image there holds without a
            new one, being assessed and within the evidence window.
    """

    provider: str
    registry_id: str
    repository: str
    account: str
    region: str
    scope_id: str
    answered: bool = False


@dataclass(frozen=True)
class Candidate:
    """A current image.

    Attributes:
        size_bytes: Compressed size; None where it is not told.
        looked_at: Whether a source that is no scanner of ours assessed it, everywhere it lies.
        sbom: What the scanner wrote of it before; None where that was found to be lost.
        database_used: Date of the newest database that the scanner had in an earlier run.
    """

    digest: str
    places: tuple[Place, ...]
    size_bytes: int | None
    looked_at: bool
    sbom: StoredSbom | None
    database_used: datetime | None = None


def candidates(
    layout: Layout, commit: Commit, scanner: str, own: Collection[str]
) -> list[Candidate]:
    """Return every current image that ``scanner`` could look at, the most exposed first.

    Args:
        layout: Where the run is staged.
        commit: What it is going to be published with.
        scanner: The scanner's name.
        own: All scanners of our own: what one of them assessed, another still looks at.
    """
    assembly = Assembly(layout, inputs_of(commit), commit.memory)
    with closing(assembly.con) as con:
        assembly.look_ahead()
        earlier = commit.ledger.before(commit.run_id)
        view_kept(con, layout, earlier.run_ids)
        query = files("audit.store").joinpath("sql", "wanted.sql").read_text(encoding="utf-8")
        told = con.sql(
            query, params={"scanner": scanner, "own": [*own], "lost": SBOM_LOST}
        ).to_arrow_table()
    return [_candidate(row) for row in told.to_pylist()]


def _candidate(row: dict[str, Any]) -> Candidate:
    held = row["path"] is not None
    names = ("path", "sha256", "tool_version")
    told = {"asked_for": frozenset(row["asked_for"] or ()), "run_id": row["looked_run_id"]}
    sbom = StoredSbom(*(row[name] for name in names), **told) if held else None
    places = tuple(Place(**one) for one in row["places"])
    return Candidate(
        row["digest"],
        places,
        row["size_bytes"],
        row["looked_at"],
        sbom,
        database_used=row["database_used"],
    )
