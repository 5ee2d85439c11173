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
from audit.store.sboms_pruned import read_pruned_sboms, view_kept

_CURE = (
    "restore it from a backup; without one its image is pulled again, in the run after the one "
    "that finds it lost"
)
_FINISH = "registry-audit prune --yes"


def check_sboms(layout: Layout, run_ids: Sequence[str], found: Findings) -> None:
    """Check against their hashes the SBOMs that any run names and that were not thinned out."""
    with closing(views.connect()) as con, tempfile.TemporaryDirectory() as folder:
        view_kept(con, layout, run_ids)
        listed = con.execute(
            "SELECT DISTINCT path, sha256, tool_version FROM sboms_kept ORDER BY ALL"
        ).fetchall()
        store = SbomStore(layout, Path(folder))
        for path, sha256, version in listed:
            try:
                with store.opened(StoredSbom(path, sha256, version), anew=True):
                    found.counts["SBOMs"] += 1
            except WarehouseError as error:
                found.fault(path, str(error), _CURE)
    named = {sha256 for _, sha256, _ in listed}
    pruned = read_pruned_sboms(layout)
    if pruned.upto:
        found.counts["SBOMs that were thinned out"] = len(pruned.upto.keys() - named)
    for sha256 in sorted({*pruned.pending} - named):
        found.fault(layout.sbom(sha256), "may be left over from a pruning that died", _FINISH)
