"""Verdicts on images -> rows of the ``assessments`` table. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from audit.model.columns import Columns
from audit.model.enums import State
from providers.azure.names import PROVIDER, SOURCE
from providers.azure.placements import Place, Placements
from providers.azure.states import Circumstances, Evidence, judge

BLOCK = 10_000


def assessment_blocks(
    placements: Placements, evidence: Mapping[Place, Evidence], around: Circumstances, run_id: str
) -> Iterator[Columns]:
    """Yield the rows of every assessable image placed, in blocks."""
    block = _block(run_id)
    for place, pushed_at in placements.images():
        told = evidence.get(place)
        verdict = judge(told, pushed_at, around)
        stands = told is not None and told.earlier is not None
        block.append(
            **place._asdict(),
            state=str(verdict.state),
            reason=verdict.reason,
            native_status=(told.words or None) if told else None,
            basis="remembered" if stands and verdict.state is State.ASSESSED else "read",
            content_hash=told.content_hash if told else None,
        )
        if len(block) == BLOCK:
            yield block
            block = _block(run_id)
    yield block


def _block(run_id: str) -> Columns:
    """Return an empty block. Rows were seen to be missing one day and there the next."""
    where = {"provider": PROVIDER, "source": SOURCE, "observed_run_id": run_id}
    return Columns("assessments", **where, second_look=True)
