"""A file that was written is read back by one who knows the format from its own description."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.loopback.scanning.bolt import bolt_file

PAGE = 4096
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
values = st.binary(max_size=600)
trees = st.recursive(
    st.dictionaries(keys, values, max_size=40),
    lambda below: st.dictionaries(keys, below | values, max_size=6),
    max_leaves=8,
)


class Reader:
    """Walks a file and notes every page that it comes by."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.seen = [0, 1]
        metas = [struct.unpack_from("<IIIIQQQQQQ", data, page * PAGE + 16) for page in (0, 1)]
        assert [meta[:3] for meta in metas] == [(0xED0CDAED, 2, PAGE)] * 2
        assert [meta[8] for meta in metas] == [0, 1], "the transaction of each"
        for page, meta in enumerate(metas):
            assert meta[9] == fnv1a(data[page * PAGE + 16 : page * PAGE + 72])
        (self.root, free, self.pages) = (metas[1][4], metas[1][6], metas[1][7])
        assert self.page(free) == (0x10, 0)

    def page(self, number: int) -> tuple[int, int]:
        found, flags, count, overflow = struct.unpack_from("<QHHI", self.data, number * PAGE)
        assert found == number
        self.seen += range(number, number + overflow + 1)
        return flags, count

    def bucket(self, number: int) -> dict[str, Any]:
        flags, count = self.page(number)
        tree: dict[str, Any] = {}
        for position in range(count):
            at = number * PAGE + 16 + 16 * position
            if flags == 0x01:
                place, size, child = struct.unpack_from("<IIQ", self.data, at)
                below = self.bucket(child)
                assert min(map(str.encode, below)) == self.data[at + place : at + place + size]
                tree |= below
            else:
                assert flags == 0x02
                kind, place, size, length = struct.unpack_from("<IIII", self.data, at)
                key = self.data[at + place : at + place + size].decode()
                value = self.data[at + place + size : at + place + size + length]
                tree[key] = self.bucket(struct.unpack("<QQ", value)[0]) if kind else value
        assert list(tree) == sorted(tree, key=str.encode), "keys lie in order"
        return tree


def fnv1a(data: bytes) -> int:
    value = 14695981039346656037
    for byte in data:
        value = ((value ^ byte) * 1099511628211) & (2**64 - 1)
    return value


def read(data: bytes) -> dict[str, Any]:
    reader = Reader(data)
    tree = reader.bucket(reader.root)
    assert sorted(reader.seen) == list(range(reader.pages)), "every page belongs to one thing"
    assert len(data) == reader.pages * PAGE
    return tree


@settings(max_examples=60, deadline=None)
@given(trees)
def test_what_was_written_is_read(tree):
    assert read(bolt_file(tree)) == tree


def test_many_keys_and_large_values_are_read():
    tree = {
        "many": {f"key {n:05}": b"v" * (n % 90) for n in range(20_000)},
        "large": {"one": b"x" * 50_000, "two": b"", "three": b"y" * (PAGE - 40)},
        "long keys": {"k" * 9_000 + str(n): b"z" for n in range(5)},
        "empty": {},
    }
    assert read(bolt_file(tree)) == tree
    assert read(bolt_file({})) == {}


def test_an_empty_key_is_refused():
    with pytest.raises(ValueError, match="cannot be empty"):
        bolt_file({"bucket": {"": b"value"}})
