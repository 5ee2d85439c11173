"""The posture report as a workbook: one table a sheet, nothing in it computes or links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from audit.ports import RunReader
from reports import figures
from reports.columns import COLUMNS, Col
from reports.figures import FIGURES, LISTINGS, Posture
from reports.render import facts, text, view
from reports.render.text import Words
from reports.render.view import Cell

LONGEST_TEXT = 32_767
MOST_ROWS = 1_048_576
"""Limits of the format: characters of a cell, rows of a sheet with its heading."""

_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "constant_memory": True,
    "use_zip64": True,
}
_FORMATS = {
    "count": "#,##0",
    "share": "0.0%",
    "moment": "yyyy-mm-dd hh:mm",
    "date": "yyyy-mm-dd",
    "days": "#,##0.0",
    "ratio": "0.0%",
}
_WIDTHS = {"name": 26, "id": 20, "prose": 48, "word": 20, "reason": 34, "moment": 17, "share": 14}
_SHEETS = (
    *("scopes", "share", "share_by_source", "states", "exposures_open", "exposures", "waivers"),
    *("opinions", "opinions_severity", "opinions_alone", "opinions_listed"),
    *("statements_by_source", "own_scans", "own_scans_left", "weaknesses"),
    *("weaknesses_listed", "kinds"),
    *("flow", "changes_by_reason", "changes_all", "repositories", "controls"),
    *("control_results", "evidence_dates"),
)
_GAPS = (
    *("scopes_incomplete", "not_assessed", "repositories_incomplete", "carried_forward"),
    *("inferred", "controls_unknown"),
)

Line = Sequence[Cell]


class Book:
    """A workbook being written.

    Args:
        path: Where to; the file exists and keeps its mode.
        moment: The run's moment, set as the time of creation so that bytes hold still.
        words: The language.
        title: What the workbook is.
        folder: Where rows wait until the file is written; nobody else may read it.
        most_rows: Rows of a sheet, heading included; what is more goes to a further sheet.
    """

    def __init__(
        self,
        path: Path,
        moment: datetime,
        words: Words,
        title: str,
        *,
        folder: str,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._book = xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": folder})
        created = moment.astimezone(UTC).replace(tzinfo=None)
        self._book.set_properties(
            {
                "title": title,
                "comments": words("page.classification"),
                "created": created,
            }
        )
        self._words, self._most = words, most_rows
        self._head = self._book.add_format({"bold": True, "text_wrap": True, "bottom": 2})
        self._formats = {
            kind: self._book.add_format({"num_format": pattern, "valign": "top"})
            for kind, pattern in _FORMATS.items()
        }
        self._text = self._book.add_format({"num_format": "@", "valign": "top"})
        self._formats["prose"] = self._book.add_format({"valign": "top", "text_wrap": True})

    def sheet(self, name: str, heads: Line, lines: Iterable[Line]) -> None:
        """Write one table; beyond the row limit it goes on in ``name 2``, ``name 3``, ..."""
        rest, part = iter(lines), 1
        first = next(rest, None)
        while part == 1 or first is not None:
            title = name if part == 1 else f"{name} {part}"
            sheet = self._open(title, heads)
            written = self._fill(sheet, chain([first] if first is not None else [], rest))
            sheet.autofilter(0, 0, max(written, 1), len(heads) - 1)
            first, part = next(rest, None), part + 1

    def _open(self, title: str, heads: Line) -> Worksheet:
        sheet = self._book.add_worksheet(title)
        for column, head in enumerate(heads):
            sheet.set_column(column, column, _WIDTHS.get(head.kind, 13))
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        footer = f"&L{self._words('page.classification')}&R&P / &N"
        sheet.set_footer(footer)
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head.text, self._head)
        return sheet

    def _fill(self, sheet: Worksheet, lines: Iterator[Line]) -> int:
        row = 0
        for row in range(1, self._most):
            line = next(lines, None)
            if line is None:
                return row - 1
            for column, cell in enumerate(line):
                self._write(sheet, row, column, cell)
        return row

    def _write(self, sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
        form: Format = self._formats.get(cell.kind, self._text)
        if isinstance(cell.value, datetime):
            sheet.write_datetime(row, column, cell.value, form)
        elif isinstance(cell.value, int | float):
            sheet.write_number(row, column, cell.value, form)
        elif cell.value is not None:
            sheet.write_string(row, column, cut(self._words, cell.value), form)

    def close(self) -> None:
        """Write the file."""
        self._book.close()


def cut(words: Words, whole: str, limit: int = LONGEST_TEXT) -> str:
    """Cut a text that no cell can hold and say so at its end."""
    if len(whole) <= limit:
        return whole
    mark = words("format.truncated", limit=text.number(limit))
    return whole[: limit - len(mark)] + mark


def heads(words: Words, cols: Iterable[Col]) -> list[Cell]:
    """Return the heading of a table."""
    return [Cell(words(col.label), None, col.kind) for col in cols]


def said(*texts: str) -> list[Cell]:
    """Return a line of sentences."""
    return [Cell(said, said, "prose") for said in texts]


def labels(words: Words, *keys: str) -> list[Cell]:
    """Return a heading of named columns."""
    return [Cell(words(f"column.{key}"), None, "prose") for key in keys]


def _rows(run: RunReader, posture: Posture, name: str) -> Iterable[figures.Row]:
    if name == "changes_all":
        return figures.stream(run, "changes", change=None)
    if name in posture.figures and not posture.figures[name].query.is_listing:
        return posture.figures[name].rows
    return figures.stream(run, name)


def _summary(words: Words, posture: Posture) -> Iterator[Line]:
    for label, fact in facts.header(words, posture.run, posture.figures["evidence_dates"].rows):
        yield said(label, fact)
    for tile in facts.tiles(words, posture):
        yield said(tile.label, f"{tile.value} / {tile.beside}")
    coverage = words("section.coverage")
    for gap in view.gaps(words, posture):
        yield said(coverage, gap.text)
    yield said(coverage, words("coverage.always"))
    yield said(words("section.exposures"), facts.caution(words, posture))
    for sentence in facts.opinions(words, posture):
        yield said(words("section.opinions"), sentence)
    for sentence in facts.changes(words, posture):
        yield said(words("section.changes"), sentence)


def _not_covered(run: RunReader, words: Words, posture: Posture) -> Iterator[Line]:
    """Give each kind of gap as a sentence, then every gap: what, how many, what is known of it."""
    told = [gap.text for gap in view.gaps(words, posture) if gap.open]
    for sentence in told or [words("coverage.nothing")]:
        yield [*said(words("section.coverage"), ""), Cell("", None, "count"), *said(sentence)]
    for name in _GAPS:
        cols = COLUMNS[name]
        for row in figures.stream(run, name):
            count = Cell("", row.get("placements", 1), "count")
            known = (
                f"{words(col.label)}: {view.cell(words, col, row).text}"
                for col in cols
                if col.key != "provider" and row[col.key] not in (None, "")
            )
            area, cloud = words(f"area.{name}"), words.word("provider", row["provider"])
            yield [*said(area, cloud), count, *said("\n".join(known))]


def write(path: Path, words: Words, posture: Posture, run: RunReader) -> None:
    """Write the workbook of ``run`` to ``path``, an existing file whose mode is kept."""
    with TemporaryDirectory() as folder:
        book = Book(path, posture.run.started_at, words, words("page.title"), folder=folder)
        _sheets(book, words, posture, run)
        book.close()


def _sheets(book: Book, words: Words, posture: Posture, run: RunReader) -> None:
    def sheet(name: str, heads: Line, lines: Iterable[Line]) -> None:
        book.sheet(words(f"sheet.{name}"), heads, lines)

    sheet("summary", labels(words, "item", "value"), _summary(words, posture))
    sheet(
        "not_covered",
        labels(words, "area", "provider", "count", "known"),
        _not_covered(run, words, posture),
    )
    for name in _SHEETS:
        rows = _rows(run, posture, name)
        lines = ([view.cell(words, col, row) for col in COLUMNS[name]] for row in rows)
        sheet(name, heads(words, COLUMNS[name]), lines)
    told = (
        said(s.title, s.denominator, s.sql) for s in facts.sources(words, (*FIGURES, *LISTINGS))
    )
    sheet("figures", labels(words, "figure", "denominator", "sql"), told)
