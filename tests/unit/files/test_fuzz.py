"""Damaged reports: rows, or one ReportFileError, never anything else."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import ReportFileError
from audit.importing import document, outline
from audit.ports import Document, Importer
from audit.store.staging import to_arrow
from audit.tables import TABLES
from tests.unit.files.formats import FORMATS
from tests.unit.files.support import IMPORTERS, ORDER, Read, read_paths, rows, to_the_end

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


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    document = copy.deepcopy(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(draw(st.integers(1, 3))):
        held = places(document)
        if not held:
            break
        container, key = held[draw(st.integers(0, len(held) - 1))]
        if draw(st.booleans()):
            container[key] = draw(VALUES)
        else:
            del container[key]
    return document


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
    assert len(rows(report, "images")) == len({one[2] for one in placed})


def where(row: dict[str, Any]) -> tuple[str, ...]:
    return row["registry_id"], row["repository"], row["digest"]


def outcome_of(importer: Importer, document: Any) -> Read | ReportFileError:
    try:
        return to_the_end(importer.read(Document(document), replace(ORDER, region="eu-west-1")))
    except ReportFileError as error:
        return error


@given(damaged())
@settings(max_examples=400, deadline=None)
def test_a_damaged_document_gives_rows_or_an_error(document):
    parsed = orjson.loads(orjson.dumps(document))
    for importer in IMPORTERS:
        if importer.recognises(parsed):
            outcome = outcome_of(importer, parsed)
            if isinstance(outcome, Read):
                check(outcome)
            else:
                assert outcome.where
                assert outcome.cure


@given(data=st.data())
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damaged_bytes_give_rows_or_an_error(data, tmp_path, monkeypatch):
    name = data.draw(st.sampled_from(sorted(WHOLE)))
    monkeypatch.setattr(document, "WHOLE", data.draw(st.sampled_from([0, 1 << 20])))
    monkeypatch.setattr(outline, "BLOCK", 256)
    content = bytearray(orjson.dumps(WHOLE[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=3))
    path = tmp_path / "report.json"
    path.write_bytes(content)
    (result,) = read_paths(path)
    if isinstance(result.outcome, Read):
        check(result.outcome)
    else:
        assert result.outcome.where == str(path)
