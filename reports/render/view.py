"""Rows of a figure made ready to be shown: labels, cells and counts in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Any

from reports.columns import COLUMNS, Col
from reports.figures import Figure, Posture, Row
from reports.render import text
from reports.render.text import Words

Value = str | int | float | datetime | None

_TONES = {
    "FAIL": "bad",
    "UNKNOWN": "unsure",
    "denied": "bad",
    "failed": "bad",
    "partial": "unsure",
    "nothing": "unsure",
}


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: As a reader sees it.
        value: As a spreadsheet keeps it: a number stays a number; a share of nothing is text.
        kind: The column's kind.
    """

    text: str
    value: Value
    kind: str


def cell(words: Words, col: Col, row: Row) -> Cell:
    """Read one cell of ``row``; text of others is made visible."""
    value = row[col.key]
    if col.kind == "share":
        whole = row[col.of]
        part = text.percent(value, whole) if whole else None
        if part is None:
            return _said(words(col.empty), col)
        return Cell(words.share(value, whole), round(part / 100, 3), col.kind)
    if col.kind == "word":
        return _said(words.word(col.vocabulary, value), col)
    if value is None or value == "":
        return Cell(words("format.none"), None, col.kind)
    return _plain(words, col, value)


def _said(said: str, col: Col) -> Cell:
    return Cell(said, said, col.kind)


def _plain(words: Words, col: Col, value: Any) -> Cell:  # noqa: ANN401  any value a query gives
    if col.kind == "flag":
        return _said(words("format.yes" if value else "format.no"), col)
    if col.kind == "reason":
        return _said(words.reason(value), col)
    if col.kind in {"count", "moment", "date", "days", "ratio"}:
        return Cell(*_number(words, col.kind, value), col.kind)
    return _said(text.prose(value) if col.kind == "prose" else text.visible(value), col)


def _number(words: Words, kind: str, value: Any) -> tuple[str, Value]:  # noqa: ANN401  of a query
    if kind == "count":
        return text.number(value), int(value)
    if kind == "moment":
        return text.day(value), value.astimezone(UTC).replace(tzinfo=None)
    if kind == "date":
        return value.isoformat(), datetime.combine(value, time())
    return (f"{value:,.1f}" if kind == "days" else words.ratio(value)), float(value)


@dataclass(frozen=True)
class TableView:
    """A table of the page.

    Attributes:
        anchor: Id of the table in the page.
        note: What a reader must know of it; empty when the title says all.
        empty: What is said in place of a table without rows.
        heads: Label and kind of each column.
        rows: Cells, and the tone of the row (total, bad, unsure or nothing).
        counted: How many rows are shown of how many; empty when the table is whole and short.
    """

    anchor: str
    title: str
    note: str
    empty: str
    heads: tuple[Cell, ...]
    rows: tuple[tuple[tuple[Cell, ...], str], ...]
    counted: str


def table(
    words: Words, name: str, figure: Figure, columns: Mapping[str, Sequence[Col]] = COLUMNS
) -> TableView:
    """Make the table ``name`` (a key of ``columns``) of a figure's rows."""
    cols = columns[name]
    return TableView(
        anchor=name.replace("_", "-"),
        title=words(f"table.{name}.title"),
        note=words(f"table.{name}.note"),
        empty=words(f"table.{name}.empty"),
        heads=tuple(Cell(words(col.label), None, col.kind) for col in cols),
        rows=tuple(
            (tuple(cell(words, col, row) for col in cols), tone(row)) for row in figure.rows
        ),
        counted=_counted(words, figure),
    )


def change_table(words: Words, change: str, figure: Figure) -> TableView:
    """Make the table of one kind of change."""
    title = words(f"change_title.{change}")
    anchor = f"changes-{change.replace('_', '-')}"
    return replace(table(words, "changes", figure), anchor=anchor, title=title)


def _counted(words: Words, figure: Figure) -> str:
    shown, total = len(figure.rows), text.number(figure.total)
    if figure.total > shown:
        return words("format.cut", shown=text.number(shown), total=total)
    return words("format.rows", total=total) if figure.query.is_listing and shown else ""


def tone(row: Mapping[str, Any]) -> str:
    """Say how a row stands out: a total, a failure, a doubt, or not at all."""
    cuts = [key for key in ("provider", "fixable") if key in row] or ["severity"]
    if any(row.get(key, "") is None for key in cuts):
        return "total"
    return next((_TONES[v] for k in ("outcome", "status") if (v := row.get(k)) in _TONES), "")


@dataclass(frozen=True)
class Gap:
    """A line of the box on coverage; ``open`` says that something was not looked at."""

    text: str
    open: bool


def gaps(words: Words, posture: Posture) -> tuple[Gap, ...]:
    """Return what the report does not cover, a line for each kind of gap, also those of 0.

    Where there was nothing to look at, the line says so instead of claiming that all was seen.
    """
    totals, share = posture.totals, posture.share
    return tuple(
        _gap(words, key, some, whole)
        for key, some, whole in (
            ("scopes", totals.scopes_incomplete, totals.scopes),
            ("scopes_blank", totals.scopes_blank, totals.scopes_listing),
            ("not_assessed", share.not_assessed, share.assessable),
            ("repositories", totals.repositories_incomplete, totals.repositories),
            ("carried", totals.carried, totals.placements),
            ("inferred", share.inferred, share.assessable),
            ("kind_unread", totals.kind_unread, totals.placements),
            ("controls", totals.controls_unknown, totals.controls),
        )
        if whole or f"coverage.{key}_zero" in words.texts
    )


def _gap(words: Words, key: str, some: int, whole: int) -> Gap:
    if not whole:
        return Gap(words(f"coverage.{key}_zero"), open=True)
    name = f"coverage.{key}" if some else f"coverage.{key}_none"
    return Gap(words(name, some=text.number(some), all=text.number(whole)), open=bool(some))


def moments(rows: Iterable[Row], key: str) -> list[datetime]:
    """Return the moments of a column, those not given left out."""
    return [row[key] for row in rows if row[key] is not None]
