"""Where the long lists of a JSON file lie, found without parsing them. Pure but for reading.

A JSON document of many hundred megabytes is almost all one list of findings. One pass over the
file, a block at a time, keeps of each long list its place and the commas at which it may be cut;
everything else is small and parsed whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import orjson

BLOCK = 1 << 20
"""Bytes looked at, and about as many parsed, at a time."""
ANY = "*"
Keys = tuple[str | int, ...]
Patterns = Sequence[tuple[str, ...]]
Places = np.ndarray[Any, np.dtype[np.int64]]

_QUOTE, _COMMA, _COLON = b'",:'
_OPEN_LIST, _CLOSE_LIST, _OPEN_OBJECT, _CLOSE_OBJECT = b"[]{}"
_WANTED = np.zeros(256, bool)
_WANTED[list(b'",:[]{}')] = True
_STEP = np.zeros(256, np.int64)
_STEP[list(b"[{")], _STEP[list(b"]}")] = 1, -1


class StructureError(Exception):
    """The brackets do not fit: the file is no JSON, or was cut."""

    def __init__(self, *, cut: bool) -> None:
        super().__init__("cut" if cut else "broken")
        self.cut = cut


@dataclass
class LongList:
    """A list that was left in the file.

    Attributes:
        start: Place of its opening bracket.
        end: Place of its closing bracket.
        first: Place behind its first element.
        cuts: Commas between elements, about one a block, ascending.
    """

    start: int
    end: int = 0
    first: int | None = None
    cuts: list[int] = field(default_factory=list)


class Mark(NamedTuple):
    """A bracket, comma or colon outside of every text, and the depth behind it."""

    place: int
    sign: int
    depth: int


class _Blocks:
    """The marks of a file, a block at a time, and how far they were looked at."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inside, self._depth, self._offset = 0, 0, 0
        self._at = 0
        self.places: Places = np.empty(0, np.int64)
        self.signs: np.ndarray[Any, np.dtype[np.uint8]] = np.empty(0, np.uint8)
        self.depths: Places = np.empty(0, np.int64)

    def next(self) -> Mark:
        """Return the next mark."""
        while self._at == len(self.places):
            self._load()
        at, self._at = self._at, self._at + 1
        return Mark(int(self.places[at]), int(self.signs[at]), int(self.depths[at]))

    def skip(self, depth: int) -> Iterator[tuple[Places, Mark | None]]:
        """Pass over a container whose inside has ``depth``.

        Yields, a block at a time, the commas directly inside; with the last the mark that ends it.
        """
        while True:
            depths = self.depths[self._at :]
            ends = np.flatnonzero(depths < depth)
            stop = int(ends[0]) if len(ends) else len(depths)
            inside = slice(self._at, self._at + stop)
            commas = (self.signs[inside] == _COMMA) & (self.depths[inside] == depth)
            found = self.places[inside][commas]
            self._at += stop
            if len(ends):
                yield found, self.next()
                return
            yield found, None
            self._load()

    def _load(self) -> None:
        raw = self._file.read(BLOCK)
        while raw.endswith(b"\\") and (more := self._file.read(1)):
            raw += more
        if not raw:
            raise StructureError(cut=bool(self._depth or self._inside))
        # As long as before, and every quote that is left begins or ends a text.
        plain = raw.replace(b"\\\\", b"__").replace(b'\\"', b"__") if b"\\" in raw else raw
        signs = np.frombuffer(plain, np.uint8)
        places = np.flatnonzero(_WANTED[signs])
        signs = signs[places]
        quotes = signs == _QUOTE
        parity = np.cumsum(quotes) + self._inside
        outside = (parity & 1 == 0) & ~quotes
        self._inside = int(parity[-1]) & 1 if len(parity) else self._inside
        self.signs = signs[outside]
        self.places = places[outside] + self._offset
        self.depths = np.cumsum(_STEP[self.signs]) + self._depth
        self._depth = int(self.depths[-1]) if len(self.depths) else self._depth
        self._offset += len(raw)
        self._at = 0


class Outline:
    """One pass over a file: the long lists that the patterns name.

    Raises:
        StructureError: The brackets do not fit.
    """

    def __init__(self, file: BinaryIO, patterns: Patterns) -> None:
        self._file, self._patterns = file, patterns
        self._blocks = _Blocks(file)
        self.lists: dict[Keys, LongList] = {}
        mark = self._blocks.next()
        self._value(mark, (), list(patterns))

    def _value(self, mark: Mark, keys: Keys, patterns: list[tuple[str, ...]]) -> None:
        """Pass over the container that a mark opens."""
        if mark.sign not in (_OPEN_LIST, _OPEN_OBJECT):
            raise StructureError(cut=False)
        deeper = [one for one in patterns if one]
        if mark.sign == _OPEN_LIST and len(deeper) < len(patterns):
            self._long(mark, keys)
        elif not deeper:
            for _ in self._blocks.skip(mark.depth):
                pass
        elif mark.sign == _OPEN_LIST:
            self._elements(keys, deeper)
        else:
            self._members(mark, keys, deeper)

    def _long(self, mark: Mark, keys: Keys) -> None:
        found = LongList(mark.place)
        for commas, end in self._blocks.skip(mark.depth):
            if len(commas):
                found.first = found.first or int(commas[0])
                found.cuts.append(int(commas[-1]))
            if end:
                found.end = end.place
        self.lists[keys] = found

    def _elements(self, keys: Keys, patterns: list[tuple[str, ...]]) -> None:
        inner = [one[1:] for one in patterns if one[0] == ANY]
        at = 0
        while (mark := self._blocks.next()).sign != _CLOSE_LIST:
            if mark.sign == _COMMA:
                at += 1
            else:
                self._value(mark, (*keys, at), inner)

    def _members(self, mark: Mark, keys: Keys, patterns: list[tuple[str, ...]]) -> None:
        before, key = mark.place, ""
        while (mark := self._blocks.next()).sign != _CLOSE_OBJECT:
            if mark.sign == _COMMA:
                before = mark.place
            elif mark.sign == _COLON:
                key = self._key(before + 1, mark.place)
            else:
                inner = [one[1:] for one in patterns if one[0] in (key, ANY)]
                self._value(mark, (*keys, key), inner)

    def _key(self, start: int, end: int) -> str:
        try:
            return str(orjson.loads(span(self._file, start, end)))
        except orjson.JSONDecodeError as error:
            raise StructureError(cut=False) from error


def span(file: BinaryIO, start: int, end: int) -> bytes:
    """Return the bytes of a place and leave the file where it was."""
    here = file.tell()
    file.seek(start)
    content = file.read(end - start)
    file.seek(here)
    return content


def skeleton(file: BinaryIO, lists: Mapping[Keys, LongList], size: int) -> bytes:
    """Return the document with no more than the first element of each long list."""
    parts, at = [], 0
    for one in sorted(lists.values(), key=lambda one: one.start):
        if one.first is not None:
            parts.append(span(file, at, one.first))
            at = one.end
    parts.append(span(file, at, size))
    return b"".join(parts)


def pieces(file: BinaryIO, one: LongList) -> Iterator[bytes]:
    """Yield the elements of a long list as JSON lists of about a block of bytes each.

    A comma with nothing before or behind it, which is no JSON, stays in the piece.
    """
    at = one.start + 1
    for cut in (*one.cuts, one.end):
        piece = span(file, at, cut)
        yield b"[%b]" % piece if piece.strip() or not one.cuts else b"[,]"
        at = cut + 1
