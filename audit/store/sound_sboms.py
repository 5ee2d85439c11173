"""Whether every SBOM that was kept is there and is what was kept."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from audit.errors import WarehouseError
from audit.store import views
from audit.store.faults import Findings
from audit.store.layout import Layout
from audit.store.sboms import SbomStore, StoredSbom

_CURE = "restore it from a backup; without one its image has to be pulled again"


def check_sboms(layout: Layout, run_ids: Sequence[str], found: Findings) -> None:
    """Check the SBOMs that any run names against their hashes."""
    with closing(views.connect()) as con, tempfile.TemporaryDirectory() as folder:
        rows = views.history_rows(layout, "sboms", run_ids)
        listed = con.execute(
            f"SELECT DISTINCT path, sha256, tool_version FROM ({rows}) ORDER BY ALL"  # noqa: S608  our own query
        ).fetchall()
        store = SbomStore(layout, Path(folder))
        for path, sha256, version in listed:
            try:
                with store.opened(StoredSbom(path, sha256, version)):
                    found.counts["SBOMs"] += 1
            except WarehouseError as error:
                found.fault(path, str(error), _CURE)
