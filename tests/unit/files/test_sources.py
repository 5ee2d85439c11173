"""Where reports come from: archives of every kind, and object stores, which are only read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from audit.errors import ReportFileError, WarehouseError
from audit.importing import document, packed
from audit.ports import StoredObject
from tests.unit.files.documents import grype, trivy
from tests.unit.files.support import Read, Result, read_paths

ONE, TWO = orjson.dumps(trivy()), orjson.dumps(grype())


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return out.getvalue()


def tarred(**members: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            held = tarfile.TarInfo(name.replace("_", "."))
            held.size = len(content)
            archive.addfile(held, io.BytesIO(content))
    return out.getvalue()


def zstd(content: bytes) -> bytes:
    return pa.compress(content, codec="zstd", asbytes=True)


def told(results: list[Result]) -> list[tuple[str, str]]:
    """The name below the folder, and the subject or the error of each result."""
    return [(Path(one.name).name, _said(one)) for one in results]


def _said(result: Result) -> str:
    if isinstance(result.outcome, ReportFileError):
        return result.outcome.message
    return "read"


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, zstd])
def test_a_packed_report_is_the_report(pack, tmp_path):
    plain, path = tmp_path / "plain.json", tmp_path / "named.whatever"
    plain.write_bytes(ONE)
    path.write_bytes(pack(ONE))
    (result,) = read_paths(path)
    assert isinstance(result.outcome, Read)
    assert [one.name for one in read_paths(plain, path)] == [str(plain)], "the same bytes, once"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
def test_every_report_in_an_archive_is_read_and_what_is_none_is_passed_over(pack, tmp_path):
    path = tmp_path / "reports.tar.gz"
    path.write_bytes(pack(tarred(a_json=ONE, readme_txt=b"hello", b_json_gz=gzip.compress(TWO))))
    assert told(read_paths(path)) == [("a.json", "read"), ("b.json.gz", "read")]
    path = tmp_path / "reports.zip"
    path.write_bytes(zipped(in__a_json=ONE, readme_md=b"", c_json=b"{"))
    results = read_paths(path)
    assert results[0].name == f"{path}!/in/a.json"
    assert told(results) == [("a.json", "read"), ("c.json", "the file is truncated")]


def test_a_folder_stands_for_packed_reports_too(tmp_path):
    tmp_path.joinpath("a.json.gz").write_bytes(gzip.compress(ONE))
    tmp_path.joinpath("b.sarif").write_bytes(b"{}")
    tmp_path.joinpath("c.txt").write_bytes(b"{}")
    assert [one.path.name for one in read_paths(tmp_path)] == ["a.json.gz", "b.sarif"]


BROKEN = {
    "cut gzip": (gzip.compress(ONE)[:-20], "cannot be unpacked (gzip)"),
    "cut zstd": (zstd(ONE)[:-20], "cannot be unpacked (zstd)"),
    "cut zip": (zipped(a_json=ONE)[:-30], "cannot be unpacked (zip)"),
    "cut tar": (tarred(a_json=ONE)[:900], "cannot be unpacked (tar)"),
    "hollow zip": (zipped(a_txt=ONE), "holds no report"),
    "hollow tar": (tarred(a_txt=ONE), "holds no report"),
    "too deep": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(ONE)))), "too often"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_archive_is_one_error(name, tmp_path):
    content, expected = BROKEN[name]
    path = tmp_path / "broken"
    path.write_bytes(content)
    (result,) = read_paths(path)
    assert isinstance(result.outcome, ReportFileError)
    assert expected in result.outcome.message
    assert result.outcome.where == str(path)


def test_what_unpacks_to_more_than_any_report_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST_BYTES", 1000)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"\0" * 2_000_000))
    (result,) = read_paths(path)
    assert "unpacks to more than" in str(result.outcome)


NO_JSON = [b"[1, 2", b'{"a": [}', b"1", b'{"findings": [1, ]}', b'{"findings": [,1]}', b'{"a": "']


@pytest.mark.parametrize("content", NO_JSON)
def test_a_large_file_that_is_no_json_is_one_error(content, tmp_path, monkeypatch):
    monkeypatch.setattr(document, "WHOLE", 0)
    path = tmp_path / "large.json"
    path.write_bytes(content)
    (result,) = read_paths(path)
    assert isinstance(result.outcome, ReportFileError)


@pytest.mark.parametrize("content", NO_JSON)
def test_a_list_left_in_a_file_that_is_no_json_is_told(content, tmp_path):
    path = tmp_path / "large.json"
    path.write_bytes(content)
    with pytest.raises(ReportFileError, match=r"not JSON|truncated"):
        elements_of(path)


def elements_of(path: Path) -> None:
    found = document.open_document(path, [("findings",), ("a", "*", "b")], whole=0)
    for elements in found.lists.values():
        list(elements())


class Bucket:
    """An object store that can only be read."""

    def __init__(self, **held: bytes) -> None:
        self.held = {name.replace("__", "/").replace("_", "."): held[name] for name in held}
        self.asked: list[str] = []

    def __call__(self, address: str) -> Bucket:
        self.prefix = address.removeprefix("s3://bucket").strip("/")
        return self

    def objects(self, _folder: str) -> list[StoredObject]:
        start = f"{self.prefix}/" if self.prefix else ""
        names = [name for name in self.held if name.startswith(start)]
        return [StoredObject(name.removeprefix(start), "1") for name in names]

    def download(self, path: str, target: Path) -> None:
        name = f"{self.prefix}/{path}".strip("/")
        self.asked.append(name)
        if name not in self.held:
            raise FileNotFoundError(name)
        target.write_bytes(self.held[name])


def test_a_prefix_of_an_object_store_stands_for_the_reports_below_it():
    bucket = Bucket(
        in__b_json=ONE, in__a_json_gz=gzip.compress(TWO), in__c_txt=b"", out__d_json=ONE
    )
    results = read_paths("s3://bucket/in/", open_store=bucket)
    assert [one.name for one in results] == ["s3://bucket/in/a.json.gz", "s3://bucket/in/b.json"]
    assert all(isinstance(one.outcome, Read) for one in results)
    assert bucket.asked == ["in/a.json.gz", "in/b.json"]


def test_an_object_can_be_named_itself():
    bucket = Bucket(in__b_json=ONE, in__c_json=TWO)
    (result,) = read_paths("s3://bucket/in/c.json", open_store=bucket)
    assert isinstance(result.outcome, Read)
    assert bucket.asked == ["in/c.json"]


def test_what_a_store_refuses_is_one_error_and_the_others_land(tmp_path):
    def refuse(_address: str) -> Bucket:
        raise WarehouseError("s3://bucket: there is no such bucket")

    tmp_path.joinpath("a.json").write_bytes(ONE)
    refused, read = read_paths("s3://bucket/x", tmp_path, open_store=refuse)
    assert "there is no such bucket" in str(refused.outcome)
    assert refused.scope.scope_id.startswith("files/unopened-")
    assert isinstance(read.outcome, Read)
    gone, hollow = read_paths("s3://bucket/n.json", "s3://bucket/none", open_store=Bucket())
    assert "cannot be read: n.json" in str(gone.outcome)
    assert "holds no report" in str(hollow.outcome)
