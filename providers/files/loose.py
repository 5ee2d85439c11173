"""Reading of members whose names and nesting vary: any case of the first letter, JSON in text."""

from __future__ import annotations

from typing import Any

import orjson

from audit.errors import ReportFileError
from providers.files.fields import AGAIN, Record


def member(record: Record, name: str) -> Record:
    """Return an object member, of either case, also where it is JSON in a text."""
    key = _key(record, name)
    told = unwrapped(record, key)
    return Record({} if told is None else told, record, key)


def text(record: Record, name: str) -> str | None:
    """Return a text of either case."""
    return record.text(_key(record, name))


def unwrapped(record: Record, name: str) -> Any:  # noqa: ANN401  parsed JSON
    """Return a member of either case; of a text that holds JSON, what it holds.

    Raises:
        ReportFileError: The text begins as JSON does and is none.
    """
    key = _key(record, name)
    told = record.raw(key)
    if not isinstance(told, str) or not told.lstrip().startswith(("{", "[")):
        return told or None
    try:
        return orjson.loads(told)
    except orjson.JSONDecodeError as error:
        raise ReportFileError("holds broken JSON", where=record.where(key), cure=AGAIN) from error


def _key(record: Record, name: str) -> str:
    other = name[0].swapcase() + name[1:]
    return other if record.raw(name) is None and record.raw(other) is not None else name
