"""The trend report as a workbook: one table a sheet, every row, nothing in it computes or links."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from reports.render import facts, view, xlsx
from reports.render.text import Words
from reports.render.view import Cell
from reports.trend import said
from reports.trend.columns import TREND_COLUMNS
from reports.trend.figures import TREND, Trend


def write(path: Path, words: Words, trend: Trend) -> None:
    """Write the workbook to ``path``, an existing file whose mode is kept."""
    with TemporaryDirectory() as folder:
        book = xlsx.Book(path, trend.run.started_at, words, words("trend.title"), folder=folder)
        book.sheet(
            words("sheet.summary"), xlsx.labels(words, "item", "value"), _summary(words, trend)
        )
        for name in TREND:
            cols = TREND_COLUMNS[name]
            lines = ([view.cell(words, col, row) for col in cols] for row in trend.rows(name))
            book.sheet(words(f"sheet.{name}"), xlsx.heads(words, cols), lines)
        told = (xlsx.said(s.title, s.denominator, s.sql) for s in facts.sources(words, TREND))
        book.sheet(words("sheet.figures"), xlsx.labels(words, "figure", "denominator", "sql"), told)
        book.close()


def _summary(words: Words, trend: Trend) -> Iterator[list[Cell]]:
    for label, fact in facts.header(words, trend.run, trend.rows("evidence_dates")):
        yield xlsx.said(label, fact)
    for tile in said.tiles(words, trend):
        yield xlsx.said(tile.label, f"{tile.value} / {tile.beside}")
    for limit in (*said.limits(words, trend), said.coverage(words, trend)):
        yield xlsx.said(words("trend.limits"), limit)
    for line in said.profile(words, trend):
        yield xlsx.said(words("trend.deadlines"), line)
