"""The questions an analyst asks first: DuckDB SQL, one documented file a question.

A file starts with comments: ``Title``, ``Answers``, then a line for each ``Parameter``, ``Column``
and table read (``Tables``). Questions over time read the history, which is never pruned and small.
Those whose answer the full snapshots hold too have a second form under ``checks/``, slower and
bound to the snapshots that are left: it proves the first one right for what it ``Compares``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, cast

import duckdb

if TYPE_CHECKING:  # the command line reads questions too and starts without pandas
    import pandas as pd

Kind = Literal["text", "days", "count", "moment"]

_LINE = re.compile(r"^-- (Title|Answers|Parameter|Column|Tables|Compares|Needs): (.+)$")
_MORE = re.compile(r"^--   (.+)$")
_PARAMETER = re.compile(r"(\w+) \((text|days|count|moment)(?:, default (\w+))?\): (.+)")


@dataclass(frozen=True)
class Parameter:
    """A value that a question takes.

    Attributes:
        kind: text, days (a whole number), count (a whole number) or moment (UTC).
        default: What holds when none is given; None where one must be given, ``null`` as text
            where the question then chooses.
    """

    name: str
    kind: Kind
    default: str | None
    meaning: str


@dataclass(frozen=True)
class Check:
    """The same question asked of the snapshots.

    Attributes:
        sql: The statement.
        compares: A statement over ``answer``, the question's rows, that gives what it must equal:
            snapshots do not hold everything that the history knows.
    """

    sql: str
    compares: str


@dataclass(frozen=True)
class Question:
    """One question: what it answers, what it takes, what it gives, and the statement.

    Attributes:
        columns: Column of the answer -> what it means, in order.
        tables: Relations that are read.
    """

    name: str
    title: str
    answers: str
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, str]
    tables: tuple[str, ...]
    sql: str
    check: Check | None


NAMES = (
    *("open_now", "carriers", "changes", "open_over_time", "coverage_over_time"),
    *("time_to_fix", "oldest_fixable", "repositories_trend", "unassessed", "fix_first"),
    *("package_holders", "image_flaws", "two_opinions"),
)
"""The questions in the order in which they are usually asked."""


@cache
def load(name: str) -> Question:
    """Return a question.

    Raises:
        KeyError: There is none of that name.
    """
    if name not in NAMES:
        raise KeyError(name)
    text = _read(f"{name}.sql")
    heads = _heads(text)
    columns = dict(line.split(": ", 1) for line in heads["Column"])
    return Question(
        name=name,
        title=heads["Title"][0],
        answers=heads["Answers"][0],
        parameters=tuple(_parameter(line) for line in heads.get("Parameter", ())),
        columns=columns,
        tables=tuple(heads["Tables"][0].split(", ")),
        sql=text.rstrip(),
        check=_check(name),
    )


def comparable(check: Check, answer: pd.DataFrame) -> pd.DataFrame:
    """Return what of a question's answer its check must equal, in any order."""
    with duckdb.connect(":memory:") as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("answer", answer)
        compared: pd.DataFrame = con.sql(check.compares).to_arrow_table().to_pandas()
    return compared


def _check(name: str) -> Check | None:
    path = files("audit.questions").joinpath("checks", f"{name}.sql")
    if not path.is_file():
        return None
    text = path.read_text("utf-8")
    heads = _heads(text)
    for part in heads.get("Needs", ()):
        common = _read(f"checks/parts/{part}.sql").rstrip()
        comments, body = text[: text.index(_after(text))], _after(text)
        joined = f",\n{body.removeprefix('WITH ')}" if body.startswith("WITH ") else f"\n{body}"
        text = f"{comments}WITH\n{common}{joined}"
    return Check(text.rstrip(), heads["Compares"][0])


def _after(text: str) -> str:
    """Return a file's text without its leading comments."""
    return re.sub(r"\A(?:--.*\n)+", "", text)


def _parameter(line: str) -> Parameter:
    found = _PARAMETER.fullmatch(line)
    if found is None:
        raise ValueError(f"not a parameter: {line}")
    name, kind, default, meaning = found.groups()
    return Parameter(name, cast("Kind", kind), default, meaning)


def _heads(text: str) -> dict[str, list[str]]:
    """Return what the leading comments say, by word; a line may go on, two spaces in."""
    heads: dict[str, list[str]] = {}
    last: list[str] = []
    for line in text.splitlines():
        if named := _LINE.match(line):
            last = heads.setdefault(named[1], [])
            last.append(named[2])
        elif last and (more := _MORE.match(line)):
            last[-1] += f" {more[1]}"
        elif not line.startswith("--"):
            break
    return heads


def _read(name: str) -> str:
    return files("audit.questions").joinpath(name).read_text("utf-8")
