"""Typed reading of JSON that somebody else wrote: every wrong type is an error naming its field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from audit.errors import ReportFileError

AGAIN = "write the report again with the scanner's own JSON output; this one was cut or changed"

_T = TypeVar("_T")
_KINDS = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "an object"),
)


class Record:
    """A JSON object and the path it was found at.

    Every reader takes a missing member and ``null`` for "not told". An empty text is not told
    either: scanners write ``""`` for what they do not know.

    Raises:
        ReportFileError: A member is of another type than the format promises.
    """

    __slots__ = ("_members", "path")

    def __init__(self, value: object, path: str) -> None:
        self._members: Mapping[str, Any] = _checked(value, dict, "an object", path)
        self.path = path

    def where(self, key: str) -> str:
        """Return the path of a member, for an error."""
        shown = key if key.isidentifier() and key.isascii() else ascii(key)
        return f"{self.path}.{shown}" if self.path else shown

    def has(self, key: str) -> bool:
        """Whether the member is there and not null."""
        return self._members.get(key) is not None

    def text(self, key: str) -> str | None:
        """Return a text, or None when it is not told."""
        return self._member(key, str, "text") or None

    def needed_text(self, key: str) -> str:
        """Return a text that the format promises."""
        told = self.text(key)
        if told is None:
            raise ReportFileError("is missing or empty", where=self.where(key), cure=AGAIN)
        return told

    def texts(self, key: str) -> list[str]:
        """Return a list of texts without the empty ones."""
        told = self._member(key, list, "a list") or []
        path = self.where(key)
        checked = [_checked(one, str, "text", f"{path}[{at}]") for at, one in enumerate(told)]
        return [one for one in checked if one]

    def number(self, key: str) -> float | None:
        """Return a number, or None when it is not told."""
        told = self._members.get(key)
        if told is None:
            return None
        if isinstance(told, bool) or not isinstance(told, (int, float)):
            raise _wrong(told, "a number", self.where(key))
        return float(told)

    def flag(self, key: str) -> bool:
        """Return true or false; what is not told is false."""
        return bool(self._member(key, bool, "true or false"))

    def moment(self, key: str) -> datetime | None:
        """Return an ISO 8601 moment in UTC; Go's zero time (year 1) is not told."""
        told = self.text(key)
        if told is None:
            return None
        try:
            moment = datetime.fromisoformat(told)
            if moment.year == 1:
                return None
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            message = f"{_shortened(told)} is not an ISO 8601 moment"
            raise ReportFileError(message, where=self.where(key), cure=AGAIN) from error

    def record(self, key: str) -> Record:
        """Return an object; one that is not told is empty."""
        told = self._members.get(key)
        return Record({} if told is None else told, self.where(key))

    def records(self, key: str) -> list[Record]:
        """Return a list of objects; one that is not told is empty."""
        told = self._member(key, list, "a list") or []
        path = self.where(key)
        return [Record(one, f"{path}[{at}]") for at, one in enumerate(told)]

    def needed_records(self, key: str) -> list[Record]:
        """Return a list of objects that the format promises, even if it is empty."""
        if not self.has(key):
            raise ReportFileError("is missing", where=self.where(key), cure=AGAIN)
        return self.records(key)

    def named(self, key: str) -> dict[str, Record]:
        """Return an object whose members are all objects, by their names."""
        held = self.record(key)
        return {name: held.record(name) for name in held.members()}

    def labels(self, key: str) -> list[str] | None:
        """Return an object of texts as sorted ``name=value``; None when there is none."""
        if not self.has(key):
            return None
        held = self.record(key)
        return sorted(f"{name}={held.text(name) or ''}" for name in held.members())

    def members(self) -> list[str]:
        """Return the names of the members, in the file's order."""
        return list(self._members)

    def _member(self, key: str, kind: type[_T], expected: str) -> _T | None:
        told = self._members.get(key)
        if told is None or isinstance(told, kind):
            return told
        raise _wrong(told, expected, self.where(key))


def _checked(value: object, kind: type[_T], expected: str, path: str) -> _T:
    if not isinstance(value, kind):
        raise _wrong(value, expected, path)
    return value


def _wrong(value: object, expected: str, path: str) -> ReportFileError:
    found = next((word for kind, word in _KINDS if isinstance(value, kind)), "null")
    message = f"should be {expected}, and is {found}"
    return ReportFileError(message, where=path or "the document", cure=AGAIN)


def _shortened(text: str) -> str:
    return ascii(text if len(text) <= 40 else f"{text[:40]}...")
