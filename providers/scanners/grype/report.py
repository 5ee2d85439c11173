"""Grype's report about an SBOM of Syft's: rows, and whether it was a look at the image. Pure."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports import ImportOrder, Judgement, RunContext
from providers.files.fields import Record
from providers.files.grype import SOURCE, Matches
from providers.files.rows import Rows
from providers.files.subject import not_an_image
from providers.scanners.grype.sbom import Seen
from providers.scanners.written import reading_report


def read(
    content: bytes, context: RunContext, take: Callable[[Columns], None], seen: Seen
) -> Judgement:
    """Hand over the rows of a report and say what it is worth.

    Args:
        content: Grype's JSON.
        context: Of the run.
        take: Is handed the rows.
        seen: How much of the image its SBOM holds.

    Raises:
        ScanError: It is no report of Grype's.
    """
    with reading_report("Grype"):
        return _read(Record(orjson.loads(content)), context, take, seen)


def _read(
    report: Record, context: RunContext, take: Callable[[Columns], None], seen: Seen
) -> Judgement:
    report.needed_list("matches")
    rows = Rows(ImportOrder(context, ""))
    image = rows.image(not_an_image(""), SOURCE)
    rows.only(image)
    statements = Matches(rows, image, seen.layers)
    for match in report.records("matches"):
        statements.add(match)
    for block in rows.flushed():
        take(block)
    if seen.unread:
        return Judgement(State.UNSUPPORTED, seen.unread, None, None)
    left_out = len(report.records("ignoredMatches"))
    note = f"{left_out} statements suppressed by the scanner are left out" if left_out else ""
    told = "; ".join(filter(None, (seen.note, note)))
    return Judgement(State.ASSESSED, told, None, image.content_hash)
