"""The chain of manifests: each run names the hash of the one published before it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

import orjson

from audit.errors import WarehouseError
from audit.store import views
from audit.store.layout import Layout


class Link(NamedTuple):
    """One published run as the table ``runs`` tells it."""

    run_id: str
    command: str
    outcome: str
    manifest_sha256: str
    previous_manifest_sha256: str | None
    schema_versions: str


def links_of(layout: Layout, run_ids: Sequence[str]) -> list[Link]:
    """Return what the table ``runs`` tells of some published runs, in no order."""
    rows = views.partitions_rows(layout, "runs", run_ids)
    with closing(views.connect()) as con:
        query = f"SELECT {', '.join(Link._fields)} FROM ({rows})"  # noqa: S608  our own query
        return [Link(*row) for row in con.execute(query).fetchall()]


def chain_of(layout: Layout, run_ids: Sequence[str]) -> list[Link]:
    """Return the published runs in the order of their publication.

    Raises:
        WarehouseError: They are no chain: a run is missing, doubled, or not one of its own.
    """
    links = links_of(layout, run_ids)
    after = {link.previous_manifest_sha256: link for link in links}
    ordered: list[Link] = []
    here: str | None = None
    while here in after:
        ordered.append(after.pop(here))
        here = ordered[-1].manifest_sha256
    lost = sorted({link.run_id for link in links} - {link.run_id for link in ordered})
    if lost or len(ordered) != len(run_ids):
        names = ", ".join(lost or sorted(set(run_ids) - {link.run_id for link in ordered}))
        raise WarehouseError(
            f"the chain of runs is broken at {names}: the run published before is not the one it "
            "names; restore the missing run from a backup"
        )
    return ordered


def manifest_files(layout: Layout, run_id: str) -> list[dict[str, object]]:
    """Return the files that a run published: ``path``, ``rows``, ``sha256`` and ``bytes`` of each.

    Raises:
        WarehouseError: The manifest is missing or no manifest.
    """
    path = layout.manifest(run_id)
    try:
        told = orjson.loads(layout.files.read(path))
        return list(told["files"])
    except (FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise WarehouseError(f"{path} is missing or damaged; restore it from a backup") from error
