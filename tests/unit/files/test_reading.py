"""From paths to rows: one error a bad file, and the others still land."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.errors import ReportFileError
from audit.model.enums import ScopeKind
from audit.model.scope import ScopeRef
from audit.plugins import importers
from providers.files.grype import GrypeJson
from providers.files.trivy import TrivyJson
from tests.support.project import ROOT
from tests.unit.files.documents import grype, trivy
from tests.unit.files.support import Read, read_paths, write

GOOD = orjson.dumps(trivy())
FILES = {
    "empty": (b" \n", "empty"),
    "cut": (GOOD[: len(GOOD) // 2], "truncated"),
    "utf16": ("\ufeff{}".encode("utf-16-le"), "UTF-16"),
    "latin": ('{"a": "\xe9"}'.encode("latin-1"), "not UTF-8"),
    "gzip": (b"\x1f\x8b\x08\x00", "cannot be unpacked (gzip)"),
    "text": (b"Total: 3 (HIGH: 1)", "not JSON"),
    "lines": (b"{}\n{}", "not JSON"),
    "deep": (b"[" * 3000, "not JSON"),
    "surrogate": (b'{"a": "\\ud800"}', "not JSON"),
    "sarif": (b'{"version": "2.1.0", "runs": []}', "holds no run"),
    "csaf": (b'{"document": {}, "product_tree": {}}', "looks like CSAF"),
    "other": (b'{"b\\n": 1, "a": 2}', "an object with 'a', 'b\\n'"),
    "list": (b"[1]", "looks like a list"),
    "filesystem": (orjson.dumps(trivy(ArtifactType="filesystem")), "ArtifactType: is 'filesystem'"),
    "schema": (orjson.dumps(trivy(SchemaVersion=3)), "SchemaVersion: is 3"),
    "typed": (orjson.dumps(grype(matches=[{}])), "matches[0].vulnerability.id: is missing"),
}


def test_every_bad_file_is_one_error_and_the_others_land(tmp_path):
    for name, (content, _) in FILES.items():
        tmp_path.joinpath(f"{name}.json").write_bytes(content)
    write(tmp_path / "a-good.json", trivy())
    write(tmp_path / "z" / "good.JSON", grype())
    tmp_path.joinpath("ignored.txt").write_bytes(b"not a report")
    results = {
        one.path.relative_to(tmp_path).as_posix(): one.outcome for one in read_paths(tmp_path)
    }
    assert list(results) == sorted(results)
    assert set(results) == {f"{name}.json" for name in FILES} | {"a-good.json", "z/good.JSON"}
    for name, (_, expected) in FILES.items():
        error = results[f"{name}.json"]
        assert isinstance(error, ReportFileError)
        assert error.where == str(tmp_path / f"{name}.json")
        assert expected in error.message
        assert error.cure
    assert isinstance(results["a-good.json"], Read)
    assert isinstance(results["z/good.JSON"], Read)


def test_the_scope_is_named_by_the_bytes(tmp_path):
    path = write(tmp_path / "one.txt", trivy())
    (result,) = read_paths(path)
    name = f"files/{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    assert result.scope == ScopeRef("files", name, ScopeKind.INVENTORY)
    assert isinstance(result.outcome, Read)
    placements = [one for one in result.outcome.blocks if one.table == "placements"]
    assert placements[0].data["scope_id"] == [name]


def test_the_same_bytes_are_read_once_and_every_bad_path_is_told(tmp_path):
    one, two = write(tmp_path / "1.json", trivy()), write(tmp_path / "2.json", trivy())
    assert [result.path for result in read_paths(two, tmp_path, one)] == [two]
    bad, worse = write(tmp_path / "3.json", 1), write(tmp_path / "4.json", 1)
    found = [result.path for result in read_paths(bad, tmp_path, worse)]
    assert found == [bad, one, worse]


def test_a_byte_order_mark_of_utf8_does_no_harm(tmp_path):
    path = tmp_path / "marked.json"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD)
    (result,) = read_paths(path)
    assert isinstance(result.outcome, Read)


def test_what_cannot_be_opened_is_an_error_of_its_own(tmp_path):
    tmp_path.joinpath("full").mkdir()
    link = tmp_path / "full" / "gone.json"
    link.symlink_to(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    missing, gone, hollow = read_paths(tmp_path / "missing.json", tmp_path / "full", empty)
    for result, path in ((missing, tmp_path / "missing.json"), (gone, link), (hollow, empty)):
        assert isinstance(result.outcome, ReportFileError)
        assert result.path == path
        assert result.outcome.where == str(path)
        assert result.scope.scope_id.startswith("files/unopened-")
    assert "No such file" in str(missing.outcome)
    assert "holds no report" in str(hollow.outcome)


def test_a_folder_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    def walk(folder: Path, onerror: Callable[[OSError], None]) -> Iterator[Any]:
        onerror(PermissionError(13, "Permission denied", str(folder)))
        return iter(())

    monkeypatch.setattr(os, "walk", walk)
    (result,) = read_paths(tmp_path)
    assert "Permission denied" in str(result.outcome)


def test_a_pipe_in_a_folder_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    (result,) = read_paths(tmp_path)
    assert "holds no report" in str(result.outcome)


def test_a_name_that_is_not_text_can_be_printed(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.json")
    path.write_bytes(b"")
    (result,) = read_paths(path)
    assert str(result.outcome).encode().startswith(str(tmp_path).encode())


def test_the_entry_points_name_these_readers():
    assert {type(one) for one in importers()} >= {TrivyJson, GrypeJson}


def test_the_page_lists_every_importer():
    named = re.findall(
        r"^\| `([a-z0-9-]+)` \|", ROOT.joinpath("docs/importing.md").read_text(), re.MULTILINE
    )
    assert sorted(named) == sorted(one.name for one in importers())


@pytest.mark.parametrize("document", [{}, [], None, 3, "x", [{}], {"matches": []}, [[]]])
def test_no_reader_takes_what_is_not_its_own(document):
    assert not TrivyJson().recognises(document)
    assert not GrypeJson().recognises(document)
