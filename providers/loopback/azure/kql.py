"""A small honest subset of the Kusto query language: it answers what it understands, or refuses.

Understood: ``table | where PATH ==|=~ 'text' [and ...] | project [alias=]PATH, ... | order by
COLUMN asc``. A pipe may be repeated, in any order. Everything else raises, as the service does
for a query it cannot parse; nothing is guessed and nothing is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

Row = Mapping[str, Any]
Stage = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]

# Columns of every table of Resource Graph; any other top-level name does not resolve there.
COLUMNS = frozenset(
    {
        *("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId"),
        *("managedBy", "sku", "plan", "properties", "tags", "identity", "zones"),
    }
)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<mark>==|=~|[|=.,]))"
)


class QueryError(ValueError):
    """The query is outside the subset; the message says where."""


@dataclass(frozen=True)
class Query:
    """A parsed query.

    Attributes:
        table: Name of the table, lower case.
        columns: Columns of the answer, or None when the query projects nothing.
        stages: What is done to the rows of the table, in order.
    """

    table: str
    columns: tuple[str, ...] | None
    stages: tuple[Stage, ...]

    def run(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """Return the answer over ``rows``; the rows themselves are not changed."""
        answer = [dict(row) for row in rows]
        for stage in self.stages:
            answer = stage(answer)
        return answer


def parse(text: str) -> Query:
    """Parse one query.

    Raises:
        QueryError: The text is outside the subset, or names a column no table has.
    """
    return _Parser(text).query()


def look_up(row: Row, path: tuple[str, ...]) -> Any:  # noqa: ANN401  a JSON value
    """Return the value at a property path (case-sensitive), None when any step is missing."""
    value: Any = row
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise QueryError(f"syntax error at position {position}")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match.group(kind), match.start(kind)))
        position = match.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._left = [*_tokens(text), _Token("end", "", len(text))]
        self._columns: tuple[str, ...] | None = None

    def query(self) -> Query:
        table = self._take("name").text.lower()
        stages: list[Stage] = []
        while self._peek().kind != "end":
            self._mark("|")
            stages.append(self._stage())
        return Query(table, self._columns, tuple(stages))

    def _stage(self) -> Stage:
        operator = self._take("name")
        known = {"where": self._where, "project": self._project, "order": self._order}
        if operator.text not in known:
            self._refuse(operator)
        return known[operator.text]()

    def _where(self) -> Stage:
        tests = [self._comparison()]
        while self._peek().text == "and":
            self._take("name")
            tests.append(self._comparison())
        return lambda rows: [row for row in rows if all(test(row) for test in tests)]

    def _comparison(self) -> Callable[[Row], bool]:
        path = self._path()
        operator = self._take("mark")
        if operator.text not in {"==", "=~"}:
            self._refuse(operator)
        wanted = self._take("text").text[1:-1]
        if operator.text == "==":
            return lambda row: look_up(row, path) == wanted
        return lambda row: _fold(look_up(row, path)) == wanted.casefold()

    def _project(self) -> Stage:
        columns = dict([self._projection()])
        while self._peek().text == ",":
            self._mark(",")
            name, path = self._projection()
            if name in columns:
                raise QueryError(f"column {name!r} is projected twice")
            columns[name] = path
        self._columns = tuple(columns)
        return lambda rows: [
            {name: look_up(row, path) for name, path in columns.items()} for row in rows
        ]

    def _projection(self) -> tuple[str, tuple[str, ...]]:
        if any(token.text == "=" for token in self._left[1:2]):
            alias = self._take("name").text
            self._mark("=")
            return alias, self._path()
        path = self._path()
        # Kusto names the column of a bare path after all its steps.
        return "_".join(path), path

    def _order(self) -> Stage:
        self._word("by")
        column = self._take("name")
        self._known(column)
        self._word("asc")
        return lambda rows: sorted(rows, key=lambda row: str(row.get(column.text) or ""))

    def _path(self) -> tuple[str, ...]:
        first = self._take("name")
        self._known(first)
        steps = [first.text]
        while self._peek().text == ".":
            self._mark(".")
            steps.append(self._take("name").text)
        return tuple(steps)

    def _known(self, column: _Token) -> None:
        if column.text not in (COLUMNS if self._columns is None else self._columns):
            raise QueryError(f"failed to resolve column named {column.text!r}")

    def _peek(self) -> _Token:
        return self._left[0]

    def _take(self, kind: str) -> _Token:
        if self._peek().kind != kind:
            self._refuse(self._peek())
        return self._left.pop(0)

    def _mark(self, text: str) -> None:
        if self._peek().text != text or self._peek().kind != "mark":
            self._refuse(self._peek())
        self._left.pop(0)

    def _word(self, text: str) -> None:
        token = self._take("name")
        if token.text != text:
            self._refuse(token)

    def _refuse(self, token: _Token) -> NoReturn:
        raise QueryError(f"syntax error at position {token.position}: {token.text or 'the end'!r}")


def _fold(value: object) -> str | None:
    return value.casefold() if isinstance(value, str) else None
