"""A Markdown page taken apart: its sections, its tables, its code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.project import ROOT

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line it starts at."""

    language: str
    text: str
    line: int


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def section(page: str, title: str) -> str:
    """Return what stands below a heading, up to the next one of the same or a higher level."""
    text = text_of(page)
    head = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert head, f"{page} has no heading {title!r}"
    after = text[head.end() :]
    end = re.search(rf"^#{{1,{len(head[1])}}} ", after, re.MULTILINE)
    return after[: end.start()] if end else after


def table(page: str, title: str) -> list[list[str]]:
    """Return the rows of the first table below a heading, backquotes taken off, header left out."""
    rows = table_lines(page, title)
    return [[cell.strip().strip("`") for cell in _CELL.split(row)[1:-1]] for row in rows]


def table_lines(page: str, title: str) -> list[str]:
    """Return the lines of the first table below a heading, header left out."""
    lines = section(page, title).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("|"))
    end = next((n for n in range(start, len(lines)) if not lines[n].startswith("|")), len(lines))
    return lines[start + 2 : end]


def column(page: str, title: str, number: int = 0) -> list[str]:
    return [row[number] for row in table(page, title)]


def blocks(page: str, language: str) -> list[Block]:
    return [block for block in all_blocks(page) if block.language == language]


def all_blocks(page: str) -> list[Block]:
    text = text_of(page)
    return [
        Block(found[1], found[2], text[: found.start()].count("\n") + 1)
        for found in _FENCE.finditer(text)
    ]


def spans(page: str) -> Iterator[str]:
    """Yield every piece of inline code; fenced blocks are left out."""
    yield from _SPAN.findall(_FENCE.sub("", text_of(page)))
