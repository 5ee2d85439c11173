"""Every question the reports ask of the warehouse: DuckDB SQL, one file a figure or table.

A file starts with comments: ``Answers:`` and ``Denominator:`` say what it counts and of what, and
``Needs:`` names the relations of ``parts/`` that are put before it, so that the text printed in a
report is the whole statement that was run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_NEEDS = re.compile(r"^-- Needs: (.+)\n", re.MULTILINE)
_HEAD = re.compile(r"(?:^--.*\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Query:
    """One question and the statement that answers it.

    Attributes:
        name: The file's name; also the key of its title and labels in ``reports/locale``.
        sql: The whole statement, comments included.
    """

    name: str
    sql: str

    @property
    def is_listing(self) -> bool:
        """Whether it takes ``limit`` and ``offset`` and tells its full count in ``total``."""
        return "LIMIT $limit OFFSET $offset" in self.sql


def _read(name: str) -> str:
    return files("reports.queries").joinpath(f"{name}.sql").read_text("utf-8")


@cache
def load(name: str) -> Query:
    """Return the query of a file, its needed parts put before it.

    Raises:
        FileNotFoundError: There is no such file.
    """
    text = _read(name)
    needs = _NEEDS.search(text)
    if needs is None:
        return Query(name, text.rstrip())
    parts = ",\n".join(_part(part.strip()) for part in needs[1].split(","))
    text = _NEEDS.sub("", text)
    head = _HEAD.match(text)
    comments, body = (head[0], text[head.end() :]) if head else ("", text)
    joined = f",\n{body.removeprefix('WITH ')}" if body.startswith("WITH ") else f"\n{body}"
    return Query(name, f"{comments}WITH {parts}{joined}".rstrip())


def _part(name: str) -> str:
    return f"{name} AS (\n{_read(f'parts/{name}').rstrip()}\n)"


def names() -> tuple[str, ...]:
    """Return the names of all queries, sorted."""
    listed = (entry.name for entry in files("reports.queries").iterdir())
    return tuple(sorted(name.removesuffix(".sql") for name in listed if name.endswith(".sql")))
