"""A bbolt file written whole: the key-value store in which Trivy keeps its database.

The format is that of go.etcd.io/bbolt, version 2: pages of 4 KiB, a tree of branch and leaf pages
a bucket, buckets within buckets, two meta pages that name the root and are sealed with FNV-1a.
Each bucket has a page of its own; bbolt itself would put a small one into its parent's page, which
a reader need not find. Same tree, same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Tree: TypeAlias = "Mapping[str, Tree | bytes]"
"""A bucket: names to values or to buckets. Keys are written in the order of their bytes."""

_PAGE = 4096
_BRANCH, _LEAF, _META, _FREELIST = 0x01, 0x02, 0x04, 0x10
_MAGIC, _VERSION, _IS_BUCKET = 0xED0CDAED, 2, 0x01
_HEAD, _ELEMENT = 16, 16
_FIRST_FREE = 3  # behind the meta pages and the list of free pages

_Cell = tuple[bytes, bytes, int]
"""A key, what a leaf keeps for it and its flags."""


def bolt_file(tree: Tree) -> bytes:
    """Return the bytes of a database that holds ``tree``.

    Raises:
        ValueError: A key is empty, which bbolt refuses.
    """
    pages = _Pages()
    root = pages.bucket(tree)
    free = _page(2, _FREELIST, 0, b"")
    metas = [_meta(number, root, pages.next) for number in (0, 1)]
    return b"".join([*metas, free, *pages.written])


class _Pages:
    """The pages behind the first three, in the order of their numbers."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.next = _FIRST_FREE

    def bucket(self, tree: Tree) -> int:
        """Write a bucket with all below it; return the number of its topmost page."""
        cells = [self._cell(*one) for one in sorted((k.encode(), v) for k, v in tree.items())]
        level = [(group[0][0] if group else b"", self._leaf(group)) for group in _groups(cells)]
        while len(level) > 1:
            most = max(2, _PAGE // (_ELEMENT + max(len(key) for key, _ in level)) - 1)
            split = [level[start : start + most] for start in range(0, len(level), most)]
            level = [(group[0][0], self._branch(group)) for group in split]
        return level[0][1]

    def _cell(self, key: bytes, value: Tree | bytes) -> _Cell:
        if not key:
            raise ValueError("a key of a bbolt file cannot be empty")
        if isinstance(value, bytes):
            return key, value, 0
        return key, struct.pack("<QQ", self.bucket(value), 0), _IS_BUCKET

    def _leaf(self, cells: Sequence[_Cell]) -> int:
        elements, data = [], []
        ahead = _ELEMENT * len(cells)
        for number, (key, value, flags) in enumerate(cells):
            place = ahead - _ELEMENT * number  # counted from the element itself
            elements.append(struct.pack("<IIII", flags, place, len(key), len(value)))
            data.append(key + value)
            ahead += len(key) + len(value)
        return self._put(_LEAF, len(cells), b"".join(elements + data))

    def _branch(self, below: Sequence[tuple[bytes, int]]) -> int:
        elements, data = [], []
        ahead = _ELEMENT * len(below)
        for number, (key, page) in enumerate(below):
            elements.append(struct.pack("<IIQ", ahead - _ELEMENT * number, len(key), page))
            data.append(key)
            ahead += len(key)
        return self._put(_BRANCH, len(below), b"".join(elements + data))

    def _put(self, kind: int, count: int, body: bytes) -> int:
        number = self.next
        page = _page(number, kind, count, body)
        self.written.append(page)
        self.next += len(page) // _PAGE
        return number


def _groups(cells: Sequence[_Cell]) -> list[list[_Cell]]:
    """Return the cells of each leaf: a page full, or one cell that is larger than a page."""
    groups: list[list[_Cell]] = [[]]
    filled = _HEAD
    for cell in cells:
        size = _ELEMENT + len(cell[0]) + len(cell[1])
        if groups[-1] and filled + size > _PAGE:
            groups.append([])
            filled = _HEAD
        groups[-1].append(cell)
        filled += size
    return groups


def _page(number: int, kind: int, count: int, body: bytes) -> bytes:
    """Return a page with as many more behind it as its body needs."""
    overflow = (_HEAD + len(body) - 1) // _PAGE
    head = struct.pack("<QHHI", number, kind, count, overflow)
    return (head + body).ljust(_PAGE * (overflow + 1), b"\0")


def _meta(number: int, root: int, pages: int) -> bytes:
    free, sequence, flags = 2, 0, 0
    body = struct.pack(
        "<IIIIQQQQQ", _MAGIC, _VERSION, _PAGE, flags, root, sequence, free, pages, number
    )
    return _page(number, _META, 0, body + struct.pack("<Q", _fnv1a(body)))


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value
