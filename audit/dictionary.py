"""Pages printed from what the code holds: the data dictionary and the analyst's questions.

``python -m audit.dictionary`` writes the text of docs/data-dictionary.md to standard output,
``python -m audit.dictionary questions`` that of docs/questions.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pyarrow as pa

from audit import questions
from audit.tables import RUN_ID, TABLES, Column, Table
from audit.tables.parts import CVSS, MOMENT, TEXTS

_HEAD = """\
# Data dictionary

Every table of the warehouse. This page is printed from `audit/tables` by
`python -m audit.dictionary`; change it there.

A table is a folder of Parquet files, one partition a run: `<table>/run_id=<run>/*.parquet`.
`run_id` is the name of the partition folder and no column of the files. Times are UTC in
microseconds. A null means "could not tell"; an empty list means "looked, and there is none".
"""

_QUESTIONS_HEAD = """\
# Questions

The questions that `warehouse.question(...)` answers. This page is printed from `audit/questions` by
`python -m audit.dictionary questions`; change it there.
"""

_WORDS: dict[pa.DataType, str] = {
    pa.string(): "text",
    pa.bool_(): "true or false",
    pa.int64(): "whole number",
    pa.float64(): "number",
    MOMENT: "time (UTC)",
    TEXTS: "list of text",
    CVSS: "list of (source, version, vector, score)",
}


def render_markdown() -> str:
    """Return the whole dictionary as Markdown: an overview, then one section a table."""
    return "\n".join([_HEAD, *_overview(), *(line for t in TABLES.values() for line in _table(t))])


def render_questions() -> str:
    """Return every question as Markdown: what it answers, takes, gives and reads, and its SQL."""
    asked = map(questions.load, questions.NAMES)
    return "\n".join([_QUESTIONS_HEAD, *(line for one in asked for line in _question(one))])


def _question(question: questions.Question) -> Iterator[str]:
    answers = question.answers[0].upper() + question.answers[1:]
    yield from (f"## {question.name}", "", f"**{question.title}** {answers}", "")
    if question.parameters:
        yield from ("| parameter | kind | default | meaning |", "| --- | --- | --- | --- |")
        for one in question.parameters:
            default = "must be given" if one.default is None else one.default
            yield f"| `{one.name}` | {one.kind} | {default} | {_cell(one.meaning)} |"
        yield ""
    yield from ("| column | meaning |", "| --- | --- |")
    yield from (f"| `{name}` | {_cell(text)} |" for name, text in question.columns.items())
    yield from ("", f"Reads {_names(question.tables)}.", "")
    body = re.sub(r"\A(?:--.*\n)+", "", question.sql)
    yield from ("```sql", body, "```", "")


def _overview() -> Iterator[str]:
    yield "| table | one row |"
    yield "| --- | --- |"
    for table in TABLES.values():
        yield f"| [{table.name}](#{table.name}) | {_cell(table.one_row)} |"
    yield ""


def _table(table: Table) -> Iterator[str]:
    yield f"## {table.name}"
    yield ""
    yield table.one_row
    yield ""
    yield f"Key: {_names(table.key)}. Version {table.version}."
    if table.sort_by:
        yield f"Sorted by {_names(table.sort_by)}."
    yield ""
    yield "| column | type | meaning |"
    yield "| --- | --- | --- |"
    yield from (_row(column) for column in (RUN_ID, *table.columns))
    yield ""


def _row(column: Column) -> str:
    return f"| `{column.name}` | {_WORDS[column.type]} | {_cell(column.description)} |"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render_questions() if "questions" in sys.argv[1:] else render_markdown())
