"""Damaged reports: rows, or one ReportFileError, never anything else."""

from __future__ import annotations

import copy
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import ReportFileError
from audit.importing import document, outline
from audit.ports import Document, Importer
from audit.store.staging import to_arrow
from audit.tables import TABLES
from tests.unit.files.formats import FORMATS
from tests.unit.files.support import IMPORTERS, ORDER, Read, read_paths, rows, to_the_end

EXAMPLES = int(os.environ.get("REGISTRY_AUDIT_FUZZ", "400"))
"""Damaged documents to try in one run; half as many damaged files."""
WHOLE = {name: one.document for name, one in FORMATS.items()}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "2026-11-22", "0001-01-01T00:00:00+23:59", "a@b", f"sha256:{'1' * 64}"])
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    keys = (
        list(node) if isinstance(node, dict) else range(len(node) if isinstance(node, list) else 0)
    )
    return [place for key in keys for place in ((node, key), *places(node[key]))]


PARTS = [held[key] for document in WHOLE.values() for held, key in places(document)]
"""Every part of every format."""


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    document = copy.deepcopy(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(draw(st.integers(1, 3))):
        held = places(document)
        if not held:
            break
        container, key = held[draw(st.integers(0, len(held) - 1))]
        hurt(draw, container, key)
    return document


def hurt(draw: st.DrawFn, container: Any, key: Any) -> None:
    """Put something else in a place, or nothing; or what is there several times, or deep down."""
    how = draw(st.sampled_from(["value", "part", "away", "again", "deep"]))
    value = container[key]
    if how == "away":
        del container[key]
    elif how == "again" and isinstance(value, list):
        container[key] = [*value, *copy.deepcopy(value)]
    elif how == "deep":
        for _ in range(draw(st.sampled_from([1, 2, 60]))):
            value = [value] if draw(st.booleans()) else {str(key): value}
        container[key] = value
    else:
        strange = st.sampled_from(PARTS).map(copy.deepcopy) if how == "part" else VALUES
        container[key] = draw(strange)


MARK = "\uf8ff the place \uf8ff"
DEEP = b"[" * 1_000 + b"]" * 1_000
"""As deep as the parser takes it, which is deeper than Python compares."""
TOKENS = [
    *(
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"-1e999",
        b"-0",
        b"1e-999",
        b"01",
        b"1.",
        b"+1",
    ),
    *(b"9" * 19, b"9" * 20, b"9" * 400, b"-" + b"9" * 30, b"9" * 5_000, b"1e308", b"253402300800"),
    *(rb'"\ud800"', rb'"\udc00\ud800"', rb'"\u0000"', b'"\x00"', b'"\xed\xa0\x80"', b'"\xff"'),
    *(b"[" * 2_000, b'{"a":' * 2_000, DEEP, b'{"a":' * 900 + b"1" + b"}" * 900),
    *(
        b"",
        b"'x'",
        b"undefined",
        b"//",
        b"[,]",
        b'{"a"}',
        b'{"a":1,"a":2}',
        b'"' + b"x" * 70_000 + b'"',
    ),
]
"""What stands in files and in no tree: no number, too big a number, half a character, too deep."""


def doubled(node: Any) -> Any:
    """Every element of every list twice: what is read once and compared afterwards is met."""
    if isinstance(node, dict):
        return {key: doubled(inner) for key, inner in node.items()}
    return [doubled(inner) for inner in node for _ in "12"] if isinstance(node, list) else node


@st.composite
def wild(draw: st.DrawFn) -> bytes:
    """A report as bytes: with a token in some place, cut off, twice, or in another encoding."""
    document = copy.deepcopy(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    held = places(document)
    container, key = held[draw(st.integers(0, len(held) - 1))]
    how = draw(st.sampled_from(["token", "token", "token", "cut", "twice", "encoded"]))
    if how == "token":
        beside = isinstance(container, dict) and draw(st.booleans())
        container["strange" if beside else key] = MARK
        document = doubled(document) if draw(st.booleans()) else document
        return orjson.dumps(document).replace(orjson.dumps(MARK), draw(st.sampled_from(TOKENS)))
    content = orjson.dumps(document, option=draw(st.sampled_from([0, orjson.OPT_INDENT_2])))
    if how == "cut":
        return content[: draw(st.integers(0, len(content) - 1))]
    if how == "twice":
        return content + draw(st.sampled_from([b"", b"\n", b","])) + content
    encoding = draw(st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp037"]))
    return content.decode().encode(encoding)


def check(report: Read) -> None:
    """The rows fit their tables, each has a key of its own, and only a look has findings."""
    for block in report.blocks:
        to_arrow(block)
    for table in ("findings", "assessments", "placements", "vex_statements"):
        key = [name for name in TABLES[table].key if name != "run_id"]
        found = rows(report, table)
        assert len(found) == len({tuple(one[name] for name in key) for one in found})
    placed = {(*where(one),) for one in rows(report, "placements")}
    assert {where(one) for one in rows(report, "findings")} <= placed
    # An image that lies in two places may be told twice.
    assert {one["digest"] for one in rows(report, "images")} == {one[2] for one in placed}


def clear(error: ReportFileError) -> None:
    """It says where, what and what to do, as one line of text."""
    assert error.where
    assert error.message
    assert error.cure
    assert str(error).encode()
    assert "Traceback" not in str(error)


def test_every_importer_is_fuzzed():
    met = {one.name for document in WHOLE.values() for one in IMPORTERS if one.recognises(document)}
    assert met == {one.name for one in IMPORTERS}


def where(row: dict[str, Any]) -> tuple[str, ...]:
    return row["registry_id"], row["repository"], row["digest"]


def outcome_of(importer: Importer, document: Any) -> Read | ReportFileError:
    try:
        return to_the_end(importer.read(Document(document), replace(ORDER, region="eu-west-1")))
    except ReportFileError as error:
        return error


@given(damaged())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_damaged_document_gives_rows_or_an_error(document):
    parsed = orjson.loads(orjson.dumps(document))
    for importer in IMPORTERS:
        if importer.recognises(parsed):
            outcome = outcome_of(importer, parsed)
            if isinstance(outcome, Read):
                check(outcome)
            else:
                clear(outcome)


ON_DISK = settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def told_of(content: bytes, path: Path) -> None:
    """Read a file of these bytes: its rows, or one error that names it."""
    path.write_bytes(content)
    (result,) = read_paths(path, region="eu-west-1")
    if isinstance(result.outcome, Read):
        check(result.outcome)
    else:
        assert result.outcome.where == str(path)
        clear(result.outcome)


@given(content=wild(), whole=st.sampled_from([0, 1 << 20]))
@ON_DISK
def test_wild_bytes_give_rows_or_an_error(content, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(document, "WHOLE", whole)
    monkeypatch.setattr(outline, "BLOCK", 256)
    told_of(content, tmp_path / "report.json")


@pytest.mark.parametrize("whole", [0, 1 << 20])
@pytest.mark.parametrize("token", TOKENS, ids=lambda one: f"{one[:12]!r}x{len(one)}")
def test_every_wild_token_is_met(token, whole, tmp_path, monkeypatch):
    """In the place of the list of findings, of one finding, and of a text of one."""
    monkeypatch.setattr(document, "WHOLE", whole)
    results = WHOLE["trivy"]["Results"]
    for wrong in (MARK, [{**results[0], "Vulnerabilities": MARK}], [_with_title(results[0])]):
        content = orjson.dumps({**WHOLE["trivy"], "Results": wrong})
        told_of(content.replace(orjson.dumps(MARK), token), tmp_path / "report.json")


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_no_place_is_too_deep_for_a_clear_error(name, tmp_path):
    """In each place of a report in which everything is said twice."""
    for at in range(len(places(WHOLE[name]))):
        document = copy.deepcopy(WHOLE[name])
        container, key = places(document)[at]
        container[key] = MARK
        content = orjson.dumps(doubled(document)).replace(orjson.dumps(MARK), DEEP)
        told_of(content, tmp_path / "report.json")


def _with_title(result: dict[str, Any]) -> dict[str, Any]:
    flaws = [{**one, "Title": MARK, "Severity": MARK} for one in result["Vulnerabilities"]]
    return {**result, "Vulnerabilities": flaws}


@given(data=st.data())
@ON_DISK
def test_damaged_bytes_give_rows_or_an_error(data, tmp_path, monkeypatch):
    name = data.draw(st.sampled_from(sorted(WHOLE)))
    monkeypatch.setattr(document, "WHOLE", data.draw(st.sampled_from([0, 1 << 20])))
    monkeypatch.setattr(outline, "BLOCK", 256)
    content = bytearray(orjson.dumps(WHOLE[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=3))
    told_of(bytes(content), tmp_path / "report.json")
