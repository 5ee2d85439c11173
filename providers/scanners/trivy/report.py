"""Trivy's report about an SBOM: rows, and whether it was a look at the image. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports import ImportOrder, Judgement, RunContext, ScanError
from providers.files.fields import Record
from providers.files.rows import Rows
from providers.files.subject import not_an_image
from providers.files.trivy_statements import SOURCE, TrivyStatements, judged, suppressed

_NO_DATA = (
    (re.compile(r'not on the EOL list\s+family="?([^"\s]+)"?\s+version="?([^"\s]+)'), "{} {}"),
    (re.compile(r'Unsupported os\s+family="?([^"\s]+)'), "{}"),
)
"""Trivy says so beside a report that then holds no statement: as if there were none to make."""


def read(
    content: bytes, context: RunContext, take: Callable[[Columns], None], *, words: str = ""
) -> Judgement:
    """Hand over the rows of a report and say what it is worth.

    Args:
        content: Trivy's JSON.
        context: Of the run.
        take: Is handed the rows.
        words: What Trivy said meanwhile, on standard error.

    Raises:
        ScanError: It is no report of Trivy's.
    """
    try:
        return _read(Record(orjson.loads(content)), context, take, _no_data(words))
    except (orjson.JSONDecodeError, ReportFileError) as error:
        raise ScanError(
            f"Trivy wrote a report that cannot be read: {error}", code="ReportUnreadable"
        ) from error


def _no_data(words: str) -> str:
    """Return the operating system that Trivy has no data for, if it says so."""
    for pattern, shown in _NO_DATA:
        if found := pattern.search(words):
            return shown.format(*found.groups())
    return ""


def _read(
    report: Record, context: RunContext, take: Callable[[Columns], None], no_data: str
) -> Judgement:
    rows = Rows(ImportOrder(context, ""))
    image = rows.image(not_an_image(""), SOURCE)
    rows.only(image)
    statements = TrivyStatements(rows, fingerprints=False)
    results = report.records("Results")
    for result in results:
        for finding in result.records("Vulnerabilities"):
            statements.add(image, result, finding)
    for block in rows.flushed():
        take(block)
    system = report.record("Metadata").record("OS")
    ended, family = system.flag("EOSL"), system.text("Family")
    state, note = judged(results, family=family, stated=image.statements > 0)
    if no_data:
        state, note = State.UNSUPPORTED, f"Trivy has no data for its operating system, {no_data}"
    left_out = suppressed(results)
    notes = (
        note,
        "its operating system is past its end of service life" if ended else "",
        f"{left_out} statements suppressed by the scanner are left out" if left_out else "",
    )
    looked = state is State.ASSESSED
    return Judgement(
        state,
        "; ".join(filter(None, notes)),
        "EOSL" if ended else None,
        image.content_hash if looked else None,
    )
