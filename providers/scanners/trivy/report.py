"""Trivy's report about an SBOM: rows, and whether it was a look at the image. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports import ImportOrder, Judgement, RunContext
from providers.files.fields import Record
from providers.files.rows import Rows
from providers.files.subject import not_an_image
from providers.files.trivy_statements import SOURCE, TrivyStatements, judged, suppressed
from providers.scanners.written import reading_report

_NO_DATA = (
    (re.compile(r'not on the EOL list\s+family="?([^"\s]+)"?\s+version="?([^"\s]+)'), "{} {}"),
    (re.compile(r'Unsupported os\s+family="?([^"\s]+)'), "{}"),
)
"""Trivy says so beside a report that then holds no statement: as if there were none to make."""


def read(
    content: bytes,
    context: RunContext,
    take: Callable[[Columns], None],
    *,
    words: str = "",
    unread: str = "",
) -> Judgement:
    """Hand over the rows of a report and say what it is worth.

    Args:
        content: Trivy's JSON.
        context: Of the run.
        take: Is handed the rows.
        words: What Trivy said meanwhile, on standard error.
        unread: Operating system that the SBOM lists no package of: Trivy reports on it as if it
            were clean.

    Raises:
        ScanError: It is no report of Trivy's.
    """
    with reading_report("Trivy"):
        return _read(Record(orjson.loads(content)), context, take, _blind(words, unread))


def _blind(words: str, unread: str) -> str:
    """Say why nothing is known of the operating system's packages, where that is so."""
    for pattern, shown in _NO_DATA:
        if found := pattern.search(words):
            system = shown.format(*found.groups())
            return f"Trivy has no data for its operating system, {system}"
    return f"no package of its operating system, {unread}, could be read" if unread else ""


def _read(
    report: Record, context: RunContext, take: Callable[[Columns], None], blind: str
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
    if blind:
        state, note = State.UNSUPPORTED, blind
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
