"""Odd messages, made byte by byte, are read fast as they are read whole, one after the other.

Enum numbers that nobody knows, fields unset, repeated, out of order, unknown or not UTF-8, scores
that are no number, moments outside the calendar, no vulnerability, and the same bytes again.
"""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from google.protobuf import message  # type: ignore[import-untyped]  # ships no types
from grafeas import grafeas_v1 as gr

from audit.errors import BrokenPageError
from audit.model.scope import ScopeTally
from providers.gcp import lean
from providers.gcp.names import place_of
from providers.gcp.parse_vulnerability import (
    COMMON,
    PACKAGE,
    common_of,
    package_of,
    place_in_image,
)
from providers.gcp.scopes import findings_scope
from providers.gcp.stated import StatedOnce
from providers.gcp.statements import StatementWriter
from providers.gcp.values import moment_of
from tests.unit.gcp.parts import Rows, uri

Occurrence, Vulnerability = gr.Occurrence.pb(), gr.VulnerabilityOccurrence.pb()
NUMBERS = {field.name: field.number for field in Vulnerability.DESCRIPTOR.fields}
ABOUT = {place: place for one in "abc" if (place := place_of(uri(one)))}
ENUMS = (0, 1, 2, 3, 4, 5, 6, 99, 2**31 - 1, -1)
COLUMNS = (
    *("digest", "native_id", "native_first_seen_at", *COMMON, *PACKAGE),
    *("location", "layer_digest"),
)


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def nested(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


class Odd:
    """Makes odd occurrences."""

    def __init__(self, seed: int) -> None:
        self.dice, self.met = random.Random(seed), [number(9, 0)]

    def some(self, *parts: bytes, shuffled: float = 0.3) -> bytes:
        told = [part for part in parts if self.dice.random() < 0.7]
        if self.dice.random() < shuffled:
            self.dice.shuffle(told)
        return b"".join(told)

    def text(self, field: int, *words: str) -> bytes:
        broken = self.dice.random() < 0.01
        return nested(field, b"\xff\xfe" if broken else self.dice.choice(["", *words]).encode())

    def enum(self, field: int) -> bytes:
        return number(field, self.dice.choice(ENUMS))

    def score(self, field: int) -> bytes:
        value = self.dice.choice([7.5, 9.8, 0.0, -1.0, float("nan"), float("inf")])
        return varint(field << 3 | 5) + struct.pack("<f", value)

    def version(self, field: int) -> bytes:
        name, full = self.text(2, "3.0", "é漢"), self.text(5, "3.0-1")
        epoch = number(1, self.dice.choice([0, 1, -1]))
        return nested(field, self.some(epoch, name, self.text(3, "1"), self.enum(4), full))

    def place(self) -> bytes:
        layer = nested(2, self.text(2, "sha256:1", "sha256:2"))
        return nested(10, self.some(self.text(1, "/a", "/b"), layer))

    def issue(self) -> bytes:
        told = [self.text(2, "openssl", "libssl3"), self.version(3), self.version(6)]
        told += [number(7, self.dice.randrange(3)), self.text(8, "OS"), self.enum(9)]
        places = [self.place() for _ in range(self.dice.randrange(4))]
        return nested(4, self.some(*told, *places, nested(1000, b"nobody knows this")))

    def vulnerability(self) -> bytes:
        scores = [
            nested(NUMBERS[name], self.score(1) + self.enum(3) + self.enum(4))
            for name in ("cvssv3", "cvss_v2", "cvss_v4")
        ]
        state, why, link = (
            self.enum(4),
            nested(7, self.enum(1)),
            nested(7, self.text(1, "https://a")),
        )
        told = [self.text(NUMBERS["type_"], "OS"), self.text(5, "CVE-2026-1", "A flaw in it")]
        told += [self.enum(2), self.score(3), self.enum(8), self.enum(NUMBERS["cvss_version"])]
        told += [link, nested(NUMBERS["vex_assessment"], state + why), *scores]
        issues = [self.issue() for _ in range(self.dice.randrange(4))]
        return self.some(*told, *issues) + number(9, 1)

    def occurrence(self, count: int) -> bytes:
        before = self.dice.choice(self.met)  # word for word, or all of it but what comes after
        more = self.dice.choice([b"", b"", self.enum(8), self.issue()])
        self.met.append(self.dice.choice([before + more, self.vulnerability()]))
        seconds = number(1, self.dice.choice([0, -1, 1_700_000_000, 2**62, -(2**62)]))
        nanos = number(2, self.dice.choice([0, 5, 999_999_999, -5]))
        note = self.dice.choice(["CVE-2026-1", "CVE-2026-2", ""])
        return b"".join(
            (
                nested(1, f"projects/p/occurrences/{count}".encode()),
                nested(2, uri(self.dice.choice("abcd")).encode()),
                nested(3, f"projects/goog-vulnz/notes/{note}".encode()),
                self.some(nested(6, self.some(seconds, nanos)), nested(8, self.met[-1])),
            )
        )


def whole(raw: bytes) -> Iterator[tuple[Any, ...]]:
    """Read an occurrence by Google's own message, with nothing remembered.

    Raises:
        ValueError: It cannot be read, or states no vulnerability.
    """
    try:
        told = Occurrence.FromString(raw)
    except message.DecodeError as error:
        raise ValueError("cut, or no UTF-8") from error
    place, detail = place_of(told.resource_uri), told.vulnerability
    if not told.HasField("vulnerability") or place is None:
        raise ValueError("no vulnerability")
    common, met = common_of(told.note_name, detail), Counter[tuple[Any, ...]]()
    for issue in list(detail.package_issue) or [None]:
        cells = package_of(issue, detail)
        where = place_in_image(issue.file_location if issue is not None else ())
        met[key := (*cells[:2], where[0])] += 1
        again = f"#{met[key]}" if met[key] > 1 else ""
        first_seen = moment_of(told, "create_time")
        if place in ABOUT:
            yield (place.digest, told.name + again, first_seen, *common, *cells, *where)


def comparable(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return rows as texts, in which even what is no number equals itself."""
    return sorted(
        "|".join(str(cell.timestamp() if hasattr(cell, "timestamp") else cell) for cell in row)
        for row in rows
    )


@pytest.mark.parametrize("seed", range(3))
def test_odd_messages_are_read_as_the_whole_message_is(seed):
    odd, slow, refused = Odd(seed), [], 0
    raw = [odd.occurrence(count) for count in range(150)]
    for one in raw:
        try:
            slow += list(whole(one))
        except (ValueError, BrokenPageError):
            refused += 1
    assert len(slow) > 30
    for most_bytes, size in ((10_000_000, 40), (500, 7)):
        rows, tally = Rows(), ScopeTally(findings_scope("p"))
        writer = StatementWriter(rows, "run-1", StatedOnce(most_bytes), lean)
        for start in range(0, len(raw), size):
            page = b"".join(nested(1, one) for one in raw[start : start + size])
            writer.write(lean.Page.FromString(page), ABOUT, tally)
        fast = [tuple(row[name] for name in COLUMNS) for row in rows.tables["findings"]]
        assert comparable(fast) == comparable(slow)
        assert tally.errors == refused
