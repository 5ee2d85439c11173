"""Typed reading of JSON that somebody else wrote: every wrong type is an error naming its field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from audit.errors import ReportFileError
from audit.ports import Document

AGAIN = "write the report again with the scanner's own JSON output; this one was cut or changed"

_T = TypeVar("_T")
_KINDS = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "an object"),
)


_TEXTS = frozenset({str, type(None)})


class Record:
    """A JSON object and the place it was found at.

    Every reader takes a missing member and ``null`` for "not told". An empty text is not told
    either: scanners write ``""`` for what they do not know.

    Args:
        value: What stands there.
        above: The object or list that holds it; None at the top.
        key: Its name or index there; at the top, what the whole is called in an error.

    Raises:
        ReportFileError: It is no object, or a member is of another type than the format promises.
    """

    __slots__ = ("_above", "_key", "_members")

    def __init__(
        self, value: object, above: Record | _Items | None = None, key: str | int = ""
    ) -> None:
        self._above, self._key = above, key
        if not isinstance(value, dict):
            raise _wrong(value, "an object", self.path)
        self._members: Mapping[str, Any] = value

    @property
    def path(self) -> str:
        """Where it was found, for an error."""
        return str(self._key) if self._above is None else self._above.where(self._key)

    @property
    def keys(self) -> tuple[str | int, ...]:
        """The keys and indices that lead to it from the root."""
        return () if self._above is None else (*self._above.keys, self._key)

    def where(self, key: str | int) -> str:
        """Return the path of a member, for an error."""
        name = str(key)
        shown = name if name.isidentifier() and name.isascii() else ascii(name)
        path = self.path
        return f"{path}.{shown}" if path else shown

    def has(self, key: str) -> bool:
        """Whether the member is there and not null."""
        return self._members.get(key) is not None

    def text(self, key: str) -> str | None:
        """Return a text, or None when it is not told."""
        told = self._members.get(key)
        if told is None or isinstance(told, str):
            return told or None
        raise _wrong(told, "text", self.where(key))

    def several(self, keys: Sequence[str]) -> list[str | None]:
        """Return several texts at once, each as ``text`` would: for objects there are many of."""
        told = list(map(self._members.get, keys))
        if not _TEXTS.issuperset(map(type, told)):
            return [self.text(key) for key in keys]  # which names what is wrong
        return [one or None for one in told]

    def inner_text(self, key: str, name: str) -> str | None:
        """Return a text inside an object, or None when either is not told."""
        held = self._members.get(key)
        if held is None:
            return None
        told = held.get(name) if isinstance(held, dict) else held
        if held is told or not (told is None or isinstance(told, str)):
            return self.record(key).text(name)  # which names what is wrong
        return told or None

    def needed_text(self, key: str) -> str:
        """Return a text that the format promises."""
        told = self.text(key)
        if told is None:
            raise ReportFileError("is missing or empty", where=self.where(key), cure=AGAIN)
        return told

    def texts(self, key: str) -> list[str]:
        """Return a list of texts without the empty ones."""
        told: list[Any] = self._member(key, list, "a list") or []
        found = [one for one in told if isinstance(one, str) and one]
        if len(found) < len(told):
            for at, one in enumerate(told):
                if not isinstance(one, str):
                    raise _wrong(one, "text", f"{self.where(key)}[{at}]")
        return found

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
            if moment.tzinfo is UTC:
                return moment
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            message = f"{_shortened(told)} is not an ISO 8601 moment"
            raise ReportFileError(message, where=self.where(key), cure=AGAIN) from error

    def instant(self, key: str) -> datetime | None:
        """Return a moment in UTC: ISO 8601, seconds since 1970, or a recording's own object."""
        told = self._members.get(key)
        if told is None or isinstance(told, str):
            return self.moment(key)
        try:
            return _moment_of(told)
        except (ValueError, OverflowError, TypeError, OSError) as error:
            raise _wrong(told, "a moment", self.where(key)) from error

    def record(self, key: str) -> Record:
        """Return an object; one that is not told is empty."""
        told = self._members.get(key)
        return Record({} if told is None else told, self, key)

    def records(self, key: str) -> list[Record]:
        """Return a list of objects; one that is not told is empty."""
        told = self._member(key, list, "a list")
        if not told:
            return []
        items = _Items(self, key)
        return [Record(one, items, at) for at, one in enumerate(told)]

    def each(self, key: str, document: Document) -> Iterator[Record]:
        """Yield a list's objects, also where the list was left in the file."""
        elements = document.lists.get((*self.keys, key))
        if elements is None:
            yield from self.records(key)
            return
        items, at = _Items(self, key), 0
        for batch in elements():
            for one in batch:
                yield Record(one, items, at)
                at += 1

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

    def raw(self, key: str) -> Any:  # noqa: ANN401  parsed JSON
        """Return a member as it is, to be compared or looked at with care."""
        return self._members.get(key)

    def same(self, other: Record) -> bool:
        """Whether another object holds the very same."""
        return self._members == other._members

    def needed_list(self, key: str) -> None:
        """Check that a list is there, even if it is empty."""
        if not isinstance(self._members.get(key), list):
            if not self.has(key):
                raise ReportFileError("is missing", where=self.where(key), cure=AGAIN)
            raise _wrong(self._members[key], "a list", self.where(key))

    def renamed(self, members: dict[str, Any]) -> Record:
        """Return an object of other members, found at the same place."""
        return Record(members, self._above, self._key)

    def members(self) -> list[str]:
        """Return the names of the members, in the file's order."""
        return list(self._members)

    def _member(self, key: str, kind: type[_T], expected: str) -> _T | None:
        told = self._members.get(key)
        if told is None or isinstance(told, kind):
            return told
        raise _wrong(told, expected, self.where(key))


class _Items:
    """A list that objects were found in."""

    __slots__ = ("_above", "_key")

    def __init__(self, above: Record | None, key: str) -> None:
        self._above, self._key = above, key

    @property
    def keys(self) -> tuple[str | int, ...]:
        return () if self._above is None else (*self._above.keys, self._key)

    def where(self, key: str | int) -> str:
        return f"{self._above.where(self._key) if self._above else 'the document'}[{key}]"


def top_records(document: Document) -> Iterator[Record]:
    """Yield the objects of a document that is a list, also where they were left in the file."""
    elements = document.lists.get(())
    items, at = _Items(None, ""), 0
    for batch in [document.root] if elements is None else elements():
        for one in batch:
            yield Record(one, items, at)
            at += 1


def _moment_of(told: object) -> datetime:
    if isinstance(told, (int, float)) and not isinstance(told, bool):
        return datetime.fromtimestamp(told, UTC)
    if isinstance(told, dict) and told.get("__class__") == "datetime":  # botocore placebo's form
        return datetime(**{k: v for k, v in told.items() if k != "__class__"}, tzinfo=UTC)
    raise ValueError("no moment")


def _wrong(value: object, expected: str, path: str) -> ReportFileError:
    found = next((word for kind, word in _KINDS if isinstance(value, kind)), "null")
    message = f"should be {expected}, and is {found}"
    return ReportFileError(message, where=path or "the document", cure=AGAIN)


def _shortened(text: str) -> str:
    return ascii(text if len(text) <= 40 else f"{text[:40]}...")
