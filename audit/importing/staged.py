"""Stages the rows of one report as they are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.errors import ReportFileError
from audit.importing.looks import Judged, Look, judgements
from audit.ports import ImportedReport
from audit.store.staging import TaskStaging, discard


@dataclass(frozen=True)
class Staged:
    """What was staged of a report: its looks with their times, and how many findings."""

    judged: Mapping[Judged, Look]
    statements: int


def stage(report: ImportedReport, folder: Path, scope_id: str) -> Staged:
    """Read a report to its end and stage its rows below a folder.

    Raises:
        ReportFileError: The report breaks its promises; nothing of it stays staged.
    """
    judged: dict[Judged, Look] = {}
    statements = 0
    try:
        with _no_search_for_cycles(), TaskStaging(folder, scope_id) as sink:
            for block in report.blocks:
                if block.table == "assessments":
                    judged.update(judgements(block))
                statements += block.rows if block.table == "findings" else 0
                sink.write(block)
    except ReportFileError:
        discard(folder, scope_id)
        raise
    return Staged(judged, statements)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Keep Python from searching for cycles of objects.

    A parser makes hundreds of objects a finding and no cycle: what is done with is freed at once,
    and the searches take as long as the parsing.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
